"""The audit log of a running house: who changed what, told to those who may know, and proven untouched."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from tests.journeys.conftest import OpenShop
from tests.journeys.house import CommandFailed
from tests.journeys.shop import Shop, flow_of, sign


@pytest.fixture
def shop(open_shop: OpenShop) -> Shop:
    return open_shop({"seedlings": flow_of("seedlings")}, triggers=[{"keyword": "horta", "flow": "seedlings"}])


def changes(shop: Shop, *more: str) -> list[dict[str, Any]]:
    """What was noted of the shop, newest first."""
    listed = shop.house.pytake("audit", "list", "--organization", shop.name, "--json", *more)
    return [json.loads(line) for line in listed.splitlines()]


def test_what_was_applied_is_noted_once_and_without_secrets(shop: Shop) -> None:
    noted = changes(shop)
    assert sorted(change["action"] for change in noted) == [
        "app.put",
        "credential.put",
        "flow.publish",
        "number.put",
        "organization.put",
        "triggers.put",
    ]
    assert {change["actor"] for change in noted} == {"operator"}
    assert f"number:{shop.number}" in {change["object"] for change in noted}

    shop.apply(json.loads((shop.house.data.parent / f"{shop.app}.json").read_text()))
    assert changes(shop) == noted

    assert "canary" not in json.dumps(noted).lower()
    assert "hold" in shop.house.pytake("audit", "verify", "--organization", shop.name)


def test_a_person_who_closes_a_conversation_is_named_over_rest(shop: Shop) -> None:
    person, token = shop.person(), shop.token()
    shop.hear_text(person, "Oi")
    assert shop.ask("POST", f"/conversations/{person.wa_id}/close", token=token, json={}).status_code == 200

    answer = shop.ask("GET", "/audit", token=token, params={"room": "executor", "limit": 1})

    assert answer.status_code == 200
    (change,) = answer.json()["changes"]
    assert (change["actor"], change["action"]) == ("team:cli", "conversation.close")
    assert change["object"].startswith("conversation:")
    assert person.wa_id not in answer.text
    assert shop.ask("GET", "/audit", token=shop.token("agent")).status_code == 403


def test_another_organization_reads_nothing_of_it(shop: Shop, open_shop: OpenShop) -> None:
    other = open_shop({"sign": sign("Oi")})

    found = other.ask("GET", "/audit", token=other.token()).json()["changes"]

    hashes = {change["hash"] for change in changes(shop)}
    assert found
    assert not hashes & {change["hash"] for change in found}


def test_who_tampers_with_the_log_is_found_out(shop: Shop) -> None:
    house = shop.house
    kept = house.data.parent / f"{shop.app}.jsonl"
    kept.write_text(house.pytake("audit", "verify", "--organization", shop.name, "--json"))
    with psycopg.connect(house.first_status["postgres"]["url"], autocommit=True) as administrator:
        organization = administrator.execute(
            "SELECT organization_id FROM router.organization WHERE name = %s", (shop.name,)
        ).fetchone()
        administrator.execute("DELETE FROM sender.audit_event WHERE organization_id = %s", organization)
        house.pytake("audit", "verify", "--organization", shop.name)
        with pytest.raises(CommandFailed, match=r"sender, .* entry 1: the end was cut off: entry 1 was there once"):
            house.pytake("audit", "verify", "--organization", shop.name, "--expect", str(kept))

        administrator.execute(
            "UPDATE router.audit_event SET actor = 'user:7' WHERE organization_id = %s AND seq = 2", organization
        )
    with pytest.raises(CommandFailed, match=rf"router, organization {shop.name} .* entry 2: the columns are not"):
        house.pytake("audit", "verify", "--organization", shop.name)
