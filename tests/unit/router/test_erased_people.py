"""Whoever was erased leaves no trace: repeats are known by their time, and who writes again is somebody new."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from services.router.domain.contacts import Contact, ContactBook
from services.router.domain.identity import Identity, contact_id_of
from services.router.domain.message import Message, Notice
from services.router.usecases import Privacy
from services.router.usecases.trial_message import TrialMessage
from tests.fakes.router_people import FakePeople
from tests.unit.router.town import NOW, NUMBER, Town, message, number

ANA = "5581900000001"
SECOND = int(NOW.timestamp())


class Village(Town):
    """A town in which people can be erased, at NOW."""

    async def erase(self, organization_id: UUID, contact: str) -> None:
        privacy = Privacy(FakePeople(self.store, NOW))
        person = await privacy.find(organization_id=organization_id, contact=contact)
        assert await privacy.erase(organization_id=organization_id, job_id=uuid4(), person=person)


def later(event_id: str, seconds: int = 1, **fields: object) -> Message:
    """Written after the erasure."""
    return message(event_id, sent_at=SECOND + seconds, **fields)


async def erased_ana(**fields: object) -> tuple[Village, UUID]:
    town = Village()
    organization_id = await town.organization(number())
    assert await town.route(message("e1", **fields)) == ["ok"]
    await town.erase(organization_id, ANA)
    return town, organization_id


async def test_a_repeat_of_an_erased_persons_message_goes_nowhere():
    town, _ = await erased_ana(profile_name="Ana")
    assert await town.route(message("e1", profile_name="Ana"), message("e0", sent_at=SECOND - 86_400)) == ["erased"] * 2
    assert not town.store.rows.contacts
    assert not town.store.rows.identities
    assert not town.store.rows.conversations
    assert len(town.executor.taken) == 1


async def test_what_memory_knows_of_an_erased_person_is_not_believed():
    town, _ = await erased_ana()
    # The contact is remembered from its first message.
    assert await town.route(message("e1")) == ["erased"]


async def test_who_writes_again_is_a_contact_of_its_own_with_another_conversation():
    town, _ = await erased_ana()
    assert await town.route(later("e2")) == ["ok"]
    first, second = town.executor.taken
    assert first.contact.contact_id != second.contact.contact_id
    assert first.conversation.conversation_id != second.conversation.conversation_id


async def test_an_old_repeat_stays_out_after_the_person_has_written_again():
    town, _ = await erased_ana()
    assert await town.route(later("e2")) == ["ok"]
    # From memory as well as from the store.
    assert await town.route(message("e1"), later("e3", 2)) == ["erased", "ok"]
    assert await town.route(message("e1")) == ["erased"]
    assert [routed.message.event_id for routed in town.executor.taken] == ["e1", "e2", "e3"]


async def test_a_repeat_and_a_new_message_in_one_batch_are_told_apart():
    town, _ = await erased_ana()
    assert await town.route(message("e1"), later("e2"), message("e0")) == ["erased", "ok", "erased"]


@pytest.mark.parametrize("sent_at", [0, SECOND])
async def test_what_says_no_time_or_the_same_second_counts_as_old(sent_at: int):
    town, _ = await erased_ana()
    assert await town.route(message("e2", sent_at=sent_at)) == ["erased"]


async def test_a_message_without_a_time_of_somebody_nobody_erased_is_routed():
    town, _ = await erased_ana()
    assert await town.route(message("e2", "5581900000002", sent_at=0)) == ["ok"]


async def test_every_name_of_an_erased_person_is_known():
    town, _ = await erased_ana(user_id="BR.1")
    old = SECOND - 1
    assert (
        await town.route(message("e2", "", user_id="BR.1", sent_at=old), message("e3", sent_at=old)) == ["erased"] * 2
    )
    assert await town.route(later("e4", user_id="BR.2"), message("e5", "", user_id="BR.1", sent_at=old)) == [
        "ok", "erased",
    ]  # fmt: skip


async def test_an_id_that_was_erased_and_turns_up_with_a_known_contact_takes_its_time_along():
    town, _ = await erased_ana(user_id="BR.1")
    assert await town.route(message("e6", "5581900000009")) == ["ok"]
    assert await town.route(later("e7", wa_id="5581900000009", user_id="BR.1")) == ["ok"]
    # What was written before under that id is of somebody else.
    assert await town.route(message("e8", "", user_id="BR.1", sent_at=SECOND - 5)) == ["erased"]


async def test_a_notice_of_before_links_no_names_of_an_erased_person():
    town, _ = await erased_ana()
    notice = Notice("user_changed_number", ANA, "5581900000007")
    assert await town.route(message("e2", ANA, kind="system", notice=notice)) == ["erased"]
    assert not town.store.rows.identities


async def test_another_organizations_contact_with_the_same_number_stays():
    town = Village()
    first = await town.organization(number(), name="Um")
    await town.organization(number("200300400"), name="Dois")
    assert await town.route(message("e1"), message("e2", phone_number_id="200300400")) == ["ok", "ok"]
    await town.erase(first, ANA)
    assert await town.route(message("e3"), message("e4", phone_number_id="200300400")) == ["erased", "ok"]


async def test_a_number_at_rest_does_not_make_ingress_keep_an_erased_persons_message():
    town, organization_id = await erased_ana()
    await town.directory.put_number(organization_id=organization_id, number=number(is_active=False))
    assert await town.route(message("e1"), later("e2")) == ["erased", "unroutable"]


async def test_somebody_erased_twice_is_two_people_gone():
    town, organization_id = await erased_ana()
    assert await town.route(later("e2")) == ["ok"]
    people = FakePeople(town.store, NOW + timedelta(seconds=60))
    person = await Privacy(people).find(organization_id=organization_id, contact=ANA)
    await people.erase(organization_id=organization_id, job_id=uuid4(), person=person)
    assert await town.route(later("e2"), later("e3", 61)) == ["erased", "ok"]
    assert len({routed.contact.contact_id for routed in town.executor.taken}) == 3


def test_a_merge_keeps_the_later_of_two_erasures():
    organization_id = uuid4()
    phone, user = Identity(organization_id, "wa_id", ANA), Identity(organization_id, "user_id", "BR.1")
    old = Contact(organization_id, contact_id_of(phone), 1, wa_id=ANA, not_before=50)
    young = Contact(organization_id, contact_id_of(user), 2, user_id="BR.1", not_before=70)
    book = ContactBook({phone: old, user: young})
    contact_id = book.admit(Message("e", NUMBER, sent_at=80), [phone, user], None)
    assert book.contact(contact_id).not_before == 70
    assert not book.is_of_erased(Message("e", NUMBER, sent_at=71), [phone])
    assert book.is_of_erased(Message("e", NUMBER, sent_at=70), [user])


async def test_a_test_message_in_the_name_of_somebody_erased_makes_them_anew():
    town, organization_id = await erased_ana()
    wanted = TrialMessage(organization_id=organization_id, phone_number=ANA, text="oi", flow_id=None, event_id="t1")
    assert await town.trials.submit(wanted) not in [town.conversations[0]]
