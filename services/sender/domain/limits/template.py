"""Templates: what stands for their placeholders. Their own words are Meta's to judge, and were."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from services.sender.domain.limits.checks import Between, Form, IfThere, Items, OneLine, Source, Words
from services.sender.domain.limits.rule import Json, Rule, Whole, steps_of, values

_LANGUAGE = Form(re.compile(r"[a-z]{2,3}(_[A-Za-z]{2,4})?"), "pt_BR")
_COMPONENTS = "template.components[]"
_CARD_COMPONENTS = "template.components[].cards[].components[]"
# How long a body becomes with its values, Meta alone can tell (132005).
_LONGEST_TEXT = {"header": 60, "body": 32768, "button": 2000}


def _parameters(path: str) -> tuple[Rule, ...]:
    at = f"{path}.parameters[]"
    return (
        Rule(f"{at}.payload", IfThere(Words(1, 512))),
        Rule(f"{at}.coupon_code", IfThere(Words(1, 20))),
        Rule(f"{at}.image", IfThere(Source())),
        Rule(f"{at}.video", IfThere(Source())),
        Rule(f"{at}.document", IfThere(Source())),
        Rule(f"{at}.location.latitude", Between(-90, 90)),
        Rule(f"{at}.location.longitude", Between(-180, 180)),
        Rule(f"{at}.currency.code", Words(3, 3)),
        Rule(f"{at}.currency.fallback_value", Words(1, 1024)),
        Rule(f"{at}.date_time.fallback_value", Words(1, 1024)),
    )


def _texts(body: Json) -> Iterator[str]:
    """Words for placeholders: how long they may be depends on where they go."""
    for path in (_COMPONENTS, _CARD_COMPONENTS):
        for name, component in values(body, steps_of(path)):
            longest = _LONGEST_TEXT.get(str(component.get("type")).lower()) if isinstance(component, Mapping) else None
            for place, text in values(component, ("parameters", "[]", "text"), name):
                # A text that is none (Meta's own examples have true and false) is left to Meta.
                if longest is not None and isinstance(text, str):
                    yield from _faults_of(place, text, longest)


def _faults_of(place: str, text: str, longest: int) -> Iterator[str]:
    for check in (Words(1, longest), OneLine()):
        if complaint := check.complaint(text):
            yield f"{place} {complaint}"


def _names_or_places(body: Json) -> Iterator[str]:
    """A template counts its placeholders or names them, never both."""
    for name, component in values(body, steps_of(_COMPONENTS)):
        given = list(values(component, ("parameters", "[]", "parameter_name")))
        if len({parameter is None for _, parameter in given}) > 1:
            yield f"{name}.parameters has names for some values only; name all of them, or none"


RULES: Mapping[str, tuple[Rule, ...]] = {
    "template": (
        Rule("template.name", Words(1, 512)),
        Rule("template.language.code", _LANGUAGE),
        *_parameters(_COMPONENTS),
        Rule(f"{_COMPONENTS}.cards", IfThere(Items(1, 10))),
        *_parameters(_CARD_COMPONENTS),
    ),
}

WHOLES: Mapping[str, tuple[Whole, ...]] = {"template": (_texts, _names_or_places)}
