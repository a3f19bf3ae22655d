"""Whoever writes first, on either side, is in one conversation; who is named wrongly gets a sentence."""

from uuid import UUID, uuid4

import pytest

from services.chassis.errors import InvalidArgument, NotFound
from services.pb.common.v1 import errors_pb2
from services.router.domain.identity import Identity, conversation_id_of
from services.router.ports import Addressed
from services.router.usecases.addressing import MOST_ADDRESSEES, Addressee, OpenConversations, Unaddressed
from tests.unit.router.town import NOW, NUMBER, Town, message, number

PHONE = "5581900000001"
WRITTEN_AT = int(NOW.timestamp())


def somebody(**fields) -> Addressee:
    return Addressee(**({"phone_number_id": NUMBER} | fields))


async def opened(town: Town, organization_id: UUID, *addressees: Addressee) -> list[Addressed | Unaddressed]:
    conversations = OpenConversations(town.store, town.store, lambda: NOW)
    return await conversations.open(organization_id=organization_id, addressees=addressees)


async def test_a_contact_who_wrote_is_found_by_number_by_id_and_by_conversation_with_the_window():
    town = Town()
    organization_id = await town.organization(number())
    await town.route(message("e1", PHONE, user_id="BR.77", sent_at=WRITTEN_AT))
    (conversation_id,) = town.conversations
    found = await opened(
        town,
        organization_id,
        somebody(phone_number="+55 81 90000-0001"),
        somebody(user_id="BR.77"),
        Addressee(conversation_id=conversation_id),
    )
    assert found == [Addressed(conversation_id, NUMBER, PHONE, "BR.77", WRITTEN_AT + 24 * 3600)] * 3


async def test_a_contact_who_never_wrote_gets_the_conversation_in_which_the_answer_will_come():
    town = Town()
    organization_id = await town.organization(number())
    first = await opened(town, organization_id, somebody(phone_number=PHONE))
    assert first == await opened(town, organization_id, somebody(phone_number=PHONE))
    (conversation,) = first
    assert isinstance(conversation, Addressed)
    assert (conversation.wa_id, conversation.window_expires_at) == (PHONE, 0)
    await town.route(message("e1", PHONE, user_id="BR.77"))
    assert town.conversations == [conversation.conversation_id]


async def test_looking_leaves_the_conversation_as_it_is():
    town = Town()
    organization_id = await town.organization(number())
    await town.route(message("e1", PHONE, sent_at=WRITTEN_AT - 3600))
    before = dict(town.store.rows.conversations)
    await opened(town, organization_id, somebody(phone_number=PHONE))
    assert town.store.rows.conversations == before


async def test_the_conversation_of_a_contact_who_was_merged_is_the_one_that_took_its_place():
    town = Town()
    organization_id = await town.organization(number())
    await town.route(message("e1", PHONE))
    await town.route(message("e2", "", user_id="BR.77"))
    loser = town.conversations[1]
    await town.route(message("e3", PHONE, user_id="BR.77"))
    (found,) = await opened(town, organization_id, Addressee(conversation_id=loser))
    assert isinstance(found, Addressed)
    assert found.conversation_id == town.conversations[2] != loser


async def test_naming_a_phone_number_and_a_user_id_makes_no_one_contact_of_two():
    town = Town()
    organization_id = await town.organization(number())
    await town.route(message("e1", PHONE), message("e2", "", user_id="BR.77"))
    (found,) = await opened(town, organization_id, somebody(phone_number=PHONE, user_id="BR.77"))
    assert isinstance(found, Unaddressed)
    assert "give one of them" in found.problem
    assert not town.store.rows.merged_into


@pytest.mark.parametrize(
    ("addressee", "reason", "word"),
    [
        (somebody(), errors_pb2.ERROR_REASON_INVALID_FIELD, "recipient"),
        (somebody(phone_number="Ana"), errors_pb2.ERROR_REASON_INVALID_FIELD, "phone_number"),
        (somebody(user_id="BR.\0"), errors_pb2.ERROR_REASON_INVALID_FIELD, "user_id"),
        (somebody(phone_number_id="x", phone_number=PHONE), errors_pb2.ERROR_REASON_INVALID_FIELD, "phone_number_id"),
        (somebody(phone_number_id="9", phone_number=PHONE), errors_pb2.ERROR_REASON_NUMBER_NOT_FOUND, "number"),
        (somebody(phone_number_id="8", phone_number=PHONE), errors_pb2.ERROR_REASON_NUMBER_NOT_FOUND, "number"),
        (Addressee(conversation_id=uuid4()), errors_pb2.ERROR_REASON_CONVERSATION_NOT_FOUND, "conversation_id"),
    ],
)
async def test_one_who_is_named_wrongly_costs_the_others_nothing(addressee: Addressee, reason: int, word: str):
    town = Town()
    organization_id = await town.organization(number(), number("8", is_active=False))
    wrong, right = await opened(town, organization_id, addressee, somebody(phone_number=PHONE))
    assert isinstance(wrong, Unaddressed)
    assert wrong.reason == reason
    assert word in wrong.problem
    assert isinstance(right, Addressed)


async def test_a_neighbours_number_and_conversation_are_as_unknown_as_none():
    town = Town()
    other = await town.organization(number("7"), name="Other")
    await town.route(message("e1", PHONE, phone_number_id="7"))
    (theirs,) = town.conversations
    organization_id = await town.organization(number())
    answers = await opened(
        town, organization_id, somebody(phone_number_id="7", phone_number=PHONE), Addressee(conversation_id=theirs)
    )
    assert [type(each) for each in answers] == [Unaddressed, Unaddressed]
    assert other != organization_id


async def test_an_unknown_organization_and_too_many_at_once_are_refused():
    town = Town()
    with pytest.raises(NotFound):
        await opened(town, uuid4(), somebody(phone_number=PHONE))
    with pytest.raises(InvalidArgument, match="at most 100"):
        await opened(town, uuid4(), *[somebody(phone_number=PHONE)] * (MOST_ADDRESSEES + 1))


async def test_one_who_lost_a_race_is_found_all_the_same():
    town = Town()
    organization_id = await town.organization(number())
    town.store.races_to_lose = 1
    (found,) = await opened(town, organization_id, somebody(user_id="BR.77"))
    contact_id = town.store.rows.identities[Identity(organization_id, "user_id", "BR.77")]
    assert isinstance(found, Addressed)
    assert found.conversation_id == conversation_id_of(contact_id, NUMBER)
