"""Messages find their organization, contact, conversation and flow, and wait for executor's word."""

from uuid import UUID

import pytest

from services.chassis.errors import Unavailable
from services.pb.common.v1 import events_pb2
from services.router.domain.message import Notice
from services.router.domain.outcome import RETRY
from services.router.server.routing import read_message
from tests.unit.router.town import FLOW, NOW, NUMBER, Town, message, number

DAY = 24 * 3600


async def test_a_message_reaches_executor_with_all_it_needs():
    town = Town()
    organization_id = await town.organization(number())
    assert await town.route(message("e1", user_id="BR.1", profile_name="Ana", source=b"whole")) == ["ok"]
    (routed,) = town.executor.taken
    assert (routed.contact.wa_id, routed.contact.user_id, routed.contact.name) == ("5581900000001", "BR.1", "Ana")
    assert (routed.conversation.organization_id, routed.conversation.phone_number_id) == (organization_id, NUMBER)
    assert routed.conversation.window_expires_at == int(NOW.timestamp()) + DAY
    assert (routed.choice.may_run_flow, routed.choice.flow_id, routed.choice.reason) == (True, FLOW, "number")
    assert (routed.time_zone, routed.message.source) == ("America/Sao_Paulo", b"whole")


async def test_a_batch_replayed_changes_nothing_and_is_answered_as_a_repeat():
    town = Town()
    await town.organization(number())
    batch = [message("e1", user_id="BR.1"), message("e2", ""), message("e3", user_id="BR.1")]
    assert await town.route(*batch) == ["ok", "unroutable", "ok"]
    before = town.store.rows
    assert await town.route(*batch) == ["duplicate", "unroutable", "duplicate"]
    assert town.store.rows == before


async def test_a_number_nobody_has_is_told_with_the_mend():
    (outcome,) = await Town().messages.route([message("e1")], is_repeat=False)
    assert outcome.kind == "unroutable"
    assert outcome.reason == f"no organization has the number {NUMBER}; add it with `pytake apply`"


async def test_a_number_that_is_not_active_takes_nothing():
    town = Town()
    await town.organization(number(is_active=False))
    assert await town.route(message("e1")) == ["unroutable"]
    assert not town.store.rows.contacts


@pytest.mark.parametrize(
    ("app", "signed_by", "kind"),
    [
        ("loja/um", ("loja/um",), "ok"),
        ("loja/um", ("outra/app", "loja/um"), "ok"),
        ("loja/um", ("outra/app",), "unroutable"),
        ("loja/um", (), "unroutable"),
        ("loja/um", (f"{UUID(int=0)}/house",), "ok"),
        ("", ("outra/app",), "ok"),
    ],
)
async def test_a_number_bound_to_an_app_takes_only_what_that_app_signed(app, signed_by, kind):
    town = Town()
    await town.organization(number(app=app))
    assert await town.route(message("e1", signed_by=signed_by)) == [kind]


async def test_every_message_is_routed_by_its_own_number():
    town = Town()
    first = await town.organization(number("1"), name="Uma")
    second = await town.organization(number("2"), name="Outra")
    await town.route(message("e1", phone_number_id="2"), message("e2", phone_number_id="1"))
    assert [routed.conversation.organization_id for routed in town.executor.taken] == [second, first]
    assert len({routed.contact.contact_id for routed in town.executor.taken}) == 2


async def test_two_quick_messages_of_somebody_new_share_one_conversation_in_order():
    town = Town()
    await town.organization(number())
    await town.route(message("e1", user_id="BR.1"), message("e2", "", user_id="BR.1"))
    assert len(set(town.conversations)) == 1
    assert [routed.message.event_id for routed in town.executor.taken] == ["e1", "e2"]


async def test_a_contact_whose_phone_number_is_hidden_is_known_by_the_user_id():
    town = Town()
    await town.organization(number())
    await town.route(message("e1", user_id="BR.1"))
    await town.route(message("e2", "", user_id="BR.1"))
    assert len(set(town.conversations)) == 1
    assert town.executor.taken[1].contact.wa_id == "5581900000001"


async def test_two_contacts_that_turn_out_to_be_one_go_on_in_the_older_conversation():
    town = Town()
    await town.organization(number())
    await town.route(message("e1", "", user_id="BR.1"))
    await town.route(message("e2"))
    await town.route(message("e3", user_id="BR.1"))
    await town.route(message("e4"))
    first, second, third, fourth = town.conversations
    assert first != second
    assert first == third == fourth


async def test_a_changed_number_goes_on_in_the_same_conversation():
    town = Town()
    await town.organization(number())
    notice = Notice("user_changed_number", "5581900000001", "5581900000002", new_wa_id="5581900000002")
    await town.route(message("e1"))
    await town.route(message("e2", kind="system", notice=notice, is_flow_input=False))
    await town.route(message("e3", "5581900000002"))
    assert len(set(town.conversations)) == 1
    assert town.executor.taken[-1].contact.wa_id == "5581900000002"


async def test_a_notice_opens_no_window_and_runs_no_flow():
    town = Town()
    await town.organization(number())
    await town.route(message("e1", kind="system", is_flow_input=False))
    (routed,) = town.executor.taken
    assert routed.conversation.window_expires_at == 0
    assert not routed.choice.may_run_flow


