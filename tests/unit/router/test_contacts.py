"""Contacts of one batch: found, created, linked, merged."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.router.domain.contacts import Contact, ContactBook, Merge
from services.router.domain.identity import Identity, contact_id_of
from services.router.domain.message import Message

ORGANIZATION = UUID("1b1a4e43-6d3c-4bd5-8f4e-51a4c5b9f002")


def phone(value: str) -> Identity:
    return Identity(ORGANIZATION, "wa_id", value)


def user(value: str) -> Identity:
    return Identity(ORGANIZATION, "user_id", value)


def stored(identity: Identity, created_at: float, **fields) -> Contact:
    return Contact(ORGANIZATION, contact_id_of(identity), created_at, **fields)


def admit(book: ContactBook, *identities: Identity, name: str = "", parent: str = "") -> UUID:
    message = Message(event_id="e", phone_number_id="1", profile_name=name, parent_user_id=parent)
    return book.admit(message, identities, Identity(ORGANIZATION, "parent_user_id", parent) if parent else None)


def test_two_messages_of_somebody_new_get_one_contact():
    book = ContactBook({})
    first, second = admit(book, phone("55"), user("BR.1"), name="Ana"), admit(book, user("BR.1"))
    changes = book.changes()
    assert first == second == contact_id_of(phone("55"))
    assert [(contact.contact_id, contact.name) for contact in changes.created] == [(first, "Ana")]
    assert list(changes.linked) == [(phone("55"), first), (user("BR.1"), first)]


def test_a_known_contact_with_nothing_new_needs_no_write():
    ana = stored(phone("55"), 1, name="Ana", wa_id="55", user_id="BR.1")
    book = ContactBook({phone("55"): ana, user("BR.1"): ana})
    assert admit(book, phone("55"), user("BR.1"), name="Ana") == ana.contact_id
    assert not any((book.changes().created, book.changes().linked, book.changes().merged, book.changes().updated))


def test_a_newly_seen_identity_and_name_are_kept_with_the_contact():
    ana = stored(phone("55"), 1, name="Ana", wa_id="55")
    book = ContactBook({phone("55"): ana})
    admit(book, phone("55"), user("BR.1"), name="Ana Maria")
    changes = book.changes()
    assert list(changes.linked) == [(user("BR.1"), ana.contact_id)]
    assert [(each.name, each.wa_id, each.user_id) for each in changes.updated] == [("Ana Maria", "55", "BR.1")]


def test_a_message_without_a_name_keeps_the_known_one():
    ana = stored(phone("55"), 1, name="Ana", wa_id="55")
    book = ContactBook({phone("55"): ana})
    admit(book, phone("55"))
    assert book.contact(ana.contact_id).name == "Ana"


def test_of_two_contacts_that_are_one_person_the_older_wins():
    old, young = stored(user("BR.1"), 1, user_id="BR.1"), stored(phone("55"), 2, name="Ana", wa_id="55")
    book = ContactBook({user("BR.1"): old, phone("55"): young})
    assert admit(book, phone("55"), user("BR.1")) == old.contact_id
    assert list(book.changes().merged) == [Merge(ORGANIZATION, young.contact_id, old.contact_id)]
    assert book.contact(young.contact_id) == book.contact(old.contact_id)
    assert book.contact(old.contact_id).name == "Ana"


def test_a_message_before_the_merge_ends_at_the_winner_too():
    old, young = stored(user("BR.1"), 1), stored(phone("55"), 2)
    book = ContactBook({user("BR.1"): old, phone("55"): young})
    early = admit(book, phone("55"), name="Ana")
    admit(book, phone("55"), user("BR.1"))
    assert book.contact(early).contact_id == old.contact_id


def test_a_contact_that_was_only_just_made_up_is_never_stored_when_it_loses():
    old = stored(phone("55"), 1, wa_id="55")
    book = ContactBook({phone("55"): old})
    admit(book, user("BR.1"))
    admit(book, phone("55"), user("BR.1"))
    changes = book.changes()
    assert not changes.created
    assert not changes.merged
    assert list(changes.linked) == [(user("BR.1"), old.contact_id)]


def test_the_parent_id_is_kept_but_joins_nobody():
    book = ContactBook({})
    first, second = admit(book, user("BR.1"), parent="BR.ENT.9"), admit(book, user("US.1"), parent="BR.ENT.9")
    assert first != second
    assert (Identity(ORGANIZATION, "parent_user_id", "BR.ENT.9"), first) in book.changes().linked
    assert book.contact(second).parent_user_id == "BR.ENT.9"


GROUPS = st.lists(
    st.lists(st.sampled_from([phone(f"55{n}") for n in range(4)] + [user(f"BR.{n}") for n in range(4)]), min_size=1),
    min_size=1,
    max_size=8,
)


def partition(groups: list[list[Identity]]) -> set[frozenset[Identity]]:
    """The plain way to say who is one person: join groups that share an identity until none do."""
    people: list[set[Identity]] = []
    for group in groups:
        touching = [person for person in people if person & set(group)]
        people = [person for person in people if person not in touching] + [set(group).union(*touching)]
    return {frozenset(person) for person in people}


@given(GROUPS, st.integers(0, 8))
def test_identities_named_together_are_one_contact_and_all_others_are_not(groups, split):
    first = ContactBook({})
    for group in groups[:split]:
        admit(first, *group)
    changes = first.changes()
    contacts = {contact.contact_id: contact for contact in changes.created}
    known = {identity: Contact(ORGANIZATION, key, 1.0 + list(contacts).index(key)) for identity, key in changes.linked}
    second = ContactBook(known)
    for group in groups[split:]:
        admit(second, *group)
    owners: dict[UUID, set[Identity]] = {}
    linked = dict(second.changes().linked)
    for identity in {identity for group in groups for identity in group}:
        key = linked[identity] if identity in linked else second.contact(known[identity].contact_id).contact_id
        owners.setdefault(key, set()).add(identity)
    assert {frozenset(owned) for owned in owners.values()} == partition(groups)
