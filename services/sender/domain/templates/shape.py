"""What a message has to bring to a template, read from the components Meta tells."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Json: TypeAlias = Mapping[str, object]

_PLACEHOLDER = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")
_MEDIA = frozenset({"image", "video", "document", "location", "product", "gif"})
# Buttons that do nothing without a value of the message's own.
_ALWAYS = frozenset({"copy_code", "otp", "mpm"})


@dataclass(frozen=True, slots=True)
class Button:
    """A button: its kind in Meta's words, in lower case; what is written on it; whether it takes a value."""

    type: str
    text: str = ""
    needs_value: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a template takes.

    `header` is none, text, or a kind of file or place. `header_names` and `body_names` are the placeholders in order;
    they are "1", "2" … where values go by order. The body is not known where Meta writes its words itself. Each of the
    `cards` of a carousel takes what a template takes, but for cards of its own.
    """

    header: str = "none"
    header_names: tuple[str, ...] = ()
    body_names: tuple[str, ...] = ()
    buttons: tuple[Button, ...] = ()
    is_body_known: bool = True
    cards: tuple[Shape, ...] = ()


def shape_of(components: Sequence[object]) -> Shape:
    """Read components as `GET /{WABA}/message_templates` has them; what is unknown takes nothing."""
    header = "none"
    header_names: tuple[str, ...] = ()
    body_names: tuple[str, ...] = ()
    buttons: tuple[Button, ...] = ()
    is_body_known = True
    cards: tuple[Shape, ...] = ()
    for component in _objects(components):
        match _word(component, "type"):
            case "header":
                header = _word(component, "format") or "text"
                header_names = _names(component) if header == "text" else ()
            case "body":
                body_names, is_body_known = _names(component), isinstance(component.get("text"), str)
            case "buttons":
                buttons = tuple(_button(each) for each in _objects(_list(component, "buttons")))
            case "carousel":
                cards = tuple(shape_of(_list(card, "components")) for card in _objects(_list(component, "cards")))
    return Shape(
        header=header,
        header_names=header_names,
        body_names=body_names,
        buttons=buttons,
        is_body_known=is_body_known,
        cards=cards,
    )


def shape_of_text(components: str) -> Shape:
    """The same of components in JSON."""
    document = json.loads(components)
    return shape_of(document if isinstance(document, list) else ())


def is_file(header: str) -> bool:
    """Whether a header shows a file, a place or a product that each message brings."""
    return header in _MEDIA


def placeholders(text: str) -> tuple[str, ...]:
    """The names in double braces, each once, in the order of values: by number, or by appearance."""
    found = tuple(dict.fromkeys(_PLACEHOLDER.findall(text)))
    if found and all(name.isdigit() for name in found):
        return tuple(str(number) for number in range(1, max(map(int, found)) + 1)) if len(found) < 1000 else found
    return found


def _button(button: Json) -> Button:
    kind = _word(button, "type")
    url = button.get("url")
    has_placeholder = isinstance(url, str) and bool(_PLACEHOLDER.search(url))
    text = button.get("text")
    return Button(kind, text if isinstance(text, str) else "", kind in _ALWAYS or has_placeholder)


def _names(component: Json) -> tuple[str, ...]:
    text = component.get("text")
    return placeholders(text) if isinstance(text, str) else ()


def _objects(items: Sequence[object]) -> Iterator[Json]:
    return (item for item in items if isinstance(item, Mapping))


def _list(component: Json, key: str) -> Sequence[object]:
    value = component.get(key)
    return value if isinstance(value, list) else ()


def _word(component: Json, key: str) -> str:
    value = component.get(key)
    return value.lower() if isinstance(value, str) else ""
