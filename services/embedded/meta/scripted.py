"""Answers that were laid down beforehand: what Meta's documentation lists and this simulator has no reason for."""

from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import orjson

from .plans import InputError


class ScriptedFault(Enum):
    """What happens in place of an answer."""

    NONE = ""
    READ_TIMEOUT = "read_timeout"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class ScriptedAnswer:
    """The answer to one send, in place of the simulator's own; nothing is accepted.

    READ_TIMEOUT gives none for as long as the fault plan hangs, RESET breaks the connection off.
    """

    http: int
    body: bytes
    headers: Mapping[str, str]
    fault: ScriptedFault = ScriptedFault.NONE


class Script:
    """What the next sends of each number are answered."""

    def __init__(self) -> None:
        self._waiting: defaultdict[str, deque[ScriptedAnswer]] = defaultdict(deque)

    def put(self, phone_number_id: str, answers: list[ScriptedAnswer]) -> None:
        """Replace what was laid down for a number."""
        self._waiting[phone_number_id] = deque(answers)

    def next_of(self, phone_number_id: str) -> ScriptedAnswer | None:
        """The answer to a send, if one was laid down."""
        waiting = self._waiting.get(phone_number_id)
        return waiting.popleft() if waiting else None


def read_answers(document: object) -> list[ScriptedAnswer]:
    """Read {"answers": [{"http", "body" or "text", "headers", "fault", "times"}]}. Raises InputError."""
    answers = document.get("answers") if isinstance(document, Mapping) else None
    if not isinstance(answers, list) or not all(isinstance(each, Mapping) for each in answers):
        raise InputError("answers is a list of objects")
    return [answer for each in answers for answer in _read(each)]


def _read(values: Mapping[str, object]) -> list[ScriptedAnswer]:
    if unknown := set(values) - {"http", "body", "text", "headers", "fault", "times"}:
        raise InputError(f"unknown settings: {', '.join(sorted(unknown))}")
    http, text, times = values.get("http", 200), values.get("text", ""), values.get("times", 1)
    headers = values.get("headers", {})
    if type(http) is not int or type(times) is not int or not isinstance(text, str) or not isinstance(headers, Mapping):
        raise InputError("http and times are whole numbers, text is a text, headers an object")
    try:
        fault = ScriptedFault(values.get("fault", ""))
    except ValueError:
        raise InputError(f"fault is one of {', '.join(each.value for each in ScriptedFault if each.value)}") from None
    body = orjson.dumps(values["body"]) if values.get("body") is not None else text.encode()
    named = {str(name): str(value) for name, value in headers.items()}
    return [ScriptedAnswer(http, body, named, fault)] * times
