"""A text that waits: any answer, one of some, one of a form, or one that decides the way."""

from dataclasses import dataclass

from services.executor.domain.importers.pywce.answers import Routes
from services.executor.domain.importers.pywce.source import Route
from services.executor.domain.importers.pywce.texts import Voice
from services.executor.domain.importers.reading import Draft
from services.executor.domain.importers.values import Object, folded


@dataclass(frozen=True, slots=True)
class Drawn:
    """A node, and its ways out as (handle, stage); they leave the last of the nodes. None is the plain way."""

    draft: Draft
    ways: tuple[tuple[str | None, str], ...]


def read_text(voice: Voice, routes: Routes) -> Drawn:
    content = voice.plain()
    if not content:
        voice.note("problem", "message", "The message has no text: fill 'content'.")
    return _listening(voice, routes, {"content": content}) or Drawn(Draft("message", {"content": content}), ())


def wait_after(voice: Voice, draft: Draft, routes: Routes) -> Drawn:
    """A node that has said something waits for an answer, when a route leaves it, with a question that says nothing."""
    listening = _listening(voice, routes, {"content": "", "silent": True})
    if listening is None:
        return Drawn(draft, ())
    asked = Draft(listening.draft.type, listening.draft.data)
    return Drawn(Draft(draft.type, draft.data, after=(asked, *listening.draft.after)), listening.ways)


def _listening(voice: Voice, routes: Routes, said: Object) -> Drawn | None:
    """A question of the form its routes ask for; None without a route."""
    exact, others = _named(voice, routes)
    if not (routes.patterns or exact or others):
        return None
    variable = voice.variable() or voice.names.native(f"{voice.stage.caption or voice.stage.name}_reply")
    asked: Object = {**said, "kind": "text", "variableName": variable}
    if not routes.patterns and not exact:
        return Drawn(Draft("question", asked), _way("answered", others))
    if not others and not routes.patterns:
        return _of_choice(asked, exact)
    if not others and not exact and len(routes.patterns) == 1:
        asked["validation"] = {"regex": _validation(routes.patterns[0].pattern)}
        return Drawn(Draft("question", asked), _way("answered", routes.patterns[0]))
    return _decided(voice, asked, (*routes.patterns, *exact), others)


def _named(voice: Voice, routes: Routes) -> tuple[tuple[Route, ...], Route | None]:
    """Exact answers, and where any other leads: the builder leaves a pattern empty for it."""
    empty = next((route for route in routes.exact if not route.pattern), None)
    if empty is not None and routes.others is None:
        voice.note("changed", "routes", "A route without a pattern takes every answer that no other takes.")
    return tuple(route for route in routes.exact if route.pattern), routes.others or empty


def _of_choice(asked: Object, exact: tuple[Route, ...]) -> Drawn:
    found = {folded(route.pattern): route for route in reversed(exact)}
    listed = [route for route in exact if found[folded(route.pattern)] is route]
    options = [{"value": route.pattern, "label": route.pattern} for route in listed]
    data = asked | {"kind": "choice", "options": options, "presentation": "text"}
    return Drawn(Draft("question", data), tuple((route.pattern, route.target) for route in listed if route.target))


def _decided(voice: Voice, asked: Object, tried: tuple[Route, ...], others: Route | None) -> Drawn:
    """A question, then a condition on what was answered, in pywce's order; another answer is asked for again."""
    routes = [
        {"handle": f"condition-{index}", "rules": [_rule(asked, route)], "match": "all"}
        for index, route in enumerate(tried)
    ]
    voice.note("changed", "routes", "The answer is kept first, and a condition after the question decides the way.")
    ways = [(f"condition-{index}", route.target) for index, route in enumerate(tried) if route.target]
    if others is None:
        ways.append(("default", voice.id))
    elif others.target:
        ways.append(("default", others.target))
    return Drawn(Draft("question", asked, after=(Draft("condition", {"routes": routes}),)), tuple(ways))


def _rule(asked: Object, route: Route) -> Object:
    operator = "matches" if route.is_regex else "=="
    return {"variable": asked["variableName"], "operator": operator, "value": route.pattern}


def _validation(pattern: str) -> str:
    """pywce looks for the pattern anywhere; a question's must match the whole answer unless it is anchored."""
    is_anchored = pattern.startswith("^") or pattern.endswith("$")
    return pattern if is_anchored else f"(?s:.*)(?:{pattern})(?s:.*)"


def _way(handle: str, route: Route | None) -> tuple[tuple[str | None, str], ...]:
    return ((handle, route.target),) if route and route.target else ()
