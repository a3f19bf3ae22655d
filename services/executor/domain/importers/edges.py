"""Edges with canonical handles: from the source's edges and from targets named in nodes.

Order of precedence: a target in the node, the edge's handle, its label or condition, the only unnamed edge.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from services.executor.domain.importers.outlets import Outlet, is_branching, outlets, plain_handle
from services.executor.domain.importers.reading import Draft, Pointer
from services.executor.domain.importers.report import Findings
from services.executor.domain.importers.values import Object, as_id, as_object, as_text, folded

_SOURCE, _TARGET = ("source", "from", "sourceNodeId"), ("target", "to", "targetNodeId")
_HANDLE = ("sourceHandle", "source_handle", "handle")
_OWN = frozenset({"id", "label", "sourceHandle", *_SOURCE[:1], *_TARGET[:1]})


@dataclass(slots=True)
class Way:
    """An edge on its way to the result; `handle` is settled step by step, `resolved` once it is final."""

    id: str
    source: str
    target: str
    raw: Object
    handle: str | None = None
    resolved: bool = False
    extra: Object = field(default_factory=dict)

    def names(self) -> list[str]:
        return edge_names(self.raw)


def edge_ends(raw: Object) -> tuple[str | None, str | None]:
    """(source, target) node ids of a source edge; None where an end is missing."""
    return _first_id(raw, _SOURCE), _first_id(raw, _TARGET)


def edge_names(raw: Object) -> list[str]:
    """Folded names of a source edge, the most binding first: handle, label, condition, data.condition."""
    written = [raw.get(key) for key in (*_HANDLE, "label", "condition")] + [as_object(raw.get("data")).get("condition")]
    return [name for name in map(folded, written) if name]


def build_edges(
    raw_edges: Iterable[Object], drafts: Mapping[str, Draft], pointers: Iterable[Pointer], findings: Findings
) -> list[Object]:
    """The native edges; an edge without both ends is reported as dropped."""
    ways = list(_readable(raw_edges, findings))
    leaving: dict[str, list[Way]] = {node_id: [] for node_id in drafts}
    for way in ways:
        leaving.setdefault(way.source, []).append(way)
    for node_id, draft in drafts.items():
        _settle(draft, leaving[node_id])
    for pointer in pointers:
        ways.extend(_follow(pointer, leaving[pointer.source], findings))
    for node_id, draft in drafts.items():
        _settle_unnamed(node_id, draft, leaving[node_id], findings)
    _report_ambiguous(ways, findings)
    return _finished(ways, findings)


def _first_id(raw: Object, keys: tuple[str, ...]) -> str | None:
    return next((found for found in (as_id(raw.get(key)) for key in keys) if found is not None), None)


def _readable(raw_edges: Iterable[Object], findings: Findings) -> Iterable[Way]:
    for index, raw in enumerate(raw_edges):
        source, target = edge_ends(raw)
        if source is None or target is None:
            message = f"`edges[{index}]` has no source or no target and was dropped: draw it between two nodes."
            findings.add("dropped", source or "", f"edges[{index}]", message)
        else:
            yield Way(as_id(raw.get("id")) or "", source, target, raw)


def _settle(draft: Draft, ways: list[Way]) -> None:
    """Give each edge the outlet its names mean; the label of an only edge is just a caption."""
    branches = is_branching(draft.type, draft.data)
    choosing = len(ways) > 1 or branches
    open_outlets = outlets(draft.type, draft.data)
    used: set[str] = set()
    for way in ways:
        names = way.names() if choosing else [folded(_written_handle(way.raw))]
        outlet = _matching(open_outlets, names, used)
        if outlet is not None:
            way.handle, way.resolved = outlet.handle, True
            used.add(outlet.handle)
        elif not branches:
            way.handle = plain_handle(_written_handle(way.raw) or "", draft.type)
            way.resolved = way.handle is not None


def _matching(ways_out: tuple[Outlet, ...], names: list[str], used: set[str]) -> Outlet | None:
    """The outlet of the first name that means one, an unused one before a used one."""
    for name in names:
        matches = [outlet for outlet in ways_out if name in outlet.names]
        if matches:
            exact = [outlet for outlet in matches if outlet.handle.casefold() == name]
            return next((outlet for outlet in exact or matches if outlet.handle not in used), matches[0])
    return None


def _follow(pointer: Pointer, own: list[Way], findings: Findings) -> list[Way]:
    """Find the edge drawn for a target named in a node, or make a new one, which is returned."""
    if any(way.target == pointer.target and way.handle == pointer.handle for way in own):
        return []
    drawn = next((way for way in own if way.target == pointer.target and not way.resolved), None)
    rival = next((way for way in own if way.resolved and way.handle == pointer.handle), None)
    if drawn is not None:
        drawn.handle, drawn.resolved = pointer.handle, True
    elif rival is not None:
        _redirect(rival, pointer, findings)
    else:
        own.append(Way("", pointer.source, pointer.target, {}, pointer.handle, True))
        message = f"The target '{pointer.target}' in '{pointer.field}' is an edge now."
        findings.add("changed", pointer.source, pointer.field, message)
        return own[-1:]
    return []


def _redirect(way: Way, pointer: Pointer, findings: Findings) -> None:
    message = (
        f"An edge leads to '{way.target}' but '{pointer.field}' says '{pointer.target}'; "
        "the node's own target is taken."
    )
    findings.add("changed", pointer.source, pointer.field, message)
    way.extra["originalTarget"], way.target = way.target, pointer.target


def _settle_unnamed(node_id: str, draft: Draft, ways: list[Way], findings: Findings) -> None:
    """The only unnamed edge of a choice takes what is left; names that mean nothing are reported."""
    if not is_branching(draft.type, draft.data):
        return
    loose = [way for way in ways if not way.resolved]
    for way in loose:
        if way.names():
            way.handle = _written_handle(way.raw)
            name = way.names()[0]
            findings.add(
                "problem",
                node_id,
                "sourceHandle",
                f"The edge '{name}' to '{way.target}' means no way out of this node: name one of its ways.",
            )
    unnamed = [way for way in loose if not way.names()]
    left = _fallback(draft, {way.handle for way in ways})
    if len(unnamed) == 1 and left is not None and len(ways) > 1:
        unnamed[0].handle = left


def _fallback(draft: Draft, taken: set[str | None]) -> str | None:
    """Where the unnamed edge belongs: the default, or whichever of true and false is free."""
    wanted = ("default", "false", "true") if draft.type != "buttons" else ()
    known = {outlet.handle for outlet in outlets(draft.type, draft.data)}
    return next((handle for handle in wanted if handle in known and handle not in taken), None)


def _report_ambiguous(ways: list[Way], findings: Findings) -> None:
    leaving: dict[tuple[str, str | None], int] = {}
    for way in ways:
        leaving[way.source, way.handle] = leaving.get((way.source, way.handle), 0) + 1
    for (source, handle), count in leaving.items():
        if count > 1:
            name = f"handle '{handle}'" if handle else "plain way out"
            findings.add(
                "problem",
                source,
                "sourceHandle",
                f"{count} edges leave the same {name}, which is ambiguous: keep one of them.",
            )


def _finished(ways: list[Way], findings: Findings) -> list[Object]:
    taken: dict[str, int] = {}
    for way in ways:
        wanted = way.id or "-".join(["e", way.source, *([way.handle] if way.handle else []), way.target])
        if way.id in taken:
            findings.add("changed", way.source, "id", f"Two edges have the id '{way.id}'; the later one has a new id.")
        way.id = claim_id(wanted, taken)
    return [_native(way) for way in ways]


def claim_id(wanted: str, taken: dict[str, int]) -> str:
    """The wanted id, or the first free one of `wanted-2`, `wanted-3` …; it is then taken.

    `taken` maps an id to the last number tried for it, so that many equal ids cost no more than others.
    """
    number, candidate = taken.get(wanted, 1), wanted
    while candidate in taken:
        number += 1
        candidate = f"{wanted}-{number}"
    taken[wanted] = number
    taken.setdefault(candidate, 1)
    return candidate


def _native(way: Way) -> Object:
    edge: Object = {"id": way.id, "source": way.source, "target": way.target}
    if way.handle is not None:
        edge["sourceHandle"] = way.handle
    label = as_text(way.raw.get("label"))
    if label is not None:
        edge["label"] = label
    edge |= {key: value for key, value in way.raw.items() if key not in _OWN}
    written = way.raw.get("sourceHandle")
    if written is not None and written != way.handle:
        edge["originalSourceHandle"] = written
    if "label" in way.raw and not isinstance(way.raw["label"], str):
        edge["originalLabel"] = way.raw["label"]
    return edge | way.extra


def _written_handle(raw: Object) -> str | None:
    return next((text for text in (as_text(raw.get(key)) for key in _HANDLE) if text), None)
