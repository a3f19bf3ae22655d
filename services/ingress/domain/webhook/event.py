"""One thing that happened, in the form the rest of PyTake reads."""

import hashlib
from typing import NamedTuple

from .news import NumberNews, TemplateNews
from .values import Json

# A key that overflows a Postgres index row (2,704 bytes) would poison its POST; 512 characters always fit.
_LONGEST_KEY = 512

# Whose event it is, first key first. Within one event only one of the three people below is ever named.
_SUBJECT_KEYS = ("from", "user_id", "recipient_id", "recipient_user_id", "to", "to_user_id", "current")


class OrderItem(NamedTuple):
    """A product that was ordered; the price is that of one."""

    product_retailer_id: str
    quantity: float
    item_price: float
    currency: str


class Referral(NamedTuple):
    """The ad or post a contact came from; any part may be empty."""

    source_id: str
    source_type: str


class Event(NamedTuple):
    """One event of a webhook.

    type: message, status, error, echo, standby_message, standby_status, standby_echo, handover, history,
        history_media, user_preference, user_id_update, call, call_status, notification or invalid.
    waba_id: the entry's id; None only when the entry names none.
    phone_number_id: the number of the same change; None where Meta names none (account-wide notices).
    dedupe_key: act once per key. Never empty, at most 512 characters, the same when Meta delivers again.
    flow_input: may this event drive a flow?
    fields: the normal form, keys in a fixed order, every text storable (no U+0000, no lone surrogate).
    order_items: the products of an order, of which the normal form tells only how many there are.
    referral: the ad or post a contact came from, of which the normal form tells only the id.
    template_news: how a message template stands, of which the normal form tells only name and event.
    number_news: what a number or an account may send, of which the normal form tells only the event.
    """

    type: str
    waba_id: str | None
    phone_number_id: str | None
    dedupe_key: str
    flow_input: bool
    fields: dict[str, Json]
    order_items: tuple[OrderItem, ...] = ()
    template_news: TemplateNews | None = None
    referral: Referral | None = None
    number_news: NumberNews | None = None

    @property
    def subject(self) -> str | None:
        """Name whom the event is about, to keep one person's events in order; None when it is about nobody.

        At most 512 characters. The phone number comes first, then the business-scoped user id.
        """
        for key in _SUBJECT_KEYS:
            value = self.fields.get(key)
            if isinstance(value, str):
                return bounded(value)
        return None


def bounded(key: str) -> str:
    """Return a key of at most 512 characters: itself, or its beginning and a digest of all of it."""
    if len(key) <= _LONGEST_KEY:
        return key
    digest = hashlib.blake2b(key.encode(), digest_size=32).hexdigest()
    return f"{key[: _LONGEST_KEY - len(digest) - 1]}#{digest}"
