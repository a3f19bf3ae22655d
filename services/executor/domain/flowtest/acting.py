"""Reading what happens in a step."""

from collections.abc import Callable
from typing import Final, Literal

from services.executor.domain.events import InboundMessage
from services.executor.domain.flowtest.steps import Action, Answers, Fails, Passes, Person, Says, Taps, Until
from services.executor.domain.flowtest.values import Place
from services.executor.domain.json_value import Json

_PEOPLE: Final[dict[str, Literal["takes", "releases", "nobody"]]] = {
    "takes": "takes", "releases": "releases", "nobody": "nobody",
}  # fmt: skip
# What a contact can send besides words, and the media type it has when the test names none.
_MEDIA: Final = {
    "image": "image/jpeg", "video": "video/mp4", "audio": "audio/ogg", "document": "application/pdf",
    "sticker": "image/webp",
}  # fmt: skip
_SENT: Final = (*_MEDIA, "location", "contacts", "order", "form", "button")
_ANSWER: Final = ("node", "status", "body", "timeout", "error", "request")


def read_action(at: Place, name: str, value: Json) -> Action:
    """Read one action by its name. Raises BadTest."""
    return _READERS[name](at, value)


def _says(at: Place, value: Json) -> Action:
    return Says(InboundMessage(text=at.text(value, "says")))


def _taps(at: Place, value: Json) -> Action:
    return Taps(at.text(value, "taps"))


def _sends(at: Place, value: Json) -> Action:
    written = at.mapping(value, "sends")
    if len(written) != 1 or next(iter(written)) not in _SENT:
        raise at.wrong(f"sends must hold one of {', '.join(_SENT)}, with its fields")
    kind, parts = next(iter(written.items()))
    fields = at.mapping(parts or {}, f"sends.{kind}")
    if kind in _MEDIA:
        caption = at.text(fields.pop("caption"), "caption") if "caption" in fields else None
        details: dict[str, Json] = {"media_id": "media-1", "mime_type": _MEDIA[kind], **fields}
        return Says(InboundMessage(kind=kind, caption=caption, details=details))
    if kind == "form":
        return Says(InboundMessage(kind="form", details=fields))
    if kind == "button":
        # A tap on the button of a template, known by its payload.
        payload = at.text(fields.get("payload", ""), "button.payload")
        title = at.text(fields.get("text", payload), "button.text")
        return Says(InboundMessage(kind="button", reply_id=payload, reply_title=title))
    return Says(InboundMessage(kind=kind, details=fields))


def _after(at: Place, value: Json) -> Action:
    return Passes(at.span(value, "after"))


def _at(at: Place, value: Json) -> Action:
    return Until(at.text(value, "at"))


def _answers(kind: Literal["http", "ai"]) -> Callable[[Place, Json], Action]:
    def read(at: Place, value: Json) -> Action:
        written = at.mapping(value, kind)
        at.known(written, _ANSWER, kind)
        if "node" not in written:
            raise at.wrong(f'{kind} names no "node"')
        outcomes = [key for key in ("status", "timeout", "error") if written.get(key)]
        if len(outcomes) > 1:
            raise at.wrong(f"{kind} has {' and '.join(outcomes)}; keep one of them")
        error = at.text(written.get("error") or "", f"{kind}.error")
        status = 0 if error or written.get("timeout") else at.whole(written.get("status", 200), f"{kind}.status")
        return Answers(
            kind=kind,
            node_id=at.text(written["node"], f"{kind}.node"),
            outcome=_outcome(status, is_timeout=bool(written.get("timeout"))),
            status=status,
            body=written.get("body"),
            error=error,
            request=at.mapping(written.get("request") or {}, f"{kind}.request"),
        )

    return read


def _outcome(status: int, *, is_timeout: bool) -> Literal["ok", "failed", "timeout"]:
    if is_timeout:
        return "timeout"
    return "ok" if 200 <= status < 400 else "failed"


def _fails(at: Place, value: Json) -> Action:
    written = at.mapping(value, "fails")
    at.known(written, ("node", "code"), "fails")
    if "node" not in written:
        raise at.wrong('fails names no "node"')
    return Fails(at.text(written["node"], "fails.node"), at.whole(written.get("code", 0), "fails.code"))


def _person(at: Place, value: Json) -> Action:
    does = at.text(value, "person")
    if does not in _PEOPLE:
        raise at.wrong(f"person is {does!r}; write {', '.join(_PEOPLE)}")
    return Person(_PEOPLE[does])


_READERS: Final[dict[str, Callable[[Place, Json], Action]]] = {
    "says": _says, "taps": _taps, "sends": _sends, "after": _after, "at": _at, "http": _answers("http"),
    "ai": _answers("ai"), "fails": _fails, "person": _person,
}  # fmt: skip
ACTIONS: Final = tuple(_READERS)
