"""What a flow says: one dataclass per kind of message. `words` is what the log tells of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from services.executor.domain.json_value import Json

MediaKind = Literal["image", "video", "audio", "document", "sticker"]


@dataclass(frozen=True, slots=True)
class Media:
    """A file: Meta's `id` of it, or a public `link`, never both. `filename` is a document's."""

    kind: MediaKind
    id: str = ""
    link: str = ""
    filename: str = ""


@dataclass(frozen=True, slots=True)
class Button:
    """A reply button."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a list."""

    id: str
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class Section:
    """A titled group of rows."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class SendText:
    """Send one text bubble, at most 4096 characters."""

    node_id: str
    text: str
    preview_url: bool

    @property
    def words(self) -> str:
        """The text."""
        return self.text


@dataclass(frozen=True, slots=True)
class SendButtons:
    """Send a text with one to three reply buttons; header and footer may be empty."""

    node_id: str
    body: str
    header: str
    footer: str
    buttons: tuple[Button, ...]
    header_media: Media | None = None

    @property
    def words(self) -> str:
        """The text."""
        return self.body


@dataclass(frozen=True, slots=True)
class SendList:
    """Send a text with a list of up to ten rows behind one button."""

    node_id: str
    body: str
    header: str
    footer: str
    button_text: str
    sections: tuple[Section, ...]

    @property
    def words(self) -> str:
        """The text."""
        return self.body


@dataclass(frozen=True, slots=True)
class SendMedia:
    """Send a file; sounds and stickers have no caption."""

    node_id: str
    media: Media
    caption: str

    @property
    def words(self) -> str:
        """The caption, or what it is."""
        return self.caption or f"[{self.media.kind}]"


@dataclass(frozen=True, slots=True)
class SendLocation:
    """Send a place on the map, in degrees; name and address may be empty."""

    node_id: str
    latitude: float
    longitude: float
    name: str
    address: str

    @property
    def words(self) -> str:
        """What it is called, else where it is."""
        return self.name or self.address or f"[location {self.latitude} {self.longitude}]"


@dataclass(frozen=True, slots=True)
class Card:
    """A person's card."""

    name: str
    phones: tuple[str, ...]
    emails: tuple[str, ...]
    organization: str


@dataclass(frozen=True, slots=True)
class SendContacts:
    """Send cards of persons."""

    node_id: str
    cards: tuple[Card, ...]

    @property
    def words(self) -> str:
        """Whose they are."""
        return ", ".join(card.name for card in self.cards)


@dataclass(frozen=True, slots=True)
class SendCtaUrl:
    """Send a text with a button that opens a web address."""

    node_id: str
    body: str
    header: str
    footer: str
    button_text: str
    url: str

    @property
    def words(self) -> str:
        """The text."""
        return self.body


@dataclass(frozen=True, slots=True)
class SendLocationRequest:
    """Send a text with a button that shares the contact's location."""

    node_id: str
    body: str

    @property
    def words(self) -> str:
        """The text."""
        return self.body


@dataclass(frozen=True, slots=True)
class SendForm:
    """Send a text with a button that opens a WhatsApp Flow, named by id or name; `payload` is its first screen's."""

    node_id: str
    body: str
    header: str
    footer: str
    button_text: str
    flow_id: str
    flow_name: str
    flow_token: str
    screen: str
    payload: Mapping[str, Json]
    is_draft: bool

    @property
    def words(self) -> str:
        """The text."""
        return self.body


@dataclass(frozen=True, slots=True)
class ProductGroup:
    """A titled group of products of a catalog, by the retailer's ids."""

    title: str
    product_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SendProduct:
    """Send one product."""

    node_id: str
    body: str
    footer: str
    catalog_id: str
    product_id: str

    @property
    def words(self) -> str:
        """The text, or the product."""
        return self.body or f"[product {self.product_id}]"


@dataclass(frozen=True, slots=True)
class SendProductList:
    """Send products of one catalog."""

    node_id: str
    body: str
    header: str
    footer: str
    catalog_id: str
    groups: tuple[ProductGroup, ...]

    @property
    def words(self) -> str:
        """The text."""
        return self.body


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a template's header."""

    latitude: float
    longitude: float
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """What stands for one placeholder of a template; `name` is empty where they are counted."""

    value: str | Media | Place
    name: str = ""


ButtonKind = Literal["quick_reply", "url", "copy_code", "flow"]


@dataclass(frozen=True, slots=True)
class ButtonValue:
    """What one of a template's buttons gets; of a flow button `value` is the token and `payload` the screen's data."""

    index: int
    kind: ButtonKind
    value: str
    payload: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class SendTemplate:
    """Send an approved template; `components` are all its parts in Meta's own form, in place of the others."""

    node_id: str
    name: str
    language: str
    header: Parameter | None = None
    body: tuple[Parameter, ...] = ()
    buttons: tuple[ButtonValue, ...] = ()
    components: tuple[Json, ...] = ()

    @property
    def words(self) -> str:
        """Which it is, and the words put into it."""
        said = [parameter.value for parameter in self.body if isinstance(parameter.value, str)]
        return " · ".join((f"[template {self.name}]", *said))


Say = (
    SendText | SendButtons | SendList | SendMedia | SendLocation | SendContacts | SendCtaUrl | SendLocationRequest
    | SendForm | SendProduct | SendProductList | SendTemplate
)  # fmt: skip
