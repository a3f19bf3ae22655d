"""Comparing what must be so with what is: each check gives one sentence, or None when it holds."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from services.executor.domain.flowtest.plain import Spoken
from services.executor.domain.flowtest.steps import SaidWanted, Wanted
from services.executor.domain.flowtest.world import World
from services.executor.domain.json_value import Json
from services.executor.domain.patterns import compile_search

_MISSING = object()


def complaint(world: World, wanted: Wanted, unread: list[Spoken]) -> str | None:
    """What does not hold, as a sentence; messages that were looked at are taken out of `unread`."""
    if wanted.bot is not None:
        told = _bot(wanted.bot, unread, is_all=wanted.is_all)
        if told is not None:
            return told
    return next(_others(world, wanted), None)


def _bot(wanted: Sequence[SaidWanted], unread: list[Spoken], *, is_all: bool) -> str | None:
    for number, one in enumerate(wanted, start=1):
        if not unread:
            before = f" after {number - 1} messages" if number > 1 else ""
            return f"expected the bot to say {_asked(one)}, but it said nothing more{before}"
        spoken = unread.pop(0)
        difference = _message(one, spoken)
        if difference is not None:
            return difference
    if is_all and unread:
        more = "more" if wanted else ""
        return f"expected the bot to say nothing {more}".rstrip() + f", but it said {_list(unread)}"
    return None


def _message(wanted: SaidWanted, spoken: Spoken) -> str | None:
    if not _words_fit(wanted, spoken.words):
        return f"expected the bot to say {_asked(wanted)}, but it said {spoken} (node {spoken.node_id})"
    if wanted.options is not None and not _options_fit(wanted.options, spoken.options):
        return f"expected the options {_shown(wanted.options)} but they are {_shown(spoken.options)}"
    parts = {**spoken.fields, "kind": spoken.kind}
    return _part_difference("the message", wanted.parts, parts)


def _words_fit(wanted: SaidWanted, words: str) -> bool:
    if wanted.how == "is":
        return words == wanted.words
    if wanted.how == "contains":
        return wanted.words.casefold() in words.casefold()
    return wanted.how is None or compile_search(wanted.words).matches(words)


def _options_fit(wanted: tuple[str, ...] | Mapping[str, str], options: Mapping[str, str]) -> bool:
    if isinstance(wanted, Mapping):
        return list(wanted.items()) == list(options.items())
    pairs = list(options.items())
    return len(wanted) == len(pairs) and all(one in pair for one, pair in zip(wanted, pairs, strict=True))


def _others(world: World, wanted: Wanted) -> Iterator[str]:
    yield from _place(world, wanted)
    for name, value in wanted.variables.items():
        is_now = _at(world.variables, name)
        if not _same(value, is_now):
            yield f"expected the variable {name} to be {_shown(value)}, but it is {_shown(is_now)}"
    happened = world.happened
    if wanted.handed_over is not None:
        yield from _ordered("handed over", wanted.handed_over, [_fields(one) for one in happened.handed_over])
    if wanted.contact is not None:
        yield from _ordered("changed the contact", wanted.contact, [_fields(one) for one in happened.contact])
    if wanted.logged is not None:
        names = [record.text for record in happened.records_of("flow_event")]
        if wanted.logged not in names:
            yield f"expected the event {wanted.logged} in the log, but there is {_shown(names)}"


def _place(world: World, wanted: Wanted) -> Iterator[str]:
    active = world.active
    node_id = (active.session.current_node_id if active is not None else None) or ""
    if wanted.node is not None and wanted.node != node_id:
        yield f"expected to stand at node {wanted.node or '(none)'}, but it is {node_id or '(none)'}"
    flow = active.session.flow_id if active is not None else ""
    if wanted.flow is not None and wanted.flow != flow:
        yield f"expected to stand in flow {wanted.flow}, but it is {flow or '(none)'}"
    if wanted.is_waiting is not None and wanted.is_waiting != (active is not None and active.session.awaiting_input):
        yield f"expected {'to wait' if wanted.is_waiting else 'not to wait'} for an answer; node {node_id or '(none)'}"
    if wanted.is_ended is not None and wanted.is_ended != (active is None):
        where = f"it stands at node {node_id}" if active is not None else "it has"
        yield f"expected the flow {'to have ended' if wanted.is_ended else 'not to have ended'}, but {where}"
    reasons = [record.text for record in world.happened.records_of("flow_ended")]
    if wanted.ended and wanted.ended not in reasons:
        yield f"expected the flow to end by {wanted.ended}, but it ended by {_shown(reasons)}"


def _ordered(what: str, wanted: Mapping[str, Json], found: Sequence[Mapping[str, Json]]) -> Iterator[str]:
    if not found:
        yield f"expected that the flow {what}, but it did not"
        return
    difference = _part_difference(f"what it {what}", wanted, found[-1])
    if difference is not None:
        yield difference


def part_of(what: str, wanted: Mapping[str, Json], found: Mapping[str, Json]) -> str | None:
    """Say which named field is not as wanted; fields that are not named may be anything."""
    return _part_difference(what, wanted, found)


def _part_difference(what: str, wanted: Mapping[str, Json], found: Mapping[str, Json]) -> str | None:
    for name, value in wanted.items():
        is_now = found.get(name, _MISSING)
        if is_now is _MISSING:
            return f"expected {name} of {what} to be {_shown(value)}, but it has only {', '.join(found)}"
        if isinstance(value, dict) and isinstance(is_now, dict):
            inner = _part_difference(f"{name} of {what}", value, is_now)
            if inner is not None:
                return inner
        elif not _same(value, is_now):
            return f"expected {name} of {what} to be {_shown(value)}, but it is {_shown(is_now)}"
    return None


def _at(values: Mapping[str, object], path: str) -> object:
    """A variable by name, or a part of it by a dotted path."""
    if path in values:
        return values[path]
    found: object = values
    for segment in path.split("."):
        if isinstance(found, Mapping):
            found = found.get(segment)
        elif isinstance(found, list) and segment.isdigit() and int(segment) < len(found):
            found = found[int(segment)]
        else:
            return None
    return found


def _same(wanted: object, found: object) -> bool:
    """Equal as JSON: true is not 1, and a list is a tuple."""
    if isinstance(wanted, bool) or isinstance(found, bool):
        return wanted is found
    return _shown(wanted) == _shown(found) or wanted == found


def _fields(command: object) -> dict[str, Json]:
    fields: dict[str, Json] = json.loads(json.dumps(asdict(command)))  # type: ignore[call-overload]
    return fields


def _asked(wanted: SaidWanted) -> str:
    if wanted.how is None:
        return f"something with {_shown(wanted.options if wanted.options is not None else dict(wanted.parts))}"
    words = json.dumps(wanted.words, ensure_ascii=False)
    return {"is": words, "contains": f"something with {words}", "matches": f"something like /{wanted.words}/"}[
        wanted.how
    ]


def _list(spoken: Sequence[Spoken]) -> str:
    return "; then ".join(map(str, spoken))


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
