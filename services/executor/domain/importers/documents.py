"""Flow files as JSON values: JSON, or YAML read as data and nothing more.

YAML is read by its events: no tag makes an object, no alias makes a document larger than its limit, and words such as
`yes` and times such as 12:30 stay the texts their author meant (the core schema of YAML 1.2).
"""

import json
import re
from dataclasses import dataclass, field
from typing import Final

import yaml

from services.executor.domain.importers.report import UnreadableFlow

MAX_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 100
MAX_VALUES: Final = 200_000

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_FLAGS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_WHOLE = re.compile(r"[-+]?[0-9]{1,300}")
_POWER = r"[eE][-+]?[0-9]{1,2}"
_DECIMAL = re.compile(rf"[-+]?(\.[0-9]{{1,300}}|[0-9]{{1,300}}\.[0-9]{{0,300}})({_POWER})?|[-+]?[0-9]{{1,200}}{_POWER}")
_TEXT_TAGS = frozenset({"!", "tag:yaml.org,2002:str"})
_PLAIN_TAGS = frozenset({None, "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq", *_TEXT_TAGS})


def read_document(data: bytes) -> object:
    """Read JSON, else YAML, as a JSON value. Raises UnreadableFlow with one sentence and, where known, the line."""
    if len(data) > MAX_BYTES:
        raise UnreadableFlow(f"The document has {len(data)} bytes; use at most {MAX_BYTES}.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableFlow("The document is not UTF-8: save it as UTF-8.") from None
    try:
        value: object = json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise UnreadableFlow("The document is nested too deeply: flatten it.") from None
    except ValueError as error:
        is_json = text.lstrip()[:1] in {"{", "["}
        return _yaml(text, told=f"The document is not JSON ({error}): export the flow again." if is_json else "")
    return value


def _refuse_constant(constant: str) -> object:
    raise ValueError(f"{constant} is no number of JSON")


def _yaml(text: str, *, told: str) -> object:
    """Read YAML; `told` is what to say instead when the text was meant as JSON."""
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    reading = _Reading()
    try:
        for event in yaml.parse(text, Loader=loader):
            reading.take(event)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise UnreadableFlow(told or f"The document is neither JSON nor YAML{place}: {problem}.") from None
    return reading.result()


@dataclass(slots=True)
class _Open:
    """A list or object that is being read; `size` counts the values in it, those of aliases written out."""

    value: list[object] | dict[str, object]
    anchor: str | None
    size: int = 1
    key: str | None = None


@dataclass(slots=True)
class _Reading:
    """YAML's events on their way to one JSON value."""

    open: list[_Open] = field(default_factory=list)
    anchors: dict[str, tuple[object, int]] = field(default_factory=dict)
    documents: list[object] = field(default_factory=list)

    def take(self, event: yaml.Event) -> None:
        """Take the next event. Raises UnreadableFlow for what is no plain data."""
        if isinstance(event, yaml.ScalarEvent):
            value = _scalar(event)
            self._finished(event.anchor, value, 1)
        elif isinstance(event, yaml.AliasEvent):
            found = self.anchors.get(str(event.anchor))
            if found is None:
                raise UnreadableFlow(f"The alias '*{event.anchor}' names nothing that is written before it.")
            self._put(*found)
        elif isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
            self._begin([] if isinstance(event, yaml.SequenceStartEvent) else {}, event)
        elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            done = self.open.pop()
            self._finished(done.anchor, done.value, done.size)

    def result(self) -> object:
        if len(self.documents) != 1:
            raise UnreadableFlow(f"The file holds {len(self.documents)} documents: give one flow a file.")
        return self.documents[0]

    def _begin(self, value: list[object] | dict[str, object], event: yaml.CollectionStartEvent) -> None:
        _refuse_tag(event.tag)
        if len(self.open) >= MAX_DEPTH:
            raise UnreadableFlow("The document is nested too deeply: flatten it.")
        self.open.append(_Open(value, event.anchor))

    def _finished(self, anchor: str | None, value: object, size: int) -> None:
        if anchor is not None:
            self.anchors[anchor] = value, size
        self._put(value, size)

    def _put(self, value: object, size: int) -> None:
        """Put a finished value where it belongs: the document, a list, a key or the value of one."""
        if not self.open:
            self.documents.append(value)
            return
        holder = self.open[-1]
        holder.size += size
        # Only what aliases repeat makes a value grow faster than the text.
        if holder.size > MAX_VALUES:
            raise UnreadableFlow(f"The document holds more than {MAX_VALUES} values once its aliases are written out.")
        if isinstance(holder.value, list):
            holder.value.append(value)
        elif holder.key is None:
            holder.key = _key(value, holder.value)
        else:
            holder.value[holder.key], holder.key = value, None


def _scalar(event: yaml.ScalarEvent) -> object:
    _refuse_tag(event.tag)
    text = str(event.value)
    if event.tag in _TEXT_TAGS or event.style not in (None, ""):
        return text
    if text in _NULL:
        return None
    if text in _FLAGS:
        return _FLAGS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text


def _key(value: object, holder: dict[str, object]) -> str:
    """A key as its author wrote it: numbers are names too, as those of a list's rows."""
    if value is None or isinstance(value, list | dict):
        raise UnreadableFlow("An object has a key that is no text: write keys as text.")
    key = value if isinstance(value, str) else json.dumps(value)
    if key in holder:
        raise UnreadableFlow(f"The key '{key[:80]}' stands twice in one object: keep one of them.")
    return key


def _refuse_tag(tag: str | None) -> None:
    if tag not in _PLAIN_TAGS:
        raise UnreadableFlow(f"The tag '{tag}' is not read: write plain values.")
