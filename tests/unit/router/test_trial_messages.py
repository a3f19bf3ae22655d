"""A message in a contact's name takes the same road as a real one."""

from uuid import UUID, uuid4

import pytest

from services.chassis.errors import InvalidArgument, NotFound, Unavailable
from services.router.domain.outcome import Outcome
from services.router.usecases.trial_message import TrialMessage
from tests.unit.router.town import FLOW, NOW, Town, message, number

PHONE = "5581900000001"
OTHER_FLOW = UUID("6a1c0c9e-3d5e-4a65-9a57-0a4f2b1d7e21")


def trial(organization_id: UUID, event_id: str = "trial:1", **changes) -> TrialMessage:
    fields = {"phone_number": PHONE, "text": "oi", "flow_id": None} | changes
    return TrialMessage(organization_id=organization_id, event_id=event_id, **fields)


async def test_it_opens_a_window_and_starts_the_usual_flow_on_the_first_active_number():
    town = Town()
    organization_id = await town.organization(number("3"), number("2"), number("1", is_active=False))
    conversation_id = await town.trials.submit(trial(organization_id))
    (routed,) = town.executor.taken
    assert routed.conversation.conversation_id == conversation_id
    assert (routed.conversation.phone_number_id, routed.choice.flow_id, routed.choice.reason) == ("2", FLOW, "number")
    assert routed.conversation.window_expires_at == int(NOW.timestamp()) + 24 * 3600


async def test_it_starts_the_flow_that_is_asked_for():
    town = Town()
    organization_id = await town.organization(number())
    await town.trials.submit(trial(organization_id, flow_id=OTHER_FLOW))
    assert (town.executor.taken[0].choice.flow_id, town.executor.taken[0].choice.reason) == (OTHER_FLOW, "test")


async def test_it_goes_on_where_the_contact_last_wrote_and_leaves_an_open_window_alone():
    town = Town()
    organization_id = await town.organization(number("1"), number("2"))
    written_at = int(NOW.timestamp()) - 3600
    await town.route(message("e1", PHONE, phone_number_id="2", sent_at=written_at))
    conversation_id = await town.trials.submit(trial(organization_id, phone_number="+55 81 90000-0001"))
    assert [conversation_id] * 2 == town.conversations
    assert town.executor.taken[1].conversation.window_expires_at == written_at + 24 * 3600


async def test_it_counts_once():
    town = Town()
    organization_id = await town.organization(number())
    assert await town.trials.submit(trial(organization_id)) == await town.trials.submit(trial(organization_id))
    assert len(town.executor.taken) == 1


async def test_it_does_not_wake_the_bot_in_a_conversation_of_a_person():
    town = Town()
    organization_id = await town.organization(number())
    await town.trials.submit(trial(organization_id))
    await town.owners.set(organization_id=organization_id, contact=PHONE, phone_number_id="", owner="person")
    await town.trials.submit(trial(organization_id, "trial:2", flow_id=OTHER_FLOW))
    assert not town.executor.taken[1].choice.may_run_flow


async def test_without_an_active_number_there_is_nowhere_to_write():
    town = Town()
    organization_id = await town.organization(number(is_active=False))
    with pytest.raises(NotFound, match="no active number"):
        await town.trials.submit(trial(organization_id))
    with pytest.raises(NotFound, match="organization"):
        await town.trials.submit(trial(uuid4()))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"phone_number": "Ana"}, "phone_number"),
        ({"text": " "}, "text"),
        ({"text": "x" * 4097}, "text"),
        ({"event_id": ""}, "event_id"),
    ],
)
async def test_a_wrong_field_is_named(changes, field):
    town = Town()
    organization_id = await town.organization(number())
    with pytest.raises(InvalidArgument, match=f"^{field}"):
        await town.trials.submit(trial(organization_id, **changes))


async def test_what_executor_says_is_passed_on():
    town = Town()
    organization_id = await town.organization(number())
    town.executor.answer = lambda _: Outcome("retry", 50)
    with pytest.raises(Unavailable):
        await town.trials.submit(trial(organization_id))
    town.executor.answer = lambda _: Outcome("invalid", reason="flow is gone")
    with pytest.raises(InvalidArgument, match="flow is gone"):
        await town.trials.submit(trial(organization_id))
