"""Statuses find the organization of their number and wait for sender's word."""

from services.router.domain.message import Status
from services.router.domain.outcome import RETRY
from tests.unit.router.town import NUMBER, Town, number


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
