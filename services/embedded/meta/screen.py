"""How a message looks on a phone: its text and the choices one may tap."""

from dataclasses import asdict, dataclass

RANKS = ("pending", "sent", "delivered", "read")


@dataclass(frozen=True, slots=True)
class Choice:
    """A reply button or list row; `kind` is the type its tap produces."""

    kind: str  # "button_reply" or "list_reply" of an interactive message, or "button" of a template
    id: str
    title: str
    description: str = ""
    section: str = ""


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message on the screen: `id` is its wamid, `at` milliseconds since 1970, `status` of own ones.

    `buttons` are shown as well, but do nothing here: they open a page, a form, a catalog, or call.
    """

    id: str
    is_mine: bool
    kind: str
    text: str
    at: int
    header: str = ""
    footer: str = ""
    list_label: str = ""
    choices: tuple[Choice, ...] = ()
    buttons: tuple[str, ...] = ()
    status: str = ""

    def is_below(self, status: str) -> bool:
        """Whether `status` would be news."""
        return self.status in RANKS and RANKS.index(self.status) < RANKS.index(status)

    def to_json(self) -> dict[str, object]:
        """Plain values; a field that is empty stays in."""
        return asdict(self)
