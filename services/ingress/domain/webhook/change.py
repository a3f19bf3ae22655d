"""One change of one entry: whose it is, where it stands, and how events are made from it."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import orjson

from .contacts import ContactBook, read_contacts
from .event import Event, bounded
from .values import Json, Object

NOT_AN_OBJECT = "not_an_object"
NOT_AN_ARRAY = "not_an_array"
NOT_A_WHATSAPP_WEBHOOK = "not_a_whatsapp_webhook"
NO_PHONE_NUMBER_ID = "no_phone_number_id"
NAMES_NO_NUMBER = frozenset({NOT_A_WHATSAPP_WEBHOOK, NO_PHONE_NUMBER_ID})
"""Reasons of what may be read well enough, but says nowhere which number it was written to."""
MISSING_ID = "missing_id"
NO_SENDER = "no_sender"
NO_RECIPIENT = "no_recipient"


@dataclass(slots=True)  # not frozen: what is read once is kept, and a frozen one costs twice as much to make
class Change:
    """A change and what it inherits from its entry, and from nothing else in the POST.

    value: the change's value, an empty mapping when it is null.
    prefix: where ``value`` stands below the change, such as ``value`` or ``value.standby``.
    raw: the change as received; entry_time: the entry's ``time``. Both only feed the digest.
    """

    path: str
    waba_id: str | None
    phone_number_id: str | None
    value: Mapping[str, Json]
    prefix: str
    raw: Json
    entry_time: Json
    _contacts: ContactBook | None = field(default=None, init=False)
    _digest: str | None = field(default=None, init=False)

    @property
    def contacts(self) -> ContactBook:
        """The contacts of this change, found by id."""
        if self._contacts is None:
            self._contacts = read_contacts(self.value.get("contacts"))
        return self._contacts

    @property
    def digest(self) -> str:
        """Tell this change from every other, wherever in whatever POST it arrives."""
        if self._digest is None:
            self._digest = digest_of([self.waba_id, self.entry_time, self.raw])
        return self._digest

    def start(self, type_: str) -> Object:
        """Begin the fields of an event with the keys that every type has."""
        fields: Object = {"type": type_}
        if self.waba_id is not None:
            fields["waba_id"] = self.waba_id
        if self.phone_number_id is not None:
            fields["phone_number_id"] = self.phone_number_id
        return fields

    def keyed(self, fields: Object, dedupe_key: str, *, flow_input: bool = False) -> Event:
        """Make an event whose key is part of its normal form."""
        key = bounded(dedupe_key)
        return Event(str(fields["type"]), self.waba_id, self.phone_number_id, key, flow_input, fields)

    def unkeyed(self, fields: Object, place: str) -> Event:
        """Make an event that Meta gives no key: the change's digest and the place below it are its key."""
        return self.keyed(fields, f"{fields['type']}:{self.digest}:{place}")

    def invalid(self, place: str, reason: str) -> Event:
        """Make the dead letter of one bad item; its neighbours are not touched."""
        return self.unkeyed({"type": "invalid", "path": f"{self.path}.{place}", "reason": reason}, place)

    def each(self, key: str, parse: Callable[["Change", Json, str], Event]) -> Iterator[Event]:
        """Parse every item of an array of the value, as it is asked for; null or missing counts as empty."""
        items = self.value.get(key)
        if items is None:
            return
        place = f"{self.prefix}.{key}"
        if not isinstance(items, list):
            yield self.invalid(place, NOT_AN_ARRAY)
            return
        for index, item in enumerate(items):
            yield parse(self, item, f"{place}[{index}]")

    def each_if_array(self, key: str, parse: Callable[["Change", Json, str], Event]) -> Iterable[Event]:
        """Parse every item of an array of the value, and nothing when it is no array."""
        return self.each(key, parse) if isinstance(self.value.get(key), list) else ()


def digest_of(value: Json) -> str:
    """Digest a value so that the order of its keys does not matter: 32 hex digits."""
    written = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(written, digest_size=16).hexdigest()
