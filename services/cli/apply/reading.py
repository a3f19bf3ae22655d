"""Files of `pytake apply` as places: every value knows its file and path, so that a problem can name them."""

import difflib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

# A file is read whole. What YAML's aliases repeat is counted as if it were written out: a few lines can mean gigabytes.
MOST_FILE_BYTES = 64 * 1024 * 1024
MOST_WRITTEN_OUT = 128 * 1024 * 1024

_VARIABLE = re.compile(r"\$(\$?)\{([A-Za-z_][A-Za-z0-9_]*)\}")
_MERGE_TAG = "tag:yaml.org,2002:merge"


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a file, such as shop.yaml: organizations[0].numbers[1]."""

    file: str
    path: str = ""

    def key(self, name: str) -> "Where":
        return Where(self.file, f"{self.path}.{name}" if self.path else name)

    def item(self, index: int) -> "Where":
        return Where(self.file, f"{self.path}[{index}]")

    def __str__(self) -> str:
        return f"{self.file}: {self.path}" if self.path else self.file


@dataclass(frozen=True, slots=True)
class Problems:
    """What is wrong, one sentence each, collected so that all of it is told at once."""

    environment: Mapping[str, str]
    sentences: list[str] = field(default_factory=list)

    def add(self, where: Where, sentence: str) -> None:
        self.sentences.append(f"{where}: {sentence}" if not where.path else f"{where} {sentence}")


class WrittenNumber(int):
    """A number that remembers how it was written: ids keep their digits, and 0123 is not octal 83."""

    text: str


# Safe YAML that keeps the digits of numbers and refuses a key that stands twice; in C where PyYAML was built with it.
_Loader: type[yaml.SafeLoader] = type("_Loader", (yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader,), {})


def _construct_number(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> WrittenNumber:
    number = WrittenNumber(loader.construct_yaml_int(node))
    number.text = node.value
    return number


def _construct_mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[object, object]:
    own = (key for key, _ in node.value if key.tag != _MERGE_TAG)  # what << brings in may be overridden
    _refuse_repeats(loader.construct_object(key, deep=True) for key in own)
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


def _refuse_repeats(keys: Iterator[object]) -> None:
    seen: set[object] = set()
    for key in keys:
        if key in seen:
            raise ValueError(f"the key {key!r} stands twice in one object; keep one of them")
        seen.add(key)


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    _refuse_repeats(key for key, _ in pairs)
    return dict(pairs)


_Loader.add_constructor("tag:yaml.org,2002:int", _construct_number)
_Loader.add_constructor("tag:yaml.org,2002:map", _construct_mapping)


def load_text(text: str, *, is_json: bool) -> object:
    """Read YAML or JSON. Raises ValueError with one sentence and the line."""
    try:
        if is_json:
            return json.loads(text, object_pairs_hook=_pairs)
        value: object = yaml.load(text, Loader=_Loader)  # noqa: S506 (derived from the safe one)
        if _size_written_out(value, {}) > MOST_WRITTEN_OUT:
            raise ValueError("this is too large once its aliases are written out; repeat less")
        return value
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}" if mark else ""
        raise ValueError(f"this is not YAML{place}: {getattr(error, 'problem', None) or error}") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"this is not JSON in line {error.lineno}: {error.msg}") from None
    except RecursionError:
        raise ValueError("this is nested too deeply") from None


def _size_written_out(value: object, counted: dict[int, int]) -> int:
    """About how many characters it has without aliases; each object is looked into once."""
    if isinstance(value, str):
        return len(value)
    if not isinstance(value, dict | list):
        return 8
    if id(value) not in counted:
        parts = value.values() if isinstance(value, dict) else value
        counted[id(value)] = 8 + sum([_size_written_out(part, counted) for part in parts])
    return counted[id(value)]


def text_of(path: Path, most_bytes: int) -> str:
    """Read a file of text. Raises ValueError with one sentence."""
    try:
        if path.stat().st_size > most_bytes:
            raise ValueError(f"it has more than {most_bytes} bytes; split it")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ValueError(f"it cannot be read ({error.strerror}); check the name") from None
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8; save it as UTF-8") from None


def load_file(path: Path) -> object:
    """Read a YAML or JSON file. Raises ValueError with one sentence."""
    return load_text(text_of(path, MOST_FILE_BYTES), is_json=path.suffix.lower() == ".json")


@dataclass(frozen=True, slots=True)
class Fields:
    """One object of a document, read by key; what does not fit goes to the problems and reads as empty."""

    where: Where
    values: Mapping[str, object]
    problems: Problems

    @classmethod
    def of(cls, value: object, where: Where, problems: Problems, known: tuple[str, ...]) -> "Fields":
        """Take a value as an object with these keys only."""
        if not isinstance(value, dict):
            problems.add(where, "is not an object; write keys and values")
            return cls(where, {}, problems)
        for key in value:
            if key not in known:
                problems.add(where.key(str(key)), f"is not a known key; {_suggestion(str(key), known)}")
        return cls(where, value, problems)

    def has(self, key: str) -> bool:
        """Whether the key is there with a value."""
        return self.values.get(key) is not None

    def text(self, key: str, *, is_required: bool = False, most: int = 4096) -> str:
        """Read a text; numbers count as the digits they were written with, ${NAME} as the variable."""
        value = self.values.get(key)
        if value is None or (isinstance(value, str) and not value.strip()):
            if is_required:
                self.problems.add(self.where.key(key), "is missing; give it a value")
            return ""
        return self.as_text(value, self.where.key(key), most=most)

    def as_text(self, value: object, where: Where, *, most: int = 4096) -> str:
        """Read a value as text."""
        if isinstance(value, WrittenNumber):
            value = value.text
        elif isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            self.problems.add(where, f"is {_kind(value)}, not a text; put it in quotes")
            return ""
        value = self._filled(value, where)
        if "\0" in value:
            self.problems.add(where, "holds a NUL character; remove it")
        if len(value) > most:
            self.problems.add(where, f"has {len(value)} characters; at most {most} are allowed")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """Read true or false."""
        value = self.values.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.problems.add(self.where.key(key), f"is {_kind(value)}; write true or false")
            return default
        return value

    def number(self, key: str, *, most: int) -> int:
        """Read a whole number from 1 on; absent is 0."""
        value = self.values.get(key)
        if value is None:
            return 0
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
            self.problems.add(self.where.key(key), f"must be a whole number from 1 to {most}")
            return 0
        return value

    def checked(self, key: str, check: Callable[[str], str], *, is_required: bool = False) -> str:
        """Read a text in the form `check` gives; a ValueError of it is a problem, which does not repeat the text."""
        text = self.text(key, is_required=is_required)
        try:
            return check(text) if text else ""
        except ValueError as error:
            self.problems.add(self.where.key(key), str(error))
            return ""

    def items(self, key: str) -> list[tuple[object, Where]]:
        """Read a list as values with their places; absent is empty."""
        value = self.values.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.problems.add(
                self.where.key(key), f"is {_kind(value)}, not a list; write one entry per line with a dash"
            )
            return []
        return [(item, self.where.key(key).item(index)) for index, item in enumerate(value)]

    def one_of(self, first: str, second: str) -> str:
        """Say which of two keys is there; a problem unless it is exactly one."""
        if self.has(first) and self.has(second):
            self.problems.add(self.where, f"has both {first} and {second}; keep one of them")
        if not self.has(first) and not self.has(second):
            self.problems.add(self.where.key(first), f"is missing; give it a value (or {second})")
        return second if self.has(second) and not self.has(first) else first

    def _filled(self, text: str, where: Where) -> str:
        def value_of(found: re.Match[str]) -> str:
            if found[1]:
                return found[0][1:]
            if found[2] not in self.problems.environment:
                self.problems.add(where, f"needs the environment variable {found[2]}, which is not set; export it")
            return self.problems.environment.get(found[2], "")

        return _VARIABLE.sub(value_of, text)


def _suggestion(key: str, known: tuple[str, ...]) -> str:
    close = close_to(key, known)
    return f"did you mean {close}?" if close else f"the keys here are {', '.join(known)}"


def close_to(text: str, known: Iterable[str]) -> str:
    """The known word that was probably meant, or an empty text."""
    return next(iter(difflib.get_close_matches(text, list(known), n=1, cutoff=0.5)), "")


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    kinds = {dict: "an object", list: "a list", str: "a text", float: "a number"}
    return kinds.get(type(value), "a number" if isinstance(value, int) else "a date or another kind of value")
