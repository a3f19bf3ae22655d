"""What an answer of the Graph API means: decided on the error code, never on the HTTP status alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TypeAlias

from services.sender.domain import codes
from services.sender.domain.codes import PAUSES, Action, Rule, Scope

_LONGEST_TEXT = 500
# E.164.
_MOST_DIGITS = 15
_READ_RECEIPT_TRIES = 2
# How soon a file that Meta could not fetch is offered once more, and one that was given to it anew.
_FETCH_AGAIN_SECONDS = 5.0
_GIVEN_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Accepted:
    """Meta took the message under this id; `wa_id` is its own number of the recipient, if it told one."""

    wamid: str
    wa_id: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing more is to be done, and there is no id to keep; code and text say why Meta did not do it, if so."""

    code: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """Meta will never take this message; code 0 when it named none. `action` says what else is to be done."""

    code: int
    text: str
    action: Action = Action.FAIL_PERMANENT


@dataclass(frozen=True, slots=True)
class Throttled:
    """Not taken now; `seconds` when Meta or the code says how long to wait."""

    scope: Scope
    code: int
    text: str
    seconds: float | None = None
    action: Action = Action.RETRY_BACKOFF


@dataclass(frozen=True, slots=True)
class Paused:
    """Not taken, and nothing with the same credentials, number, account or template will be until somebody mends it.

    `seconds` is how long it should be left alone at first, if the code says so.
    """

    scope: Scope
    code: int
    text: str
    seconds: float | None = None
    action: Action = Action.PAUSE_CREDENTIALS


@dataclass(frozen=True, slots=True)
class NotSent:
    """The request never left this process: certain, so it may simply be sent again."""

    text: str


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Perhaps taken, perhaps not: only a status or time can tell."""

    code: int
    text: str

    @property
    def action(self) -> Action:
        """With a code of Meta's it is server trouble; without one nobody said anything."""
        return Action.RETRY_BACKOFF if self.code else Action.HOLD_UNCERTAIN


Answer: TypeAlias = Accepted | Done | Refused | Throttled | Paused | NotSent | Ambiguous


def classify(http: int, body: bytes, retry_after: float | None = None) -> Answer:
    """Read an answer of `POST /{phone_number_id}/messages`; `retry_after` in seconds, if the answer named any."""
    document = _document(body)
    error = document.get("error") if isinstance(document, dict) else None
    code = _whole(error.get("code")) if isinstance(error, dict) else None
    if code is not None:
        assert isinstance(error, dict)
        return _of_code(http, code, error, retry_after)
    if 200 <= http < 300 and error is None:
        if wamid := _wamid(document):
            return Accepted(wamid, _wa_id(document))
        is_done = isinstance(document, dict) and document.get("success") is True
        return Done() if is_done else Ambiguous(0, f"HTTP {http} without a message id")
    text = _text(error) or f"HTTP {http} without a Graph error"
    if http == 429:
        return Throttled(Scope.APP, 0, text, retry_after)
    if 400 <= http < 500 and http != 408:
        return Refused(0, text)
    return Ambiguous(0, text)


def of_message(answer: Answer, *, has_link: bool = False, has_new_files: bool = False) -> Answer:
    """What an answer means for a message: without an id nobody knows whether it went out.

    `has_link`: Meta has to fetch a file for it, which is worth a second try. `has_new_files`: its files will be given
    to Meta anew, and so is that.
    """
    match answer:
        case Done():
            return Ambiguous(answer.code, "success without a message id")
        case Refused(codes.MEDIA_NOT_FETCHED) if has_link:
            return Throttled(Scope.MESSAGE, answer.code, answer.text, _FETCH_AGAIN_SECONDS, answer.action)
        case Refused(code) if has_new_files and code in codes.FILE_DOUBTS:
            return Throttled(Scope.MESSAGE, answer.code, answer.text, _GIVEN_AGAIN_SECONDS, answer.action)
        case _:
            return answer


def doubts_files(answer: Answer) -> bool:
    """Whether the answer may mean that Meta has not, or has no longer, a file that was given to it."""
    return isinstance(answer, Refused) and answer.code in codes.FILE_DOUBTS


def of_read_receipt(answer: Answer, *, number: int) -> Answer:
    """What the answer to call `number` means for a read receipt.

    Repeating one does no harm, so a doubt is no reason to wait for a status (there is none): it is sent once more. Nor
    is one worth holding up the messages behind it: what Meta does not take is over and done with.
    """
    match answer:
        case Refused() as refused:
            return Done(refused.code, refused.text)
        case Ambiguous() as doubt:
            return NotSent(doubt.text) if number < _READ_RECEIPT_TRIES else Done(doubt.code, doubt.text)
        case _:
            return answer


def _of_code(http: int, code: int, error: dict[str, object], seconds: float | None) -> Answer:
    text = _text(error) or f"error {code}"
    rule = codes.rule_of_answer(
        code, subcode=_whole(error.get("error_subcode")), http=http, is_transient=error.get("is_transient") is True
    )
    if rule.is_doubt:
        return Ambiguous(code, text)
    if rule.action in PAUSES:
        return Paused(rule.scope, code, text, rule.seconds, rule.action)
    if rule.action in (Action.RETRY_BACKOFF, Action.RETRY_PAIR, Action.RETRY_AFTER):
        return Throttled(rule.scope, code, text, _longer(seconds, rule), rule.action)
    return Refused(code, text, rule.action)


def _longer(seconds: float | None, rule: Rule) -> float | None:
    """What Meta's header says never shortens what the code asks for."""
    return seconds if rule.seconds is None else max(seconds or 0.0, rule.seconds)


def _document(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _wamid(document: object) -> str:
    """The first message's id, or nothing when it cannot be one."""
    messages = document.get("messages") if isinstance(document, dict) else None
    first = messages[0] if isinstance(messages, list) and messages else None
    wamid = first.get("id") if isinstance(first, dict) else None
    # Printable only: the id is stored as text and compared with the one in webhooks.
    return wamid if isinstance(wamid, str) and wamid.isprintable() and len(wamid) <= 512 else ""


def _wa_id(document: object) -> str:
    """The number of the only recipient, in digits."""
    contacts = document.get("contacts") if isinstance(document, dict) else None
    first = contacts[0] if isinstance(contacts, list) and len(contacts) == 1 else None
    wa_id = first.get("wa_id") if isinstance(first, dict) else None
    is_number = isinstance(wa_id, str) and wa_id.isascii() and wa_id.isdigit() and len(wa_id) <= _MOST_DIGITS
    return wa_id if is_number and isinstance(wa_id, str) else ""


def _whole(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int) and abs(value) < 2**31:
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**31:
        return int(value)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    return None


def _text(error: object) -> str:
    """Meta's own words: the details when there are any, else the message."""
    if isinstance(error, str):
        return _clean(error)
    if not isinstance(error, dict):
        return ""
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else None
    words = [part for part in (error.get("message"), details) if isinstance(part, str) and part]
    return _clean(": ".join(words))


def _clean(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)[:_LONGEST_TEXT]
