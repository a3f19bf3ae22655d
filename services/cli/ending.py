"""How a command ends: one sentence for people, one number for scripts."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from services.embedded.errors import HouseError

FAILED = 1
WRONG_INPUT = 2
NOT_RUNNING = 3
"""The exit code service managers use for a program that is not running (LSB)."""


class Failed(Exception):
    """The command could not do its work; the sentence says why and how to mend it."""


class WrongInput(Exception):
    """What was given cannot be used; every line names a place in it and the mend."""


@contextmanager
def told() -> Iterator[None]:
    """Turn what may go wrong into sentences on standard error and an exit code."""
    try:
        yield
    except WrongInput as error:
        raise _end(error, WRONG_INPUT) from None
    except HouseError as error:
        raise _end(error, NOT_RUNNING) from None
    except Failed as error:
        raise _end(error, FAILED) from None


def _end(error: Exception, code: int) -> typer.Exit:
    for line in str(error).splitlines():
        typer.echo(f"pytake: {line}", err=True)
    return typer.Exit(code)
