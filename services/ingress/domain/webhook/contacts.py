"""Who is who in one change: contacts are found by id, never by index and never by name.

Attaching a contact that matches nobody would merge two people's identities.
"""

from typing import NamedTuple

from .values import Json, identifier, mapping, phone_and_user_id, text


class Person(NamedTuple):  # made twice for every message: a tuple costs a third of a frozen dataclass
    """One user as one change shows them; each part may be unknown."""

    phone: str | None
    user_id: str | None
    parent_user_id: str | None
    name: str | None
    username: str | None


_NOBODY = Person(None, None, None, None, None)


class ContactBook(NamedTuple):
    """The contacts of one change: by id, and the only one if there is just one."""

    by_id: dict[str, Person]
    sole: Person

    def find(self, phone: str | None, user_id: str | None) -> Person:
        """Find the contact with one of these ids; the sole contact stands in for nobody but who has no id."""
        if phone is None and user_id is None:
            return self.sole
        by_phone = None if phone is None else self.by_id.get(phone)
        if by_phone is not None:
            return by_phone
        return _NOBODY if user_id is None else self.by_id.get(user_id, _NOBODY)


def read_contacts(contacts: Json) -> ContactBook:
    """Read ``value.contacts``; what is no contact is skipped, and of two with one id the first is kept."""
    if not isinstance(contacts, list):
        return ContactBook({}, _NOBODY)
    people = [_contact(contact) for contact in contacts if isinstance(contact, dict)]
    by_id: dict[str, Person] = {}
    for person in people:
        if person.phone is not None:
            by_id.setdefault(person.phone, person)
        if person.user_id is not None:
            by_id.setdefault(person.user_id, person)
    return ContactBook(by_id, people[0] if len(people) == 1 else _NOBODY)


def sender_of(message: dict[str, Json], contacts: ContactBook) -> Person:
    """Read who sent a message: the message's own ids, completed from the contact that matches them."""
    phone, user_id_in_from = phone_and_user_id(message.get("from"))
    user_id = identifier(message.get("from_user_id")) or user_id_in_from
    parent_user_id = identifier(message["from_parent_user_id"]) if "from_parent_user_id" in message else None
    contact = contacts.find(phone, user_id)
    return Person(
        phone or contact.phone,
        user_id or contact.user_id,
        parent_user_id or contact.parent_user_id,
        contact.name,
        contact.username,
    )


def _contact(contact: dict[str, Json]) -> Person:
    phone, user_id_in_wa_id = phone_and_user_id(contact.get("wa_id"))
    profile = mapping(contact.get("profile"))
    return Person(
        phone,
        identifier(contact.get("user_id")) or user_id_in_wa_id,
        identifier(contact["parent_user_id"]) if "parent_user_id" in contact else None,
        text(profile.get("name")),
        text(profile["username"]) if "username" in profile else None,
    )
