"""`pytake sizing`: how many processes, Postgres cores and cells a rate needs, computed from measured costs.

batches fits what a message costs in company, costs reads the measurements, plan computes; docs/sizing.md explains.
"""

from services.cli.sizing.command import app

__all__ = ["app"]
