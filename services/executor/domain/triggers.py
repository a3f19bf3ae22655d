"""What starts a flow by itself, as its start node says. Router compares messages with it (docs/decisions/0030).

What cannot be read starts nothing and is reported; the document keeps it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from services.executor.domain.document import FlowDocument, Node
from services.executor.domain.finding import Finding, error, warning
from services.executor.domain.json_value import Json, text_at, text_of
from services.executor.domain.patterns import PatternError, compile_search

TriggerKind = Literal["keyword", "template_button", "referral", "any"]
TriggerMatch = Literal["exact", "starts_with", "contains", "regex"]

KINDS: Final[Mapping[str, TriggerKind]] = {
    "keyword": "keyword",
    "template_button": "template_button",
    "referral": "referral",
    "any": "any",
}
MATCHES: Final[Mapping[str, TriggerMatch]] = {
    "": "exact",
    "exact": "exact",
    "starts_with": "starts_with",
    "starts": "starts_with",
    "contains": "contains",
    "regex": "regex",
}
# Every message of an organization's contacts may be compared with all of it.
MOST_TRIGGERS: Final = 50
MOST_WORDS: Final = 500
MOST_PATTERNS: Final = 50
LONGEST_WORD: Final = 200

_MEND_KIND: Final = f"Write one of {', '.join(KINDS)}."
_MEND_MATCH: Final = "Write exact, starts_with, contains or regex."
_MEND_REGEX: Final = "Correct the pattern; RE2 has no look-around."


@dataclass(frozen=True, slots=True)
class Trigger:
    """One way to start a flow; a list that is empty asks for nothing. `keywords` are patterns when `match` is regex."""

    kind: TriggerKind
    match: TriggerMatch = "exact"
    keywords: tuple[str, ...] = ()
    payloads: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    source_ids: tuple[str, ...] = ()
    source_types: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """Whatever messages are compared with."""
        return (*self.keywords, *self.payloads, *self.texts, *self.source_ids, *self.source_types, *self.numbers)


def triggers_of(document: FlowDocument) -> tuple[Trigger, ...]:
    """What starts a flow that may be published; of others as much of it as can be used."""
    found: list[Trigger] = []
    words = patterns = 0
    for node in document.nodes:
        for item in _written(node) if node.type == "start" else ():
            trigger = _usable(item)
            if trigger is None:
                continue
            words += len(trigger.words)
            patterns += len(trigger.keywords) if trigger.match == "regex" else 0
            if len(found) == MOST_TRIGGERS or words > MOST_WORDS or patterns > MOST_PATTERNS:
                return tuple(found)
            found.append(trigger)
    return tuple(found)


def check_triggers(node: Node) -> Iterator[Finding]:
    """Report what cannot start the flow, and what is too much."""
    written = node.data.get("triggers")
    if written is not None and not isinstance(written, list):
        message = f'The "triggers" of node {node.id} are no list: they are kept, and start nothing.'
        yield warning("unknown_trigger", node.id, message, 'Write a list of objects, each with a "kind".')
        return
    excess = tuple(_too_much(node))
    if excess:
        yield from excess
        return
    seen: set[tuple[str, str, str]] = set()
    for place, item in enumerate(_written(node)):
        yield from _check(node, f"triggers[{place}]", item)
        for word in _repeated(_read(item), seen):
            message = f'The trigger "{word}" of node {node.id} is there a second time.'
            yield warning("duplicate_trigger", node.id, message, "Take one of them out.")


def _written(node: Node) -> list[Json]:
    written = node.data.get("triggers")
    return written if isinstance(written, list) else []


def _read(item: Json) -> Trigger | None:
    """The trigger as it is written; None when it is none."""
    if not isinstance(item, dict):
        return None
    kind, match = KINDS.get(_kind(item)), MATCHES.get(_match(item))
    if kind is None:
        return None
    numbers = _texts(item, "numbers")
    match kind:
        case "keyword":
            return None if match is None else Trigger(kind, match, _texts(item, "keywords"), numbers=numbers)
        case "template_button":
            payloads, texts = _texts(item, "payloads"), _texts(item, "texts")
            return Trigger(kind, payloads=payloads, texts=texts, numbers=numbers)
        case "referral":
            ids, types = _texts(item, "sourceIds"), _texts(item, "sourceTypes")
            return Trigger(kind, source_ids=ids, source_types=types, numbers=numbers)
        case "any":
            return Trigger(kind, numbers=numbers)


def _usable(item: Json) -> Trigger | None:
    """The trigger, if nothing is wrong with it."""
    trigger = _read(item)
    return None if trigger is None or any(_problems(trigger)) else trigger


def _kind(item: Mapping[str, Json]) -> str:
    return text_at(item, "kind") or text_at(item, "type")


def _match(item: Mapping[str, Json]) -> str:
    return text_at(item, "match").strip().casefold()


def _texts(item: Mapping[str, Json], key: str) -> tuple[str, ...]:
    """A list of texts, or one; numbers count as their digits."""
    value = item.get(key)
    values = value if isinstance(value, list) else [] if value is None else [value]
    return tuple("" if isinstance(each, list | dict) else text_of(each) for each in values)


def _check(node: Node, place: str, item: Json) -> Iterator[Finding]:
    trigger = _read(item)
    if trigger is not None:
        for code, what, mend in _problems(trigger):
            yield error(code, node.id, f"{place} of node {node.id}: {what}", mend)
    elif isinstance(item, dict) and _kind(item) in KINDS:
        message = f'{place} of node {node.id} compares by "{_match(item)}", which is unknown.'
        yield error("unknown_match", node.id, message, _MEND_MATCH)
    else:
        message = f"{place} of node {node.id} is of no known kind: it is kept, and starts nothing."
        yield warning("unknown_trigger", node.id, message, _MEND_KIND)


def _problems(trigger: Trigger) -> Iterator[tuple[str, str, str]]:
    """Code, sentence and mend of whatever keeps a trigger from being used."""
    if trigger.kind == "keyword" and not trigger.keywords:
        yield "empty_trigger", "it has no keywords.", 'List them in "keywords", or take the trigger out.'
    if not all(word.strip() for word in trigger.words):
        yield "empty_trigger", "one of its texts is empty.", "Fill it, or take it out."
    if not all(number.isascii() and number.isdigit() for number in filter(None, trigger.numbers)):
        yield "bad_number", '"numbers" holds something else than digits.', "Write phone_number_ids of Meta."
    patterns = trigger.keywords if trigger.match == "regex" else ()
    for word in trigger.words[len(patterns) :]:
        if len(word) > LONGEST_WORD:
            what = f"a text has {len(word)} characters; {LONGEST_WORD} are allowed."
            yield "trigger_too_long", what, f"Shorten it to {LONGEST_WORD} characters."
    for pattern in patterns:
        try:
            compile_search(pattern)
        except PatternError as reason:
            yield "bad_regex", str(reason), _MEND_REGEX


def _too_much(node: Node) -> Iterator[Finding]:
    written = _written(node)
    read = [trigger for item in written[: MOST_TRIGGERS + 1] if (trigger := _read(item)) is not None]
    words = sum([len(trigger.words) for trigger in read])
    patterns = sum([len(trigger.keywords) for trigger in read if trigger.match == "regex"])
    for count, most, what in (
        (len(written), MOST_TRIGGERS, "triggers"),
        (words, MOST_WORDS, "texts in triggers"),
        (patterns, MOST_PATTERNS, "regular expressions in triggers"),
    ):
        if count > most:
            message = f"Node {node.id} has {count} {what}; {most} are allowed."
            yield error("too_many_triggers", node.id, message, "Take some out, or split the flow into several.")


def _repeated(trigger: Trigger | None, seen: set[tuple[str, str, str]]) -> Iterator[str]:
    """Keywords that a trigger for the same number has already; `seen` grows by them."""
    if trigger is None or trigger.kind != "keyword":
        return
    for keyword in trigger.keywords:
        folded = keyword if trigger.match == "regex" else keyword.strip().casefold()
        for number in trigger.numbers or ("",):
            key = (trigger.match, folded, number)
            if key in seen:
                yield keyword
            seen.add(key)
