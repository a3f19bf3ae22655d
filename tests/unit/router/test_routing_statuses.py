"""Statuses find the organization of their number and wait for sender's word."""

from dataclasses import replace

from services.router.domain.message import Preference, Status
from services.router.domain.outcome import RETRY
from tests.unit.router.town import NUMBER, Town, message, number


async def test_a_status_reaches_sender_with_the_organization_of_its_number():
    town = Town()
    organization_id = await town.organization(number())
    outcomes = await town.route_statuses(Status(phone_number_id=NUMBER, message_id="wamid.1", source=b"whole"))
    assert [outcome.kind for outcome in outcomes] == ["ok"]
    assert [(routed.organization_id, routed.status.source) for routed in town.sender.taken] == [
        (organization_id, b"whole")
    ]


async def test_statuses_of_unknown_numbers_and_of_other_apps_go_nowhere():
    town = Town()
    await town.organization(number(app="loja/um"))
    outcomes = await town.route_statuses(
        Status(phone_number_id="404", message_id="wamid.1"),
        Status(phone_number_id=NUMBER, message_id="wamid.2", signed_by=("outra/app",)),
        Status(phone_number_id=NUMBER, message_id="wamid.3", signed_by=("loja/um",)),
    )
    assert [outcome.kind for outcome in outcomes] == ["unroutable", "unroutable", "ok"]
    assert [routed.status.message_id for routed in town.sender.taken] == ["wamid.3"]


async def test_a_status_of_a_number_no_longer_active_still_counts():
    town = Town()
    await town.organization(number(is_active=False))
    outcomes = await town.route_statuses(Status(phone_number_id=NUMBER, message_id="wamid.1"))
    assert [outcome.kind for outcome in outcomes] == ["ok"]


async def test_sender_out_of_reach_means_come_back_later():
    town = Town()
    await town.organization(number())
    town.sender.is_away = True
    assert await town.route_statuses(Status(phone_number_id=NUMBER, message_id="wamid.1")) == [RETRY]


async def test_a_preference_reaches_sender_as_news_and_is_noted_with_the_contact():
    town = Town()
    organization_id = await town.organization(number())
    await town.route(message("e1"))
    stop = Status(NUMBER, "", is_news=True, preference=Preference("5581900000001", "", is_out=True))
    assert [outcome.kind for outcome in await town.route_statuses(stop)] == ["ok"]
    assert town.sender.taken == []
    assert [heard.organization_id for heard in town.sender.heard] == [organization_id]
    (contact,) = town.store.rows.contacts.values()
    assert contact.profile.opted_in is False


async def test_news_of_a_template_reach_every_organization_with_numbers_of_the_account():
    town = Town()
    organizations = {await town.organization(number(str(n), waba_id="777"), name=f"Loja {n}") for n in (1, 2)} - {
        await town.organization(number("3", waba_id="888"), name="Outra")
    }
    outcomes = await town.route_statuses(Status("", "", is_news=True, waba_id="777"))
    assert [outcome.kind for outcome in outcomes] == ["ok"]
    assert {heard.organization_id for heard in town.sender.heard} == organizations


async def test_an_account_is_learned_from_its_messages():
    town = Town()
    await town.organization(number())
    news = Status("", "", is_news=True, waba_id="777")
    assert [outcome.kind for outcome in await town.route_statuses(news)] == ["unroutable"]
    await town.route(message("e1", waba_id="777"))
    assert [outcome.kind for outcome in await town.route_statuses(news)] == ["ok"]


async def test_news_signed_by_another_app_are_not_believed():
    town = Town()
    await town.organization(number(app="loja/um", waba_id="777"))
    outcomes = await town.route_statuses(
        Status("", "", is_news=True, waba_id="777", signed_by=("outra/app",)),
        Status("", "", is_news=True, waba_id="777", signed_by=("loja/um",)),
    )
    assert [outcome.kind for outcome in outcomes] == ["unroutable", "ok"]


async def test_news_come_again_when_sender_is_away():
    town = Town()
    await town.organization(number(waba_id="777"))
    town.sender.is_away = True
    assert [outcome.kind for outcome in await town.route_statuses(Status("", "", is_news=True, waba_id="777"))] == [
        "retry"
    ]


def of_number(dialled):
    return Status("", "", is_news=True, waba_id="777", phone_number=dialled)


async def test_news_of_a_number_go_to_the_one_that_is_dialled_so():
    town = Town()
    await town.organization(
        replace(number("1", waba_id="777"), display_phone_number="+55 (81) 3000-0001"),
        replace(number("2", waba_id="777"), display_phone_number="+55 (81) 3000-0002"),
        replace(number("3", waba_id="777"), display_phone_number=""),
    )
    outcomes = await town.route_statuses(of_number("558130000002"), of_number("558130000009"))
    assert [outcome.kind for outcome in outcomes] == ["ok", "ok"]
    # The only number of which nobody knows how it is dialled is the other one.
    assert [heard.about for heard in town.sender.heard] == ["2", "3"]


async def test_news_of_a_number_that_nobody_knows_go_nowhere():
    town = Town()
    unnamed = [replace(number(n, waba_id="777"), display_phone_number="") for n in ("1", "2")]
    await town.organization(*unnamed)
    (outcome,) = await town.route_statuses(of_number("558130000009"))
    assert (outcome.kind, "display_phone_number" in outcome.reason) == ("unroutable", True)
    assert town.sender.heard == []
