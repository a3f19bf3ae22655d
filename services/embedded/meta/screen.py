"""How a message looks on a phone: its text and the choices one may tap."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

RANKS = ("pending", "sent", "delivered", "read")


@dataclass(frozen=True, slots=True)
class Choice:
    """A reply button or list row; `kind` is the interactive type its tap produces."""

    kind: str  # "button_reply" or "list_reply"
    id: str
    title: str
    description: str = ""
    section: str = ""


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message on the screen: `id` is its wamid, `at` milliseconds since 1970, `status` of own ones."""

    id: str
    is_mine: bool
    kind: str
    text: str
    at: int
    header: str = ""
    footer: str = ""
    list_label: str = ""
    choices: tuple[Choice, ...] = ()
    status: str = ""

    def is_below(self, status: str) -> bool:
        """Whether `status` would be news."""
        return self.status in RANKS and RANKS.index(self.status) < RANKS.index(status)

    def to_json(self) -> dict[str, object]:
        """Plain values; a field that is empty stays in."""
        return asdict(self)


def draw(wamid: str, kind: str, body: Mapping[str, object], at: int) -> Bubble:
    """The bubble of a message a business sent; `body` has passed the checks of `bodies`."""
    content = _object(body, kind)
    if kind == "interactive":
        return _draw_interactive(wamid, content, at)
    return Bubble(wamid, False, kind, _plain_text(kind, body, content), at)


def _draw_interactive(wamid: str, content: Mapping[str, object], at: int) -> Bubble:
    action = _object(content, "action")
    header = _object(content, "header")
    return Bubble(
        wamid,
        False,
        _text(content, "type"),
        _text(_object(content, "body"), "text"),
        at,
        header=_text(header, "text") or (f"[{_text(header, 'type')}]" if header else ""),
        footer=_text(_object(content, "footer"), "text"),
        list_label=_text(action, "button"),
        choices=_choices(_text(content, "type"), action),
    )


def _choices(kind: str, action: Mapping[str, object]) -> tuple[Choice, ...]:
    if kind == "button":
        replies = [_object(button, "reply") for button in _objects(action, "buttons")]
        return tuple(Choice("button_reply", _text(reply, "id"), _text(reply, "title")) for reply in replies)
    if kind == "list":
        return tuple(
            Choice(
                "list_reply",
                _text(row, "id"),
                _text(row, "title"),
                _text(row, "description"),
                _text(part, "title"),
            )
            for part in _objects(action, "sections")
            for row in _objects(part, "rows")
        )
    return ()


def _plain_text(kind: str, body: Mapping[str, object], content: Mapping[str, object]) -> str:
    """The words of a message that is not interactive; what a phone would draw is named in brackets."""
    match kind:
        case "text":
            return _text(content, "body")
        case "reaction":
            return _text(content, "emoji")
        case "template":
            return f"[template {_text(content, 'name')}] {_template_words(content)}".strip()
        case "location":
            return f"[location] {_text(content, 'name') or content.get('latitude')}"
        case "contacts":
            names = [_text(_object(contact, "name"), "formatted_name") for contact in _objects(body, "contacts")]
            return f"[contacts] {', '.join(names)}"
    words = _text(content, "caption") or _text(content, "filename") or _text(content, "link")
    return f"[{kind}] {words}".strip()


def _template_words(template: Mapping[str, object]) -> str:
    parameters = [item for part in _objects(template, "components") for item in _objects(part, "parameters")]
    return " · ".join(text for item in parameters if (text := _text(item, "text")))


def _object(parent: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = parent.get(name)
    return value if isinstance(value, Mapping) else {}


def _objects(parent: Mapping[str, object], name: str) -> list[Mapping[str, object]]:
    value = parent.get(name)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _text(parent: Mapping[str, object], name: str) -> str:
    value = parent.get(name)
    return value if isinstance(value, str) else ""
