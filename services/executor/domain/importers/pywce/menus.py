"""Buttons and lists: pywce names a button by its title and a row by its id, without case."""

from collections.abc import Iterator

from services.executor.domain.importers.menu_limits import (
    MAX_BUTTON_TITLE,
    MAX_BUTTONS,
    MAX_DESCRIPTION,
    MAX_ROW_TITLE,
    MAX_ROWS,
)
from services.executor.domain.importers.pywce.answers import Routes
from services.executor.domain.importers.pywce.asked import Drawn
from services.executor.domain.importers.pywce.texts import Voice
from services.executor.domain.importers.reading import Draft
from services.executor.domain.importers.values import Object, as_id, as_list, as_object, as_text, folded, present


def read_buttons(voice: Voice, routes: Routes) -> Drawn:
    titles = [text for text in map(as_text, as_list(voice.fields.get("buttons"))) if text and text.strip()]
    for title in titles:
        voice.measure("buttons", title, MAX_BUTTON_TITLE)
    if not 0 < len(titles) <= MAX_BUTTONS:
        message = f"The node has {len(titles)} buttons; WhatsApp takes 1 to {MAX_BUTTONS}: add or use a list node."
        voice.note("problem", "buttons", message)
    buttons = [{"id": title.strip(), "title": voice.translated(title.strip(), "buttons")} for title in titles]
    data = voice.frame() | {"buttons": buttons} | present({"variableName": voice.variable()})
    return Drawn(Draft("buttons", data), tuple(_ways(voice, routes, [title.strip() for title in titles])))


def read_list(voice: Voice, routes: Routes) -> Drawn:
    sections = [_section(voice, title, rows) for title, rows in _listed(voice.fields.get("sections"))]
    ids = [str(row["id"]) for section in sections for row in map(as_object, as_list(section["rows"]))]
    if not 0 < len(ids) <= MAX_ROWS:
        voice.note(
            "problem", "sections", f"The list has {len(ids)} rows; WhatsApp takes 1 to {MAX_ROWS}: add or split."
        )
    data = voice.frame() | {"buttonText": voice.button("Options"), "sections": sections}
    return Drawn(Draft("list", data | present({"variableName": voice.variable()})), tuple(_ways(voice, routes, ids)))


def _listed(written: object) -> Iterator[tuple[str, list[Object]]]:
    """(title, rows) of sections {title: {id: row}} or [{title, rows: [row]}]."""
    for title, rows in as_object(written).items():
        keyed = as_object(rows).items()
        yield title, [{"id": row_id, **as_object(row)} for row_id, row in keyed] or list(map(as_object, as_list(rows)))
    for section in map(as_object, as_list(written)):
        yield as_text(section.get("title")) or "", list(map(as_object, as_list(section.get("rows"))))


def _section(voice: Voice, title: str, rows: list[Object]) -> Object:
    voice.measure("sections", title, MAX_ROW_TITLE)
    found = []
    for row in rows:
        text = as_text(row.get("title"))
        row_id = as_id(row.get("id")) or as_id(row.get("identifier")) or text
        if not text or not row_id:
            voice.note("dropped", "sections", "A row without a title was dropped: give it a 'title'.")
            continue
        more = as_text(row.get("description")) or as_text(row.get("desc"))
        voice.measure("sections", text, MAX_ROW_TITLE)
        voice.measure("sections", more, MAX_DESCRIPTION)
        said = present({"description": voice.translated(more, "sections") if more else None})
        found.append({"id": row_id, "title": voice.translated(text, "sections"), **said})
    return {"title": title, "rows": found}


def _ways(voice: Voice, routes: Routes, choices: list[str]) -> Iterator[tuple[str | None, str]]:
    """A way per choice: of the first pattern that is found in it, of the exact route, or of the route in its place."""
    exact = {folded(route.pattern): route for route in reversed(routes.exact) if route.pattern}
    unnamed = [route for route in routes.exact if not route.pattern]
    if unnamed:
        message = "Routes without a pattern are for the choices that have no other, in their order."
        voice.note("changed", "routes", message)
    left, used = iter(unnamed), set[int]()
    for choice in choices:
        route = routes.matched(choice) or exact.get(folded(choice))
        if route is None and routes.others is None:
            route = next(left, None)
        used.add(id(route))
        if route is not None and route.target:
            yield choice, route.target
    if routes.others and routes.others.target:
        yield None, routes.others.target
    for route in (*routes.patterns, *routes.exact):
        if route.pattern and route.target and id(route) not in used:
            message = f"The route '{route.pattern}' to '{route.target}' means none of the choices: it is not taken."
            voice.note("problem", "routes", message)
            yield route.pattern, route.target
