"""What a template takes, and what a node gives it: as parameters, or as components in Meta's own form."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from services.executor.domain.json_value import Json, object_at, objects_at, text_at, whole_number_at
from services.executor.domain.nodes.template import parameters_of

_FILES: Final = frozenset({"image", "video", "document", "location", "product", "gif"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateShape:
    """What a template takes: the kind of its header, names of values (empty where they go by order), their counts.

    `buttons` are what is written on each, and whether it takes a value; `cards` what those of a carousel take.
    """

    header: str = "none"
    header_values: int = 0
    body_values: int = 0
    body_names: tuple[str, ...] = ()
    is_body_known: bool = True
    buttons: tuple[tuple[str, bool], ...] = ()
    cards: tuple["TemplateShape", ...] = ()


@dataclass(frozen=True, slots=True)
class _Words:
    """How to mend what is wrong, in the form in which the node gives it."""

    file: str
    values: str
    button: str
    beyond: str


_OURS: Final = _Words(
    'Give one as "header": {{"type": "{kind}", …}}.',
    "Give as many.",
    'Add {{"index": {place}, …}} to "buttons".',
    "Take its value out.",
)
_METAS: Final = _Words(
    'Give {{"type": "header", "parameters": [{{"type": "{kind}", …}}]}}.',
    'Give as many in its "parameters".',
    'Add {{"type": "button", "index": "{place}", …}}.',
    "Take the component out.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a node gives: types of the header's values, names of the body's (empty for one by order), buttons, cards.

    None where what is given is only known when the message is made.
    """

    header: tuple[str, ...] | None
    body: tuple[str, ...] | None
    buttons: frozenset[int]
    cards: Mapping[int, "Given"] | None
    words: _Words

    def faults(self, shape: TemplateShape) -> Iterator[tuple[str, str]]:
        """What does not fit and how to mend it."""
        yield from self._own_faults(shape)
        if self.cards is None or not (self.cards or shape.cards):
            return
        # One that shows products is made with two cards, and sent with as many as there are products.
        is_of_products = bool(shape.cards) and all(card.header == "product" for card in shape.cards)
        is_whole = bool(self.cards) if is_of_products else set(self.cards) == set(range(len(shape.cards)))
        if not is_whole:
            mend = 'Write {"type": "carousel", "cards": […]} into "components", each card with its "card_index".'
            yield f"has {_count(len(shape.cards), 'card')}, not {len(self.cards)}", mend
            return
        for place, card in sorted(self.cards.items()):
            for complaint, mend in card._own_faults(shape.cards[min(place, len(shape.cards) - 1)]):
                yield f"has the card {place} that {complaint}", mend

    def _own_faults(self, shape: TemplateShape) -> Iterator[tuple[str, str]]:
        if self.header is not None:
            if shape.header in _FILES:
                if self.header != (shape.header,):
                    yield f"shows {shape.header} on top", self.words.file.format(kind=shape.header)
            elif len(self.header) != shape.header_values:
                given = len(self.header)
                yield f"takes {_count(shape.header_values, 'value')} in its header, not {given}", self.words.values
        if self.body is not None:
            if shape.body_names:
                if set(self.body) != set(shape.body_names):
                    yield f"names the values of its body: {', '.join(shape.body_names)}", "Give each by its name."
            elif shape.is_body_known and len(self.body) != shape.body_values:
                given = len(self.body)
                yield f"takes {_count(shape.body_values, 'value')} in its body, not {given}", self.words.values
        for place, (text, needs_value) in enumerate(shape.buttons):
            if needs_value and place not in self.buttons:
                yield f'has the button "{text}" that takes a value', self.words.button.format(place=place)
        for place in sorted(self.buttons):
            if not 0 <= place < len(shape.buttons):
                yield f"has no button {place}", self.words.beyond


def given_by(holder: Mapping[str, Json]) -> Given:
    """What a node, or its windowTemplate, gives; components go before parameters, as when the message is made."""
    components = objects_at(holder, "components")
    return _of_components(components) if components else _of_parameters(holder)


def _of_parameters(holder: Mapping[str, Json]) -> Given:
    entries = objects_at(object_at(holder, "parameters"), "buttons")
    places = [whole_number_at(item, "index") for item in entries]
    header = parameters_of(holder, "header")
    return Given(
        header=tuple(text_at(value, "type") if isinstance(value, dict) else "" for _, value in header),
        body=tuple(name for name, _ in parameters_of(holder, "body")),
        buttons=frozenset(n if place is None else place for n, place in enumerate(places)),
        cards={},
        words=_OURS,
    )


def _of_components(components: list[dict[str, Json]]) -> Given:
    carousels = _of_type(components, "carousel")
    cards = [card for carousel in carousels for card in objects_at(carousel, "cards")]
    places = [whole_number_at(card, "card_index") for card in cards]
    are_known = all(isinstance(carousel.get("cards"), list) for carousel in carousels) and None not in places
    return Given(
        header=_values(components, "header", "type"),
        body=_values(components, "body", "parameter_name"),
        buttons=frozenset(
            place
            for button in _of_type(components, "button")
            if button.get("parameters") and (place := whole_number_at(button, "index")) is not None
        ),
        cards={
            place: _of_components(objects_at(card, "components"))
            for card, place in zip(cards, places, strict=True)
            if place is not None
        }
        if are_known
        else None,
        words=_METAS,
    )


def _values(components: list[dict[str, Json]], kind: str, key: str) -> tuple[str, ...] | None:
    found = [component.get("parameters", []) for component in _of_type(components, kind)]
    if not all(isinstance(parameters, list) for parameters in found):
        return None
    return tuple(
        text_at(parameter, key)
        for component in _of_type(components, kind)
        for parameter in objects_at(component, "parameters")
    )


def _of_type(components: list[dict[str, Json]], kind: str) -> list[dict[str, Json]]:
    return [component for component in components if text_at(component, "type").casefold() == kind]


def _count(count: int, word: str) -> str:
    return f"no {word}s" if not count else f"1 {word}" if count == 1 else f"{count} {word}s"
