"""Which edge leads on from a node: by handle, then by label, then the only plain edge."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from services.executor.domain.document import Edge

# Ways out that are taken only by an edge that names them, never by a plain one.
NAMED_ONLY: Final = frozenset(
    {"invalid", "no_reply", "failed", "skip", "window_closed", "timeout", "cancelled", "no_agent"}
)
# An edge for one cause of failure, such as failed:131026, is named as well.
FAILED_WITH: Final = "failed:"
# What builders write on the one outgoing point of an ordinary node: it names no way in particular.
_PLAIN_HANDLES: Final = frozenset(
    {"", "a", "source", "out", "output", "next", "answered", "bottom", "right", "left", "top", "output-0"}
)
MAIN_HANDLES: Final = frozenset({"next", "answered"})


@dataclass(frozen=True, slots=True)
class Exits:
    """The edges of one node, sorted for choosing. Keys are trimmed and without case."""

    by_handle: dict[str, str]
    by_label: dict[str, str]
    plain: str | None
    sole: str | None

    def named(self, handle: str) -> str | None:
        """The target of an edge that names this handle, in its handle or label."""
        key = _key(handle)
        return self.by_handle.get(key) or self.by_label.get(key)

    @property
    def catches_failures(self) -> bool:
        """Whether an edge says where to go when something failed."""
        return any(key == "failed" or key.startswith(FAILED_WITH) for key in (*self.by_handle, *self.by_label))

    def failing(self, code: int) -> str | None:
        """The target of the edge for this cause of failure, or else for any."""
        return self.named(f"{FAILED_WITH}{code}") or self.named("failed")

    def leading(self, handles: tuple[str, ...]) -> str | None:
        """The target for the first handle an edge names, else of the plain edge; None ends the flow.

        A main handle (next, answered) also takes the node's only edge whatever is written on it.
        """
        for handle in handles:
            target = self.named(handle)
            if target is not None:
                return target
        if self.plain is not None:
            return self.plain
        return self.sole if any(handle in MAIN_HANDLES for handle in handles) else None

    def taken(self, handles: tuple[str, ...]) -> str:
        """The first handle an edge names, else `next`: what the way is called by which `leading` goes."""
        for handle in handles:
            if self.named(handle) is not None:
                return handle
        return "next"


def build_exits(edges: Iterable[Edge], claimed: frozenset[str]) -> Exits:
    """Sort a node's edges; `claimed` are the handles of its type, which a main exit must not borrow."""
    by_handle: dict[str, str] = {}
    by_label: dict[str, str] = {}
    plain: list[str] = []
    free: list[str] = []
    reserved = {_key(handle) for handle in claimed - MAIN_HANDLES} | NAMED_ONLY
    for edge in edges:
        handle, label = _key(edge.source_handle), _key(edge.label)
        if handle:
            by_handle.setdefault(handle, edge.target)
        if label:
            by_label.setdefault(label, edge.target)
        if is_plain(edge) and handle not in reserved:
            plain.append(edge.target)
        if not any(key in reserved or key.startswith(FAILED_WITH) for key in (handle, label)):
            free.append(edge.target)
    sole = free[0] if len(free) == 1 else None
    return Exits(by_handle, by_label, plain[0] if plain else None, sole)


def is_plain(edge: Edge) -> bool:
    """Whether an edge names no particular way: no label, and no handle or a builder's generic one."""
    return not edge.label and _key(edge.source_handle) in _PLAIN_HANDLES


def _key(text: str) -> str:
    return text.strip().casefold()
