"""Judging an answer: one reader per question kind, then the bounds the author set."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

import phonenumbers

from services.executor.domain.answers.bounds import compile_bounds
from services.executor.domain.answers.things import OBJECT_KINDS, compile_file, judge_location
from services.executor.domain.answers.verdict import Accepted, Judge, Rejected, Verdict
from services.executor.domain.events import InboundMessage
from services.executor.domain.json_value import Json, number_of, objects_at, text_at
from services.executor.domain.options import Option, bare_words, compile_matcher

# Synonyms under which an edge may name the two ways out of a condition or a yes/no question.
TRUE_HANDLES: Final = ("true", "yes", "sim")
FALSE_HANDLES: Final = ("false", "no", "não", "nao")

_EMAIL = re.compile(r"[\w.%+\-]{1,64}@(?:[\w\-]{1,63}\.){1,8}[^\W\d_]{2,63}")
_PHONE = re.compile(r"\+?[0-9\-()\s./]{10,32}")
_NO_DIGIT = re.compile(r"[^0-9]")
_DAY_FIRST = re.compile(r"([0-9]{1,2})[/.\-]([0-9]{1,2})[/.\-]([0-9]{4})")
_YEAR_FIRST = re.compile(r"([0-9]{4})[/.\-]([0-9]{1,2})[/.\-]([0-9]{1,2})")
_TIME = re.compile(r"(?P<hour>[0-9]{1,2})(?:\s?(?P<sign>[:h.])\s?(?P<minute>[0-9]{2})?)?\s?(?:(?P<half>[ap])\.?m\.?)?")
_URL = re.compile(
    r"(?:https?://)?(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}[^\W\d_]{2,63}(?::(?P<port>[0-9]{1,5}))?(?:[/?#]\S*)?",
    re.IGNORECASE,
)
_LONGEST_URL: Final = 2048
_YES: Final = frozenset({"sim", "s", "yes", "y", "1", "si"})
_NO: Final = frozenset({"nao", "n", "no", "2"})


def question_options(data: Mapping[str, Json]) -> tuple[Option, ...]:
    """The options of a question; a missing value or label takes the other's place."""
    return tuple(
        Option(text_at(item, "value") or text_at(item, "label"), text_at(item, "label") or text_at(item, "value"))
        for item in objects_at(data, "options")
    )


def compile_judge(kind: str, options: tuple[Option, ...], validation: Mapping[str, Json]) -> Judge:
    """Compile the judge of a question kind with its bounds; raises PatternError for a bad regex."""
    read, check = _READERS[kind](options, validation), compile_bounds(kind, validation)
    optional, brings_more = validation.get("required") is False, kind in OBJECT_KINDS

    def judge(message: InboundMessage) -> Verdict:
        if optional and not message.spoken() and not (brings_more and message.details):
            return Accepted("", ("skip",))
        verdict = read(message)
        if isinstance(verdict, Rejected) or brings_more:
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


def _time(message: InboundMessage) -> Verdict:
    match = _TIME.fullmatch(message.spoken().casefold())
    if match is None or not (match["sign"] or match["half"]) or (match["sign"] == ":" and not match["minute"]):
        return Rejected("time")
    hour, minute, half = int(match["hour"]), int(match["minute"] or 0), match["half"]
    if half:
        if not 1 <= hour <= 12:
            return Rejected("time")
        hour = hour % 12 + (12 if half == "p" else 0)
    return Accepted(f"{hour:02}:{minute:02}") if hour < 24 and minute < 60 else Rejected("time")


def _rating(message: InboundMessage) -> Verdict:
    said = message.spoken()
    return Accepted(said) if said.isascii() and said.isdigit() and len(said) < 10 else Rejected("rating")


def _url(message: InboundMessage) -> Verdict:
    said = message.spoken()
    return Accepted(said) if _is_url(said) else Rejected("url")


def _is_url(said: str) -> bool:
    match = _URL.fullmatch(said) if len(said) <= _LONGEST_URL else None
    return match is not None and (match["port"] is None or int(match["port"]) < 65_536)


Reader = Callable[[tuple[Option, ...], Mapping[str, Json]], Judge]


def _plain(judge: Judge) -> Reader:
    """A kind that needs neither options nor bounds to be read."""
    return lambda options, validation: judge


_READERS: Final[dict[str, Reader]] = {
    "text": _plain(_text),
    "number": _plain(_number),
    "email": _plain(_email),
    "phone": _plain(_phone),
    "date": _plain(_date),
    "time": _plain(_time),
    "rating": _plain(_rating),
    "url": _plain(_url),
    "choice": lambda options, validation: compile_choice(options),
    "yes_no": lambda options, validation: _yes_no(options),
    "location": _plain(judge_location),
    "file": lambda options, validation: compile_file(validation),
}
QUESTION_KINDS: Final = frozenset(_READERS)
