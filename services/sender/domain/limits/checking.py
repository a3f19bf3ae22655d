"""Looks a body over by the rules of its kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from services.sender.domain.limits import commerce, interactive, plain, template
from services.sender.domain.limits.rule import Json, Rule, Whole

_RULES: Mapping[str, tuple[Rule, ...]] = {
    **plain.RULES,
    **template.RULES,
    **{f"interactive {kind}": rules for kind, rules in {**interactive.RULES, **commerce.RULES}.items()},
}
_WHOLES: Mapping[str, tuple[Whole, ...]] = {
    **template.WHOLES,
    **{f"interactive {kind}": wholes for kind, wholes in {**interactive.WHOLES, **commerce.WHOLES}.items()},
}


def broken_limit(body: Json) -> str | None:
    """The first thing Meta would refuse the body for: the field, what is wrong with it, and the mend."""
    return next(broken_limits(body), None)


def broken_limits(body: Json) -> Iterator[str]:
    """Everything Meta would refuse the body for, each as `broken_limit` tells it."""
    kind = _kind(body)
    rules = _RULES.get(kind)
    if rules is None:
        yield f"type is {kind!r}, which is no type of message; use one of {', '.join(sorted(_RULES))}"
        return
    yield from _complaints(body, rules, _WHOLES.get(kind, ()))


def _complaints(body: Json, rules: tuple[Rule, ...], wholes: tuple[Whole, ...]) -> Iterator[str]:
    for rule in rules:
        yield from rule.complaints(body)
    for whole in wholes:
        yield from whole(body)


def _kind(body: Json) -> str:
    if "status" in body:
        return "read receipt"
    kind = body.get("type")
    if kind != "interactive":
        return str(kind)
    interactive_part = body.get("interactive")
    inner = interactive_part.get("type") if isinstance(interactive_part, Mapping) else None
    return f"interactive {inner}"
