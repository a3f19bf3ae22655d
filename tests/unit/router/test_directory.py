"""What people set up is checked, and every sentence names the field."""

from uuid import uuid4

import pytest

from services.chassis.errors import InvalidArgument, NotFound
from services.router.domain.organization import Trigger
from tests.unit.router.town import FLOW, Town, number


async def put_organization(town, **changes):
    fields = {"name": "Loja", "fallback_flow_id": None, "zone": "", "replace_settings": False} | changes
    return await town.directory.put_organization(**fields)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"zone": "Mars/Olympus"}, "time_zone"),
    ],
)
async def test_an_organization_needs_a_name_and_a_real_time_zone(changes, field):
    with pytest.raises(InvalidArgument, match=f"^{field} "):
        await put_organization(Town(), **changes)


async def test_an_organization_lives_in_sao_paulo_unless_told_otherwise():
    town = Town()
    await put_organization(town)
    (organization,) = await town.directory.list_organizations(name="")
    assert organization.time_zone == "America/Sao_Paulo"


async def test_a_chatbot_has_one_id_for_its_name():
    town = Town()
    organization_id, _ = await put_organization(town)
    fields = {"organization_id": organization_id, "name": "Bot", "main_flow_id": FLOW}
    first = await town.directory.put_chatbot(is_active=True, **fields)
    again = await town.directory.put_chatbot(is_active=True, **fields)
    changed = await town.directory.put_chatbot(is_active=False, **fields)
    assert [first[1], again[1], changed[1]] == [True, False, True]
    assert first[0] == again[0] == changed[0]


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (number(""), "phone_number_id"),
        (number("12a"), "phone_number_id"),
        (number("１２"), "phone_number_id"),
        (number("1" * 33), "phone_number_id"),
        (number(app="no-slash"), "app"),
        (number(app="a/b/c"), "app"),
    ],
)
async def test_a_number_is_checked(wanted, field):
    town = Town()
    organization_id, _ = await put_organization(town)
    with pytest.raises(InvalidArgument, match=f"^{field} "):
        await town.directory.put_number(organization_id=organization_id, number=wanted)


@pytest.mark.parametrize(
    ("trigger", "field"),
    [
        (Trigger(" ", "exact", FLOW), r"triggers\[1\].keyword"),
        (Trigger("x" * 201, "exact", FLOW), r"triggers\[1\].keyword"),
        (Trigger("oi", "exact", FLOW, "+55"), r"triggers\[1\].phone_number_id"),
    ],
)
async def test_the_wrong_one_of_many_triggers_is_named(trigger, field):
    town = Town()
    organization_id, _ = await put_organization(town)
    with pytest.raises(InvalidArgument, match=f"^{field} "):
        await town.directory.put_triggers(
            organization_id=organization_id, triggers=[Trigger("ok", "exact", FLOW), trigger]
        )


async def test_a_thousand_triggers_are_enough():
    town = Town()
    organization_id, _ = await put_organization(town)
    triggers = [Trigger(str(place), "exact", FLOW) for place in range(1001)]
    assert await town.directory.put_triggers(organization_id=organization_id, triggers=triggers[:1000])
    with pytest.raises(InvalidArgument, match=r"^triggers "):
        await town.directory.put_triggers(organization_id=organization_id, triggers=triggers)


async def test_an_owner_is_set_only_where_somebody_wrote():
    town = Town()
    organization_id, _ = await put_organization(town)
    with pytest.raises(NotFound, match="no conversation"):
        await town.owners.set(organization_id=organization_id, contact="558190", phone_number_id="", owner="person")
    with pytest.raises(InvalidArgument, match=r"^phone_number_id"):
        await town.owners.set(organization_id=uuid4(), contact="558190", phone_number_id="x", owner="person")
