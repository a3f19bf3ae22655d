"""The ways out of a native node, and the foreign names that mean each of them."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.executor.domain.importers.values import Object, as_id, as_list, as_object, folded

TRUE_NAMES = frozenset({"true", "yes", "sim", "verdadeiro", "s", "y"})
FALSE_NAMES = frozenset({"false", "no", "nao", "não", "falso", "n"})
_DEFAULT_NAMES = frozenset({"default", "condition-default", "else", "otherwise", "senao", "senão", "default-output"})
# What builders call the only way out of a node.
_ONWARD_NAMES = frozenset(
    {
        "default",
        "next",
        "output",
        "output-0",
        "out",
        "source",
        "right",
        "bottom",
        "top",
        "left",
        "a",
        "b",
        "main",
        "null",
    }
)
# Handles of one true handle split into several; all share its names and are given out in order.
SPLIT_PREFIX = "true-"
_FAILED = dict.fromkeys(("error", "fail", "failure", "failed"), "failed")
_EFFECT = {**_FAILED, "success": "ok"}
_HANDOFF = {
    **dict.fromkeys((*_FAILED, "unavailable", "busy", "no_agents"), "no_agent"),
    **dict.fromkeys(("success", "ok", "completed", "resolved"), "released"),
}
_RENAMED = {"http_request": _EFFECT, "ai_reply": _EFFECT, "handoff": _HANDOFF}
_RENAMED_ELSEWHERE = {**_FAILED, "timeout": "no_reply"}
_DONE = frozenset({"success", "ok", "sent"})
_BRANCHING = frozenset({"condition", "switch", "random", "buttons", "list", "window_check"})


@dataclass(frozen=True, slots=True)
class Outlet:
    """A canonical handle and the folded names a source edge may use for it."""

    handle: str
    names: frozenset[str]


def outlets(node_type: str, data: Object) -> tuple[Outlet, ...]:
    """The named ways out of a node, in the order of its data; empty for a node with one plain way."""
    return tuple(_outlets(node_type, data))


def is_branching(node_type: str, data: Object) -> bool:
    """Whether the node's ways out are all named."""
    return node_type in _BRANCHING or (node_type == "datetime" and data.get("operation") == "compare")


def plain_handle(handle: str, node_type: str) -> str | None:
    """Handle of a node with one main way out: None for that way, a native name for a known exception."""
    name = handle.strip().casefold()
    renamed = _RENAMED.get(node_type)
    if not name or name in _ONWARD_NAMES or (renamed is None and name in _DONE):
        return None
    return (_RENAMED_ELSEWHERE if renamed is None else renamed).get(name, handle)


def _outlets(node_type: str, data: Object) -> Iterator[Outlet]:
    two_ways = node_type == "window_check" or (node_type == "condition" and "routes" not in data)
    if two_ways or (node_type == "datetime" and is_branching(node_type, data)):
        yield Outlet("true", TRUE_NAMES | {"condition-0", "output-0"})
        yield Outlet("false", FALSE_NAMES | _DEFAULT_NAMES | {"output-1"})
    elif node_type == "condition":
        for outlet in _named(data["routes"], ("handle", "label"), ("condition",)):
            split = TRUE_NAMES if outlet.handle.startswith(SPLIT_PREFIX) else frozenset()
            yield Outlet(outlet.handle, outlet.names | split)
        yield Outlet("default", _DEFAULT_NAMES | FALSE_NAMES)
    elif node_type == "switch":
        cases = as_object(data.get("cases"))
        yield from (Outlet(case, frozenset({folded(case), f"case-{folded(case)}"})) for case in cases)
        yield Outlet("default", _DEFAULT_NAMES)
    elif node_type == "random":
        yield from _named(data["variants"], ("handle", "label"), ("output", "path", "variant"))
    else:
        yield from _menu_outlets(data)


def _menu_outlets(data: Object) -> Iterator[Outlet]:
    yield from _named(data.get("options"), ("value", "label"), ("option", "output"))
    yield from _named(data.get("buttons"), ("id", "title"), ("button", "btn", "option", "output"))
    rows = [row for section in as_list(data.get("sections")) for row in as_list(as_object(section).get("rows"))]
    yield from _named(rows, ("id", "title"), ("row", "option", "output"))


def _named(items: object, keys: tuple[str, ...], counters: tuple[str, ...]) -> Iterator[Outlet]:
    """Outlets of a list: its own names, `row-<id>` and `row-<index>`."""
    for index, item in enumerate(as_list(items)):
        fields = as_object(item)
        own = {folded(fields.get(key)) for key in keys} - {""}
        counted = {f"{counter}-{index}" for counter in counters}
        handle = as_id(fields.get(keys[0]))
        if handle is None:
            continue
        prefixed = {f"{counter}-{handle.casefold()}" for counter in counters}
        yield Outlet(handle, frozenset(own | counted | prefixed))
