"""Judging an answer: one reader per question kind, then the bounds the author set."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import phonenumbers

from services.executor.domain.events import InboundMessage
from services.executor.domain.json_value import Json, number_of, objects_at, text_at, whole_number_at
from services.executor.domain.options import Option, bare_words, compile_matcher
from services.executor.domain.patterns import compile_validation

# Synonyms under which an edge may name the two ways out of a condition or a yes/no question.
TRUE_HANDLES: Final = ("true", "yes", "sim")
FALSE_HANDLES: Final = ("false", "no", "não", "nao")

_EMAIL = re.compile(r"[\w.%+\-]{1,64}@(?:[\w\-]{1,63}\.){1,8}[^\W\d_]{2,63}")
_PHONE = re.compile(r"\+?[0-9\-()\s./]{10,32}")
_NO_DIGIT = re.compile(r"[^0-9]")
_DAY_FIRST = re.compile(r"([0-9]{1,2})[/.\-]([0-9]{1,2})[/.\-]([0-9]{4})")
_YEAR_FIRST = re.compile(r"([0-9]{4})[/.\-]([0-9]{1,2})[/.\-]([0-9]{1,2})")
_YES: Final = frozenset({"sim", "s", "yes", "y", "1", "si"})
_NO: Final = frozenset({"nao", "n", "no", "2"})


@dataclass(frozen=True, slots=True)
class Accepted:
    """A good answer: the value to store, the handles it opens (best first), and the option chosen, if any."""

    value: Json
    handles: tuple[str, ...] = ()
    selected: str | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A wrong answer; `code` names the reason and the default error text."""

    code: str


Verdict = Accepted | Rejected
Judge = Callable[[InboundMessage], Verdict]


def question_options(data: Mapping[str, Json]) -> tuple[Option, ...]:
    """The options of a question; a missing value or label takes the other's place."""
    return tuple(
        Option(text_at(item, "value") or text_at(item, "label"), text_at(item, "label") or text_at(item, "value"))
        for item in objects_at(data, "options")
    )


def compile_judge(kind: str, options: tuple[Option, ...], validation: Mapping[str, Json]) -> Judge:
    """Compile the judge of a question kind with its bounds; raises PatternError for a bad regex."""
    read, check = _READERS[kind](options), _compile_bounds(kind, validation)
    optional = validation.get("required") is False

    def judge(message: InboundMessage) -> Verdict:
        if optional and not message.spoken():
            return Accepted("", ("skip",))
        verdict = read(message)
        if isinstance(verdict, Rejected):
            return verdict
        code = check(str(verdict.value))
        return verdict if code is None else Rejected(code)

    return judge


def _text(message: InboundMessage) -> Verdict:
    said = message.spoken()
    return Accepted(said) if said else Rejected("text")


def _number(message: InboundMessage) -> Verdict:
    said = message.spoken()
    return Accepted(said) if number_of(said) is not None else Rejected("number")


def _email(message: InboundMessage) -> Verdict:
    said = message.spoken()
    local = said.partition("@")[0]
    is_good = _EMAIL.fullmatch(said) and ".." not in said and not local.startswith(".") and not local.endswith(".")
    return Accepted(said) if is_good else Rejected("email")


def _phone(message: InboundMessage) -> Verdict:
    said = message.spoken()
    return Accepted(said) if _is_phone(said) else Rejected("phone")


def _is_phone(said: str) -> bool:
    digits = _NO_DIGIT.sub("", said)
    if not _PHONE.fullmatch(said) or not 10 <= len(digits) <= 15:
        return False
    candidates = [said] if said.startswith("+") else [said, f"+{digits}"]
    return any(_is_possible(candidate) for candidate in candidates)


def _is_possible(number: str) -> bool:
    try:
        return bool(phonenumbers.is_possible_number(phonenumbers.parse(number, "BR")))
    except phonenumbers.NumberParseException:
        return False


def _date(message: InboundMessage) -> Verdict:
    said = message.spoken()
    if match := _DAY_FIRST.fullmatch(said):
        day, month, year = (int(part) for part in match.groups())
    elif match := _YEAR_FIRST.fullmatch(said):
        year, month, day = (int(part) for part in match.groups())
    else:
        return Rejected("date")
    try:
        return Accepted(date(year, month, day).isoformat())
    except ValueError:
        return Rejected("date")


def compile_choice(options: tuple[Option, ...]) -> Judge:
    """Compile the judge of a choice: the option's value is stored, its value and title are handles."""
    match = compile_matcher(options)

    def judge(message: InboundMessage) -> Verdict:
        option = match(message)
        if option is None:
            return Rejected("choice")
        return Accepted(option.value, (option.value, option.title), option.value)

    return judge


def _yes_no(options: tuple[Option, ...]) -> Judge:
    yes, no = _yes_and_no(options)
    accepted_yes = Accepted(yes.value, (yes.value, yes.title, *TRUE_HANDLES))
    accepted_no = Accepted(no.value, (no.value, no.title, *FALSE_HANDLES))
    match = compile_matcher(options)

    def judge(message: InboundMessage) -> Verdict:
        option = match(message)
        words = {bare_words(message.reply_id or ""), bare_words(message.spoken())} if option is None else set()
        if option == yes or words & _YES:
            return accepted_yes
        return accepted_no if option == no or words & _NO else Rejected("yes_no")

    return judge


def _yes_and_no(options: tuple[Option, ...]) -> tuple[Option, Option]:
    """Tell the two options apart: the first means yes unless its words say no."""
    first, second = options
    says_no = {bare_words(first.value), bare_words(first.title)} & (_NO - {"2"})
    return (second, first) if says_no else (first, second)


_READERS: Final[dict[str, Callable[[tuple[Option, ...]], Judge]]] = {
    "text": lambda options: _text,
    "number": lambda options: _number,
    "email": lambda options: _email,
    "phone": lambda options: _phone,
    "date": lambda options: _date,
    "choice": compile_choice,
    "yes_no": _yes_no,
}
QUESTION_KINDS: Final = frozenset(_READERS)

Bounds = Callable[[str], str | None]


def _compile_bounds(kind: str, validation: Mapping[str, Json]) -> Bounds:
    """Compile min_length, max_length, regex, and min and max to: answer → rejection code or None."""
    shortest, longest = whole_number_at(validation, "min_length"), whole_number_at(validation, "max_length")
    regex = text_at(validation, "regex")
    matches = compile_validation(regex) if regex else None
    in_range = _range(kind, validation)

    def check(answer: str) -> str | None:
        if shortest is not None and len(answer) < shortest:
            return "too_short"
        if longest is not None and len(answer) > longest:
            return "too_long"
        if matches is not None and not matches(answer):
            return "again"
        return in_range(answer)

    return check


def _range(kind: str, validation: Mapping[str, Json]) -> Bounds:
    if kind == "number":
        return _number_range(validation)
    if kind == "date":
        return _date_range(validation)
    return lambda answer: None


def _number_range(validation: Mapping[str, Json]) -> Bounds:
    lowest, highest = number_of(validation.get("min")), number_of(validation.get("max"))

    def check(answer: str) -> str | None:
        number = number_of(answer)
        if lowest is not None and number is not None and number < lowest:
            return "too_low"
        return "too_high" if highest is not None and number is not None and number > highest else None

    return check


def _date_range(validation: Mapping[str, Json]) -> Bounds:
    # ISO dates of four-digit years sort as text.
    earliest, latest = text_at(validation, "min"), text_at(validation, "max")

    def check(answer: str) -> str | None:
        if earliest and answer < earliest:
            return "too_low"
        return "too_high" if latest and answer > latest else None

    return check
