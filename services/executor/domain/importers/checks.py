"""What a finished flow shows as a whole: starts, unknown targets, unreachable nodes, open ends."""

from collections.abc import Mapping

from services.executor.domain.importers.reading import Draft
from services.executor.domain.importers.report import Findings
from services.executor.domain.importers.values import Object, as_list, as_object

_FINAL = frozenset({"end", "handoff", "jump", "return", "note"})
_ORDERED = frozenset({">", "<", ">=", "<="})


def check_graph(drafts: Mapping[str, Draft], edges: list[Object], findings: Findings) -> None:
    starts = [node_id for node_id, draft in drafts.items() if draft.type == "start"]
    if not starts:
        findings.add("problem", "", "nodes", "The flow has no start node: add one and draw an edge to the first step.")
    for extra in starts[1:]:
        findings.add("problem", extra, "type", "The flow has more than one start node: keep one of them.")
    _check_targets(drafts, edges, findings)
    if starts:
        _check_reach(starts, drafts, edges, findings)
    _check_ends(drafts, edges, findings)
    _check_numbers(drafts, findings)


def _check_targets(drafts: Mapping[str, Draft], edges: list[Object], findings: Findings) -> None:
    for edge in edges:
        for end in ("source", "target"):
            if edge[end] not in drafts:
                node_id = str(edge["source"]) if end == "target" else ""
                message = (
                    f"Edge '{edge['id']}' names the unknown node '{edge[end]}' as its {end}: "
                    "draw it to a node that exists."
                )
                findings.add("problem", node_id, end, message)


def _check_reach(starts: list[str], drafts: Mapping[str, Draft], edges: list[Object], findings: Findings) -> None:
    onward: dict[object, list[str]] = {}
    for edge in edges:
        onward.setdefault(edge["source"], []).append(str(edge["target"]))
    reached, waiting = set(starts), list(starts)
    while waiting:
        for target in onward.get(waiting.pop(), []):
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    for node_id, draft in drafts.items():
        if node_id not in reached and draft.type != "note":
            findings.add(
                "problem",
                node_id,
                "edges",
                "No way leads to this node from the start: draw an edge to it or delete it.",
            )


def _check_ends(drafts: Mapping[str, Draft], edges: list[Object], findings: Findings) -> None:
    leaving = {edge["source"] for edge in edges}
    for node_id, draft in drafts.items():
        if node_id not in leaving and draft.type not in _FINAL:
            findings.add(
                "kept",
                node_id,
                "edges",
                "No edge leads on, so the flow ends here: draw one if it should go on.",
            )


def _check_numbers(drafts: Mapping[str, Draft], findings: Findings) -> None:
    asked = {str(draft.data.get("variableName", "")) for draft in drafts.values() if draft.data.get("kind") == "text"}
    for node_id, draft in drafts.items():
        holders = [draft.data, *map(as_object, as_list(draft.data.get("routes")))]
        rules = [as_object(rule) for holder in holders for rule in as_list(holder.get("rules"))]
        compared = {
            str(rule["variable"]): None for rule in rules if rule["operator"] in _ORDERED and rule["variable"] in asked
        }
        for name in compared:
            findings.add(
                "kept",
                node_id,
                "rules",
                f"'{name}' is compared as a number although it is asked as text: set the question's kind to number.",
            )