async def test_a_conversation_given_to_a_person_runs_no_flow_until_it_is_given_back():
    town = Town()
    organization_id = await town.organization(number())
    seen = []
    for place, owner in enumerate(("bot", "person", "bot")):
        await town.route(message(f"first {place}"))
        await town.owners.set(
            organization_id=organization_id, contact="+55 81 90000-0001", phone_number_id="", owner=owner
        )
        await town.route(message(f"then {place}"))
        seen.append(town.executor.taken[-1].choice.may_run_flow)
    assert seen == [True, False, True]


async def test_what_was_put_a_moment_ago_counts_for_the_next_batch():
    town = Town()
    organization_id = await town.organization(number())
    await town.route(message("e1"))
    await town.route(message("e2"))
    assert town.store.setups_read == 1
    await town.directory.put_number(organization_id=organization_id, number=number(default_flow_id=None))
    await town.route(message("e3"))
    assert town.store.setups_read == 2
    assert town.executor.taken[-1].choice.reason == "none"


async def test_a_contact_who_is_known_needs_no_transaction_of_look_ups():
    town = Town()
    await town.organization(number())
    known, stranger = message("e1"), message("e2", "5581900000002")
    await town.route(known)
    before = town.store.transactions
    await town.route(message("e3"), message("e4"))
    assert town.store.transactions == before
    await town.route(message("e5"), stranger, message("e6"))
    assert town.store.transactions == before + 1
    assert [routed.message.event_id for routed in town.executor.taken[-3:]] == ["e5", "e2", "e6"]
    assert town.executor.calls[-1] == 3


async def test_a_name_that_is_new_to_router_counts_for_the_whole_batch():
    town = Town()
    await town.organization(number())
    await town.route(message("e1", profile_name="Ana"))
    await town.route(message("e2"), message("e3", profile_name="Bia"), message("e4"))
    assert [routed.contact.name for routed in town.executor.taken] == ["Ana", "Bia", "Bia", "Bia"]


async def test_contacts_of_two_organizations_with_one_phone_number_are_kept_apart():
    town = Town()
    first = await town.organization(number("1"), name="Uma")
    second = await town.organization(number("2"), name="Outra")
    batch = [message("", phone_number_id="1", profile_name="Ana"), message("", phone_number_id="2")]
    for turn in range(2):
        await town.route(*(each._replace(event_id=f"{turn}.{each.phone_number_id}") for each in batch))
    seen = [(routed.conversation.organization_id, routed.contact.name) for routed in town.executor.taken]
    assert seen == [(first, "Ana"), (second, "")] * 2
    assert len({routed.contact.contact_id for routed in town.executor.taken}) == 2
    assert town.store.transactions == 1


async def test_executor_is_told_what_its_caller_says_of_repeats():
    town = Town()
    await town.organization(number())
    await town.messages.route([message("e1")], is_repeat=False)
    await town.messages.route([message("e1")], is_repeat=True)
    assert town.executor.repeats == [False, True]


async def test_executor_out_of_reach_means_come_back_later():
    town = Town()
    await town.organization(number())
    town.executor.is_away = True
    assert await town.messages.route([message("e1"), message("e2", phone_number_id="404")], is_repeat=False) == [
        RETRY,
        (await town.messages.route([message("e2", phone_number_id="404")], is_repeat=False))[0],
    ]
    town.executor.is_away = False
    assert await town.route(message("e1")) == ["ok"]


async def test_a_race_lost_is_decided_again():
    town = Town()
    await town.organization(number())
    town.store.races_to_lose = 2
    assert await town.route(message("e1")) == ["ok"]


async def test_a_race_that_never_ends_is_given_back_to_the_caller():
    town = Town()
    await town.organization(number())
    town.store.races_to_lose = 100
    with pytest.raises(Unavailable):
        await town.route(message("e1"))


@pytest.mark.parametrize("fields", [{"user_id": "BR.\0"}, {"parent_user_id": "x" * 1000}, {"wa_id": "5" * 300}])
async def test_a_bad_field_costs_only_its_own_message(fields):
    town = Town()
    await town.organization(number())
    outcomes = await town.messages.route([message("e1"), message("e2", **fields), message("e3")], is_repeat=False)
    assert [outcome.kind for outcome in outcomes] == ["ok", "invalid", "ok"]
    assert next(iter(fields)) in outcomes[1].reason


async def test_a_value_only_the_database_refuses_costs_only_its_own_message():
    town = Town()
    await town.organization(number())
    notice = Notice("user_changed_number", "5581900000001", "5581900000002", new_wa_id="5581900000002")
    town.store.refused_name = "\ud800"
    batch = [message("e1", kind="system", notice=notice), message("e2", profile_name="\ud800"), message("e3")]
    assert await town.route(*batch) == ["ok", "invalid", "ok"]
    assert [routed.message.event_id for routed in town.executor.taken] == ["e1", "e3"]


async def test_who_comes_from_an_advertisement_opens_24_hours_like_everybody():
    # Meta's free entry point of 72 hours is a price: the window runs by itself.
    town = Town()
    await town.organization(number())
    sent_at = int(NOW.timestamp())
    came = events_pb2.InboundMessage(
        event_id="e1", phone_number_id=NUMBER, message_id="wamid.1", kind="text", wa_id="5581900000001", text="Oi",
        sent_at=sent_at, received_at_ms=sent_at * 1000, is_flow_input=True,
        fields=b'{"type": "message", "kind": "text", "referral_source_id": "120210000000000000"}',
    )  # fmt: skip
    assert await town.route(read_message(came)) == ["ok"]
    (routed,) = town.executor.taken
    assert routed.conversation.window_expires_at == sent_at + DAY
