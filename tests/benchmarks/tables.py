"""How figures are written."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from tests.benchmarks.arithmetic import Spread

Name = TypeVar("Name")


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; the first row is its head."""
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def written(value: Spread, form: str) -> str:
    """Return the median with lowest and highest in brackets."""
    return f"{form} ({form}–{form})".format(value.median, value.lowest, value.highest)


def in_first_order(names: Iterable[Name]) -> list[Name]:
    """Return each name once, in the order in which they first come."""
    return list(dict.fromkeys(names))
