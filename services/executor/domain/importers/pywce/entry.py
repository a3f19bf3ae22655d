"""Where a dialogue begins. pywce is told so by its engine's settings, which are not in the files."""

from collections.abc import Iterator, Sequence

from services.executor.domain.importers.canvas import Canvas
from services.executor.domain.importers.pywce.source import Stage, begins
from services.executor.domain.importers.values import Object
from services.executor.domain.patterns import PatternError, compile_search

_STARTS = frozenset({"start", "start-menu", "start_menu", "start menu", "menu", "main-menu", "main_menu", "main menu"})


def draw_entry(canvas: Canvas, stages: Sequence[Stage], ids: dict[str, str], wanted: list[tuple[str, str]]) -> None:
    """Draw the start: to the first stage, and by its triggers (stage, pattern) to the others."""
    found = [(stage, pattern) for stage, pattern in wanted if _is_readable(canvas, stage, pattern)]
    first = _first(stages, [stage for stage, _ in found])
    # A route to a stage of this name in another file must not lead to our own start.
    meant = canvas.nodes.keys() | {edge["target"] for edge in canvas.edges}
    start = canvas.claim("entry" if "start" in meant else "start", "entry")
    # Each of them starts the flow; what leads on from there decides by the same message.
    patterns = list(dict.fromkeys(pattern for _, pattern in found))
    data: Object = {"triggers": [{"kind": "keyword", "keywords": patterns, "match": "regex"}]} if patterns else {}
    canvas.nodes[start] = {"id": start, "type": "start", "data": data}
    canvas.note("changed", start, "start", f"A start was added that leads to '{first}'.")
    others = [(stage, pattern) for stage, pattern in found if stage != first]
    target = _target(canvas, ids, first)
    if not others:
        canvas.connect(start, target)
        return
    message = "A trigger led to its stage at any moment; here it does when a conversation begins."
    canvas.note("changed", start, "triggers", message)
    canvas.connect(start, _by_trigger(canvas, ids, others, target))


def _by_trigger(canvas: Canvas, ids: dict[str, str], others: list[tuple[str, str]], target: str) -> str:
    """A condition on the opening message, with a way for each trigger."""
    node_id = canvas.claim("triggers", "triggers")
    rules = [{"variable": "user_message", "operator": "matches", "value": pattern} for _, pattern in others]
    routes = [{"handle": f"condition-{index}", "rules": [rule], "match": "all"} for index, rule in enumerate(rules)]
    canvas.nodes[node_id] = {"id": node_id, "type": "condition", "data": {"routes": routes}}
    for index, (stage, _) in enumerate(others):
        canvas.connect(node_id, _target(canvas, ids, stage), f"condition-{index}")
    canvas.connect(node_id, target, "default")
    return node_id


def _target(canvas: Canvas, ids: dict[str, str], stage: str) -> str:
    """The stage's node; a stage of another file is a jump to the flow of its name."""
    if stage in ids:
        return ids[stage]
    node_id = ids[stage] = canvas.claim(stage, "stage")
    canvas.nodes[node_id] = {"id": node_id, "type": "jump", "data": {"targetFlow": stage}}
    message = f"The stage '{stage}' is not in this file: import its templates as a flow of this name."
    canvas.note("problem", node_id, "targetFlow", message)
    return node_id


def _first(stages: Sequence[Stage], triggered: list[str]) -> str:
    """The stage that is marked, triggered or called so, else the first of the file."""
    names = {stage.name for stage in stages}

    def candidates() -> Iterator[str]:
        yield from (stage.name for stage in stages if begins(stage))
        yield from (name for name in triggered if name in names)
        yield from (stage.name for stage in stages if {stage.name.casefold(), stage.caption.casefold()} & _STARTS)
        yield from (stage.name for stage in stages)
        yield from triggered

    return next(candidates(), "start")


def _is_readable(canvas: Canvas, stage: str, pattern: str) -> bool:
    try:
        compile_search(pattern)
    except PatternError as error:
        canvas.note("problem", "", f"triggers.{stage}", f"The trigger of '{stage}' was dropped: {error}")
        return False
    return True
