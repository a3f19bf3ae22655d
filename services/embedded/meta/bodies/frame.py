"""What interactive messages have in common: header, body, footer, action."""

from .fields import JsonObject, child, optional_words, words
from .media import check_header


def check_frame(interactive: JsonObject, *, body_most: int = 1024, media: tuple[str, ...] = ()) -> None:
    """A body, and perhaps a footer and a header: a text, or a file of one of these kinds."""
    words(child(interactive, "body", "interactive.body"), "text", "interactive.body.text", body_most)
    check_edges(interactive, media=media)


def check_edges(interactive: JsonObject, *, media: tuple[str, ...] = ()) -> None:
    """Footer and header, if they are there."""
    if "footer" in interactive:
        optional_words(child(interactive, "footer", "interactive.footer"), "text", "interactive.footer.text", 60)
    if "header" in interactive:
        check_header(child(interactive, "header", "interactive.header"), "interactive.header", ("text", *media))


def action_of(interactive: JsonObject) -> JsonObject:
    """What is done on a tap."""
    return child(interactive, "action", "interactive.action")


def parameters_of(interactive: JsonObject) -> JsonObject:
    """What the action is done with."""
    return child(action_of(interactive), "parameters", "action.parameters")
