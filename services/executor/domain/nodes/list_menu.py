"""list: a text with up to ten rows behind one button; waits for a row, or for its typed id, title or number."""

from collections.abc import Callable, Iterator
from typing import Final

from services.executor.domain.commands import Row, Section, SendList
from services.executor.domain.document import Node
from services.executor.domain.finding import Finding, error
from services.executor.domain.json_value import Json, objects_at, text_at
from services.executor.domain.nodes import fields, menu
from services.executor.domain.nodes.node_type import (
    NodeType,
    Plan,
    compile_text,
    limit,
    require_text,
    template_at,
)
from services.executor.domain.options import Option
from services.executor.domain.texts import words
from services.executor.domain.turn import Turn, Waiting

MAX_ROWS: Final = 10
MAX_BUTTON_TEXT: Final = 20
MAX_SECTION_TITLE: Final = 24
MAX_ROW_TITLE: Final = 24
MAX_ROW_ID: Final = 200
MAX_DESCRIPTION: Final = 72

Group = tuple[str, tuple[Option, ...]]


def list_groups(node: Node) -> tuple[Group, ...]:
    """The sections as (title, rows as options)."""
    return tuple(
        (text_at(section, "title"), tuple(_option(row) for row in objects_at(section, "rows")))
        for section in objects_at(node.data, "sections")
    )


def send_list(node: Node, groups: tuple[Group, ...], language: str) -> Callable[[Turn], None]:
    """Compile the sending of the node's content with these groups as a list."""
    body = menu.filled(template_at(node, "content"), menu.MAX_BODY)
    header = menu.clipped(template_at(node, "header"), menu.MAX_HEADER)
    footer = menu.clipped(template_at(node, "footer"), menu.MAX_FOOTER)
    button = menu.title_text(text_at(node.data, "buttonText") or words("list_button", language), MAX_BUTTON_TEXT)
    sections = tuple(_section(group) for group in groups)

    def send(turn: Turn) -> None:
        filled = tuple(section(turn) for section in sections)
        turn.send(SendList(node.id, body(turn), header(turn), footer(turn), button(turn), filled))

    return send


def _option(row: dict[str, Json]) -> Option:
    return Option(text_at(row, "id"), text_at(row, "title"), text_at(row, "description"))


def _section(group: Group) -> Callable[[Turn], Section]:
    title, rows = menu.clipped(compile_text(group[0]), MAX_SECTION_TITLE), tuple(_row(row) for row in group[1])
    return lambda turn: Section(title(turn), tuple(row(turn) for row in rows))


def _row(option: Option) -> Callable[[Turn], Row]:
    title = menu.title_text(option.title, MAX_ROW_TITLE)
    description = menu.clipped(compile_text(option.description), MAX_DESCRIPTION)
    return lambda turn: Row(option.value, title(turn), description(turn))


def _rows(node: Node) -> tuple[Option, ...]:
    return tuple(row for _, rows in list_groups(node) for row in rows)


def _compile(node: Node, plan: Plan) -> Waiting:
    send = send_list(node, list_groups(node), plan.settings.language)
    return menu.compile_menu(node, plan, send, _rows(node))


def _check(node: Node) -> Iterator[Finding]:
    rows = _rows(node)
    yield from require_text(node)
    if not 1 <= len(rows) <= MAX_ROWS:
        message = f"Node {node.id} has {len(rows)} rows; WhatsApp allows 1 to {MAX_ROWS} in all sections together."
        yield error("option_count", node.id, message, "Split the list over two nodes.")
    yield from limit(node, "The button text", text_at(node.data, "buttonText"), MAX_BUTTON_TEXT)
    yield from _check_sections(node)
    for row in rows:
        yield from limit(node, f'The row "{row.title}"', row.title, MAX_ROW_TITLE)
        yield from limit(node, "A row id", row.value, MAX_ROW_ID)
        yield from limit(node, f'The description of the row "{row.title}"', row.description, MAX_DESCRIPTION)
    yield from menu.check_frame(node, rows)


def _check_sections(node: Node) -> Iterator[Finding]:
    groups = list_groups(node)
    for title, rows in groups:
        yield from limit(node, f'The section "{title}"', title, MAX_SECTION_TITLE)
        if not rows:
            yield error("option_count", node.id, f"A section of node {node.id} has no rows.", "Remove the section.")
        if len(groups) > 1 and not title.strip():
            message = f"A section of node {node.id} has no title, and there are several."
            yield error("empty_text", node.id, message, "Give each section a title.")


_ROW: Final = fields.record(
    "A row.",
    {
        "id": fields.text("What is stored, and names the way out. At most 200 characters."),
        "title": fields.template("What the contact sees, at most 24 characters."),
        "description": fields.template("A second line, at most 72 characters."),
    },
    ("id", "title"),
)
_SECTION: Final = fields.record(
    "A group of rows.",
    {
        "title": fields.template("At most 24 characters; needed when there are several."),
        "rows": fields.items("At least one; at most ten in all sections together.", _ROW),
    },
    ("rows",),
)

LIST = NodeType(
    summary="Sends a text with up to ten rows behind one button and waits for one of them, tapped or typed: by "
    "its id, its title or its place counted from 1.",
    schema=fields.data(
        {
            **menu.FRAME,
            "buttonText": fields.template("What opens the list, at most 20 characters."),
            "sections": fields.items("The rows, in groups.", _SECTION),
            **menu.FIELDS,
        },
        ("content", "sections"),
    ),
    ways={"<id or title of a row>": "It was chosen.", "next": "Any of them was chosen.", **menu.WAYS},
    compile=_compile,
    exits=lambda node: menu.menu_exits(_rows(node)),
    check=_check,
    sets=lambda node: (text_at(node.data, "variableName"),),
    texts=("content", "header", "footer", "buttonText", "sections", "errorMessage"),
    waits=menu.always_waits,
)
