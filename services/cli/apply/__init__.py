"""`pytake apply`: a document that says what should be, and what it takes to get there.

reading reads files, document makes values of them, plan compares with what is, steps and house do the rest.
"""

from services.cli.apply.command import app

__all__ = ["app"]
