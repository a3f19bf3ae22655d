"""Tests of a router as rules of a condition."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from services.executor.domain.importers.values import Object, as_number

# A flow may hold 50 patterns, and each of them costs memory; what comes after is compared as a whole.
MAX_PATTERNS: Final = 40
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_BEFORE, _AFTER = r"(?:^|[^\pL\pN_])", r"(?:$|[^\pL\pN_])"
# Texts compare as texts where a side is no number, and letters come after digits: this keeps them out.
_MOST = 1_000_000_000_000
_NUMBER = r"(?:^|[^\pL\pN_])[-+]?[0-9]"
_PHONE = r"^\+?[0-9\-()\s./]{8,}$"
_EMAIL = r"[^\s@]+@[^\s@]+\.[^\s@]+"
_TIME = r"(?:^|[^0-9])[0-2]?[0-9](?::[0-5][0-9]|\s?[aApP][mM])"
_DATE = r"(?:^|[^0-9])[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}"


@dataclass(slots=True)
class Patterns:
    """How many regular expressions the flow holds so far."""

    count: int = 0

    def take(self, wanted: int = 1) -> bool:
        """Whether there is room for so many more; they are then counted."""
        if self.count + wanted > MAX_PATTERNS:
            return False
        self.count += wanted
        return True


@dataclass(frozen=True, slots=True)
class Test:
    """A test as rules; `remark` says how it differs from the source's, `trouble` why it cannot be said at all."""

    rules: tuple[Object, ...] = ()
    match: str = "all"
    remark: str = ""
    trouble: str = ""


Arguments = list[str]
Reader = Callable[[str, Arguments, Patterns], Test]


def read_test(kind: str, operand: str, arguments: Arguments, patterns: Patterns) -> Test:
    """A test on a variable; arguments are texts that may hold placeholders."""
    reader = _READERS.get(kind)
    if reader is None:
        return Test(trouble=f"the test '{kind}' has no counterpart")
    return reader(operand, arguments, patterns)


def _rule(operand: str, operator: str, value: object = None) -> Object:
    return {"variable": operand, "operator": operator} | ({} if value is None else {"value": value})


def _words(arguments: Arguments) -> list[str]:
    return list(dict.fromkeys(word for argument in arguments for word in _WORD.findall(argument)))


def _any_word(operand: str, arguments: Arguments, patterns: Patterns) -> Test:
    words = _words(arguments)
    if any("{{" in argument for argument in arguments):
        return Test((_rule(operand, "contains", arguments[0]),), remark="the words are looked for as one text")
    if not words:
        return _whole_text(operand, arguments)
    if patterns.take():
        alternatives = "|".join(map(re.escape, words))
        return Test((_rule(operand, "matches", f"(?i){_BEFORE}(?:{alternatives}){_AFTER}"),))
    return Test((_rule(operand, "in", words),), remark="the answer must be one of the words and nothing else")


def _whole_text(operand: str, arguments: Arguments) -> Test:
    """Signs that are no words, an emoji for one, are looked for as they are."""
    signs = " ".join(arguments).strip()
    return Test((_rule(operand, "contains", signs),)) if signs else Test(trouble="the test has no words")


def _all_words(operand: str, arguments: Arguments, patterns: Patterns) -> Test:
    words = _words(arguments)
    if not words:
        return _whole_text(operand, arguments)
    if "{{" not in "".join(arguments) and patterns.take(len(words)):
        found = [_rule(operand, "matches", f"(?i){_BEFORE}{re.escape(word)}{_AFTER}") for word in words]
        return Test(tuple(found))
    return Test(
        tuple(_rule(operand, "contains", word) for word in words), remark="the words may be parts of longer ones"
    )


def _phrase(operand: str, arguments: Arguments, patterns: Patterns) -> Test:
    text = " ".join(arguments).strip()
    words = _words(arguments)
    if not text:
        return Test(trouble="the test has no phrase")
    if "{{" not in text and words and patterns.take():
        inner = r"[^\pL\pN]+".join(map(re.escape, words))
        return Test((_rule(operand, "matches", f"(?i){_BEFORE}{inner}{_AFTER}"),))
    return Test((_rule(operand, "contains", text),), remark="the phrase may end inside a word")


