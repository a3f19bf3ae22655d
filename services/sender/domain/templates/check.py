"""Whether a message brings what its template takes. Meta refuses it otherwise, for good: told before any call."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.sender.domain.templates.shape import Json, Shape, is_file

# Meta's codes: the number of values does not fit; a value is of another kind than the template has there.
WRONG_COUNT = 132000
WRONG_KIND = 132012


@dataclass(frozen=True, slots=True)
class TemplateFault:
    """What Meta would refuse: its code, and a sentence with the mend."""

    code: int
    text: str


def faults(name: str, shape: Shape, components: Sequence[object]) -> tuple[TemplateFault, ...]:
    """Compare a message's components (in Meta's form) with the template; nothing when they fit."""
    sent = [component for component in components if isinstance(component, Mapping)]
    return tuple(
        TemplateFault(code, f'the template "{name}" {text}')
        for code, text in (*_parts(shape, sent), *_cards(shape, sent))
    )


def _parts(shape: Shape, sent: Sequence[Json]) -> Iterator[tuple[int, str]]:
    yield from _header(shape, sent)
    yield from _body(shape, sent)
    yield from _buttons(shape, sent)


def _cards(shape: Shape, sent: Sequence[Json]) -> Iterator[tuple[int, str]]:
    cards = [card for carousel in _of(sent, "carousel") for card in _list(carousel.get("cards"))]
    if not shape.cards:
        if cards:
            yield WRONG_KIND, "has no cards; take them out"
        return
    # One that shows products is made with two cards, and sent with as many as there are products.
    is_of_products = all(card.header == "product" for card in shape.cards)
    places = sorted(_place(card, "card_index") for card in cards)
    if not is_of_products and places != list(range(len(shape.cards))):
        yield WRONG_COUNT, f"has {len(shape.cards)} cards, and the message brings {len(cards)}; give each by its index"
        return
    for card in cards:
        place = _place(card, "card_index")
        for code, text in _parts(shape.cards[min(max(place, 0), len(shape.cards) - 1)], _list(card.get("components"))):
            yield code, f"has the card {place} that {text}"


def _header(shape: Shape, sent: Sequence[Json]) -> Iterator[tuple[int, str]]:
    given = _parameters(sent, "header")
    if is_file(shape.header):
        if len(given) != 1:
            yield WRONG_COUNT, f"shows {_a(shape.header)} on top; give one as the header"
        elif given[0].get("type") != shape.header:
            yield WRONG_KIND, f"shows {_a(shape.header)} on top, not {_a(str(given[0].get('type')))}; give one"
        return
    yield from _values("header", shape.header_names, given)


def _body(shape: Shape, sent: Sequence[Json]) -> Iterator[tuple[int, str]]:
    if shape.is_body_known:
        yield from _values("body", shape.body_names, _parameters(sent, "body"))


def _values(part: str, wanted: Sequence[str], given: Sequence[Json]) -> Iterator[tuple[int, str]]:
    if wanted and not all(name.isdigit() for name in wanted):
        names = {str(parameter.get("parameter_name") or "") for parameter in given}
        if names != set(wanted):
            yield WRONG_COUNT, f"names the values of its {part}: {', '.join(wanted)}; give each of them by its name"
    elif len(given) != len(wanted):
        count = "no values" if not wanted else "1 value" if len(wanted) == 1 else f"{len(wanted)} values"
        yield WRONG_COUNT, f"takes {count} in its {part}, and the message brings {len(given)}; give {count}"


def _buttons(shape: Shape, sent: Sequence[Json]) -> Iterator[tuple[int, str]]:
    given = {_place(component) for component in _of(sent, "button") if _list(component.get("parameters"))}
    for place, button in enumerate(shape.buttons):
        if button.needs_value and place not in given:
            yield WRONG_COUNT, f'has the button "{button.text}" ({place}) that takes a value; give it one'
    beyond = sorted(place for place in given if not 0 <= place < len(shape.buttons))
    if beyond:
        have = f"has {len(shape.buttons)} buttons" if shape.buttons else "has no buttons"
        yield WRONG_COUNT, f"{have}, and the message brings a value for button {beyond[0]}; take it out"


def _place(component: Json, key: str = "index") -> int:
    index = component.get(key)
    text = str(index) if isinstance(index, int | str) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else -1


def _parameters(sent: Sequence[Json], kind: str) -> list[Json]:
    return [parameter for component in _of(sent, kind) for parameter in _list(component.get("parameters"))]


def _of(sent: Sequence[Json], kind: str) -> Iterator[Json]:
    return (component for component in sent if str(component.get("type")).lower() == kind)


def _list(value: object) -> list[Json]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _a(word: str) -> str:
    return f"an {word}" if word[:1] in "aeiou" else f"a {word}"
