"""Routes: what an answer must be to lead somewhere. pywce tries the regular expressions first, then exact answers."""

from dataclasses import dataclass

from services.executor.domain.importers.pywce.source import Route
from services.executor.domain.importers.pywce.texts import Voice
from services.executor.domain.patterns import PatternError, Search, compile_search

_ANYTHING = frozenset({"", ".*", "^.*$", ".+", "^.+$", "(.*)", "(.+)"})


# Compiling takes time and memory; a stage that needs more is no dialogue.
_MOST_PATTERNS = 50


@dataclass(frozen=True, slots=True)
class Routes:
    """`others` is where any other answer leads; None when there is no such route."""

    patterns: tuple[Route, ...]
    searches: tuple[Search, ...]
    exact: tuple[Route, ...]
    others: Route | None

    def matched(self, text: str) -> Route | None:
        """The first pattern that is found in a text."""
        tried = zip(self.patterns, self.searches, strict=True)
        return next((route for route, search in tried if search.matches(text)), None)


def sort_routes(voice: Voice) -> Routes:
    """The routes that an answer can take, in pywce's order; what a catch-all hides is reported."""
    patterns: list[Route] = []
    searches: list[Search] = []
    others: Route | None = None
    leading = [route for route in voice.stage.routes if _is_connected(voice, route)]
    for route in (route for route in leading if route.is_regex):
        if others is not None:
            _hidden(voice, route)
        elif route.pattern in _ANYTHING:
            others = route
        elif len(patterns) == _MOST_PATTERNS or not voice.allowance.patterns:
            message = f"The route '{route.pattern}' was dropped: the stage or the flow has too many patterns."
            voice.note("dropped", "routes", message)
        elif (search := _search(voice, route)) is not None:
            patterns.append(route)
            searches.append(search)
    exact = []
    for route in (route for route in leading if not route.is_regex):
        if others is not None:
            _hidden(voice, route)
        else:
            exact.append(route)
    return Routes(tuple(patterns), tuple(searches), tuple(exact), others)


def _is_connected(voice: Voice, route: Route) -> bool:
    """Whether a route leads on; one without a pattern counts all the same, since it holds a button's place."""
    if not route.target and route.pattern:
        voice.note("dropped", "routes", f"The route '{route.pattern}' leads nowhere and was dropped: connect it.")
    return bool(route.target) or not route.pattern


def _search(voice: Voice, route: Route) -> Search | None:
    voice.allowance.patterns -= 1
    try:
        return compile_search(route.pattern)
    except PatternError as error:
        voice.note("problem", "routes", f"The route to '{route.target}' was dropped: {error}")
        return None


def _hidden(voice: Voice, route: Route) -> None:
    message = f"The route '{route.pattern}' to '{route.target}' comes after one that takes every answer: it is dropped."
    voice.note("dropped", "routes", message)
