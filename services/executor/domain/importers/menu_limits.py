"""What fits into WhatsApp's menus, in characters (Cloud API reference, interactive objects)."""

from collections.abc import Sequence
from typing import Final

MAX_BUTTONS: Final = 3
MAX_ROWS: Final = 10
MAX_BUTTON_TITLE: Final = 20
MAX_ROW_TITLE: Final = 24
MAX_DESCRIPTION: Final = 72
MAX_MENU_BODY: Final = 1024
MAX_FRAME: Final = 60


def fits_buttons(body: str, titles: Sequence[str]) -> bool:
    """Whether a text and its choices can be shown as reply buttons."""
    return len(titles) <= MAX_BUTTONS and _fit(body, titles, MAX_BUTTON_TITLE)


def fits_list(body: str, titles: Sequence[str]) -> bool:
    """Whether a text and its choices can be shown as a list."""
    return len(titles) <= MAX_ROWS and _fit(body, titles, MAX_ROW_TITLE)


def _fit(body: str, titles: Sequence[str], most: int) -> bool:
    are_told_apart = 0 < len({title.strip() for title in titles}) == len(titles)
    has_body = bool(body.strip()) and len(body) <= MAX_MENU_BODY
    return has_body and are_told_apart and all(title.strip() and len(title) <= most for title in titles)
