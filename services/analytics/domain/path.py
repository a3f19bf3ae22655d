"""The way of a turn through a flow: nodes with the exits between them."""

from __future__ import annotations

from collections.abc import Sequence

# Between the parts of a path as it is kept; no node id and no handle has reason to hold it.
SEPARATOR = "\x1f"
LONGEST_PATH = 16_384
# Three of them are a key of an index, whose rows have 2,704 bytes at most.
LONGEST_PART = 200


def path_text(parts: Sequence[str]) -> str:
    """Node, handle, node, handle, … node as one text; an empty first node means that the flow began.

    A way too long to be kept (a circle of nodes, stopped by a limit) ends where it is full.
    """
    clean = [part[:LONGEST_PART].replace(SEPARATOR, "\ufffd").replace("\x00", "\ufffd") for part in parts]
    size, kept = 0, 0
    for place in range(1, len(clean) - 1, 2):
        size += len(clean[place]) + len(clean[place + 1]) + 2
        if size > LONGEST_PATH:
            break
        kept = place + 2
    return SEPARATOR.join(clean[:kept])