def _equal(operand: str, arguments: Arguments, patterns: Patterns) -> Test:
    return Test((_rule(operand, "==", " ".join(arguments).strip()),))


def _one_of(operand: str, arguments: Arguments, patterns: Patterns) -> Test:
    return Test((_rule(operand, "in", [*arguments]),))


def _beginning(operand: str, arguments: Arguments, patterns: Patterns) -> Test:
    return Test((_rule(operand, "starts_with", " ".join(arguments).strip()),))


def _filled(operand: str, arguments: Arguments, patterns: Patterns) -> Test:
    return Test((_rule(operand, "is_not_empty"),))


def _pattern(operand: str, arguments: Arguments, patterns: Patterns) -> Test:
    text = " ".join(arguments).strip()
    if not text or "{{" in text:
        return Test(trouble="the pattern is empty or worked out in the conversation")
    patterns.take()
    return Test((_rule(operand, "matches", f"(?mi){text}"),))


def _fixed(pattern: str, instead: str) -> Reader:
    """A reader of a test that asks for a form; without room for a pattern it says `instead`."""

    def read(operand: str, arguments: Arguments, patterns: Patterns) -> Test:
        if patterns.take():
            return Test((_rule(operand, "matches", pattern),))
        return Test((_rule(operand, "is_not_empty"),), remark=instead)

    return read


def _compared(operator: str) -> Reader:
    def read(operand: str, arguments: Arguments, patterns: Patterns) -> Test:
        value = _number(arguments, 0)
        if value is None:
            return Test(trouble="the test has no number")
        guard = _rule(operand, "<=", _MOST) if operator.startswith(">") else _rule(operand, ">=", -_MOST)
        rules = (_rule(operand, operator, value),)
        return Test(rules if operator == "==" else (*rules, guard))

    return read


def _between(operand: str, arguments: Arguments, patterns: Patterns) -> Test:
    low, high = _number(arguments, 0), _number(arguments, 1)
    if low is None or high is None:
        return Test(trouble="the test needs two numbers")
    return Test((_rule(operand, ">=", low), _rule(operand, "<=", high)))


def _number(arguments: Arguments, place: int) -> object:
    """A number, or a placeholder that may be one."""
    text = arguments[place].strip() if place < len(arguments) else ""
    number = as_number(text)
    return text if number is None and "{{" in text else number


def _group(operand: str, arguments: Arguments, patterns: Patterns) -> Test:
    """(uuid, name): groups are tags here, which are known by their names."""
    name = arguments[1] if len(arguments) > 1 and arguments[1].strip() else next(iter(arguments), "")
    if not name.strip():
        return Test(trouble="the test names no group")
    return Test((_rule(operand, "contains", name),), remark=f"the group is the tag '{name}'")


_READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "has_any_word": _any_word,
        "has_all_words": _all_words,
        "has_multiple": _all_words,
        "has_phrase": _phrase,
        "has_only_phrase": _equal,
        "has_only_text": _equal,
        "is_text_eq": _equal,
        "has_beginning": _beginning,
        "has_text": _filled,
        "has_value": _filled,
        "has_category": _one_of,
        "has_pattern": _pattern,
        "has_number": _fixed(_NUMBER, "any answer counts as a number"),
        "has_number_between": _between,
        "has_number_lt": _compared("<"),
        "has_number_lte": _compared("<="),
        "has_number_eq": _compared("=="),
        "has_number_gte": _compared(">="),
        "has_number_gt": _compared(">"),
        "has_date": _fixed(_DATE, "any answer counts as a date"),
        "has_time": _fixed(_TIME, "any answer counts as a time"),
        "has_phone": _fixed(_PHONE, "any answer counts as a number"),
        "has_email": _fixed(_EMAIL, "any answer counts as an address"),
        "has_group": _group,
    }
)
