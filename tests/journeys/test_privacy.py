"""People's rights: everything about somebody is told, and erased wherever it lies; no repeat brings it back."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import httpx
import psycopg
import pytest

from tests.journeys import webhooks
from tests.journeys.canaries import places_of
from tests.journeys.conftest import OpenShop
from tests.journeys.house import CommandFailed
from tests.journeys.lives import Life, live, now, wamid_of
from tests.journeys.patience import eventually
from tests.journeys.shop import Shop, flow_of
from tests.journeys.webhooks import Element, Person

BOXES = (
    "ingress.out", "ingress.status", "executor.inbox", "executor.outbox", "executor.records", "sender.inbox",
    "sender.records",
)  # fmt: skip

# Wherever a number, a name or a text of somebody's lies after a journey.
PLACES = {
    "router.contact.name",
    "router.contact.wa_id",
    "router.contact.user_id",
    "router.contact_identity.value",
    "executor.conversation_states.phone_number",
    "executor.conversation_states.user_id",
    "executor.conversation_states.variables",
    "sender.message.recipient_wa_id",
    "sender.message.recipient_user_id",
    "sender.message.wamids",
    "sender.message_wamid.wamid",
    "sender.parked_status.wamid",
    "sender.parked_status.event_id",
    "sender.campaign_recipient.recipient",
    "sender.campaign_recipient.parameters",
    "analytics.conversation_logs.phone_number",
    "analytics.conversation_logs.user_message",
    "analytics.conversation_logs.bot_response",
    "analytics.conversation_logs.record_id",
    "ingress.event.fields",
    *(f"{box}_item.payload" for box in BOXES),
    *(f"{box}_dead.payload" for box in BOXES),
    "ingress.out_item.event_id",
    "ingress.status_item.event_id",
    "executor.inbox_item.event_id",
}


def give_up(shop: Shop) -> None:
    """As if every item of the shop had been given up on: a copy of each lies among the dead letters."""
    ours = "organization_id = (SELECT organization_id FROM router.organization WHERE name = %s)"
    with psycopg.connect(shop.house.first_status["postgres"]["url"], autocommit=True) as connection:
        for box in BOXES:
            is_ingress = box.startswith("ingress.")
            group, which = (
                ("number_key", "strpos(encode(payload, 'escape'), %s) > 0") if is_ingress else ("organization_id", ours)
            )
            columns = f"{group}, lane_id, event_id, received_at, payload"
            copied = f"SELECT {columns}, 9, 'given up' FROM {box}_item WHERE {which}"
            mine = shop.number if is_ingress else shop.name
            connection.execute(f"INSERT INTO {box}_dead ({columns}, attempts, error) {copied}".encode(), (mine,))


def dead_of(shop: Shop, box: str) -> list[int]:
    """The dead letters of a box."""
    lines = shop.house.pytake("dead", "list", "--box", box, "--json").splitlines()
    return [json.loads(line)["dead_id"] for line in lines]


def erase(shop: Shop, phone: str) -> dict[str, Any]:
    """Erase somebody by the command line and wait; the job."""
    said = shop.house.pytake("privacy", "erase", "--organization", shop.name, "--phone", phone, "--wait", "--json")
    job: dict[str, Any] = json.loads(said)
    return job


def rows_in(job: Mapping[str, Any]) -> dict[str, int]:
    """A report's rows by table."""
    return {table: rows for tables in job["report"]["rows"].values() for table, rows in tables.items()}


@pytest.fixture
def shop(open_shop: OpenShop) -> Shop:
    """A shop that asks questions, with a second number that is at rest."""
    opened = open_shop({"echo": flow_of("echo")})
    document = opened.document({"echo": flow_of("echo")})
    second = opened.number_entry(opened.second_number, default_flow="echo", active=False)
    document["organizations"][0]["numbers"].append(second)
    opened.apply(document)
    return opened


def test_an_erased_person_is_nowhere_and_a_neighbour_is_where_they_were(shop: Shop) -> None:
    life, neighbour = live(shop, 1), live(shop, 2)
    give_up(shop)
    assert set(life.places()) >= PLACES
    before = neighbour.places()

    job = erase(shop, life.person.wa_id)

    assert life.places() == {}
    # Finished bundles for the log are of many people and serve nobody: they go with the first who goes.
    assert neighbour.places() == {place: rows for place, rows in before.items() if "records_item" not in place}
    assert (job["kind"], job["state"]) == ("erasure", "done")
    assert {"router.contact", "executor.conversation_states", "sender.message", "analytics.conversation_logs",
            "ingress.out_item", "ingress.event"} <= set(rows_in(job))  # fmt: skip
    assert rows_in(job)["router.contact"] == 1
    assert [step["room"] for step in job["report"]["steps"]][:5] == [
        "router", "ingress", "executor", "sender", "analytics",
    ]  # fmt: skip
    assert not any(canary in json.dumps(job) for canary in life.canaries)


def test_nothing_that_is_repeated_brings_an_erased_person_back(shop: Shop) -> None:
    life, neighbour = live(shop, 1), live(shop, 2)
    give_up(shop)
    erase(shop, life.person.wa_id)
    answered = shop.replies(life.person)
    heard = neighbour.places()["analytics.conversation_logs.user_message"]

    life.repeat()
    for box in BOXES:
        if dead := dead_of(shop, box):
            shop.house.pytake("dead", "replay", box, *map(str, dead))
    shop.house.settle()

    assert life.places() == {}
    assert shop.replies(life.person) == answered
    assert neighbour.places()["analytics.conversation_logs.user_message"] >= heard


def test_who_writes_again_is_somebody_new_and_old_repeats_stay_out(shop: Shop) -> None:
    life, token = live(shop, 1), shop.token()
    former = shop.conversation(life.person, token=token)
    erase(shop, life.person.wa_id)
    gone = shop.ask("GET", f"/conversations/{life.person.wa_id}", token=token)
    assert (gone.status_code, gone.json()["error_code"]) == (404, "CONVERSATION_NOT_FOUND")
    erased_second = int(time.time())

    later = eventually(lambda: int(time.time()) > erased_second and now(), "the next second")
    shop.hear(life.person, webhooks.text(life.person, "here I am again") | {"timestamp": later})
    life.repeat()

    found = shop.conversation(life.person, token=token)
    assert [line["content"] for line in found["messages"] if line["type"] == "user"] == ["here I am again"]
    assert found["created_at"] >= former["created_at"]
    assert dict(places_of(shop.house, life.words)) == {}


def test_rest_erases_exports_and_reports(shop: Shop) -> None:
    life, token = live(shop, 1), shop.token()
    path = f"/contacts/{life.person.wa_id}"
    lines = export_of(shop.ask("GET", f"{path}/export", token=token))
    assert {canary for canary in life.canaries if canary in json.dumps(lines)} == set(life.canaries)

    begun = shop.ask("POST", f"{path}/erasure", token=token)
    again = shop.ask("POST", f"{path}/erasure", token=token)

    assert begun.status_code == 202, begun.text
    assert again.json()["id"] == begun.json()["id"] or again.status_code == 404
    job_id = begun.json()["id"]

    def ended() -> dict[str, Any] | None:
        job: dict[str, Any] = shop.ask("GET", f"/privacy/jobs/{job_id}", token=token).json()
        return job if job["state"] == "done" else None

    job = eventually(ended, "an erasure that is done")
    assert job["report"]["rows"]["router"]["router.contact"] == 1
    assert shop.ask("GET", f"{path}/export", token=token).json()["error_code"] == "CONTACT_NOT_FOUND"
    assert shop.ask("POST", f"{path}/erasure", token=token).json()["error_code"] == "CONTACT_NOT_FOUND"


@pytest.mark.parametrize(("role", "may_export"), [("supervisor", True), ("agent", False), ("viewer", False)])
def test_rights_are_for_those_who_look_after_an_organization(shop: Shop, role: str, *, may_export: bool) -> None:
    token = shop.token(role)
    erasure = shop.ask("POST", "/contacts/5511/erasure", token=token)
    export = shop.ask("GET", "/contacts/5511/export", token=token)

    assert erasure.json()["error_code"] == "AUTH_INSUFFICIENT_PERMISSION"
    assert export.json()["error_code"] == ("CONTACT_NOT_FOUND" if may_export else "AUTH_INSUFFICIENT_PERMISSION")


def test_an_export_tells_everything_room_by_room_and_says_when_it_is_whole(shop: Shop) -> None:
    life = live(shop, 1)
    out = shop.house.data.parent / "export.jsonl"
    shop.house.pytake(
        "privacy", "export", "--organization", shop.name, "--phone", life.person.wa_id, "--out", str(out)
    )  # fmt: skip
    lines = [json.loads(line) for line in out.read_text().splitlines()]

    rooms = list(dict.fromkeys(line["room"] for line in lines))
    assert rooms == ["router", "executor", "sender", "analytics", "ingress"]
    assert {(line["room"], line["kind"]) for line in lines} >= {
        ("router", "contact"), ("router", "identity"), ("router", "conversation"), ("executor", "conversation_state"),
        ("executor", "event"), ("executor", "reply"), ("sender", "message"), ("sender", "message_content"),
        ("analytics", "log"), ("ingress", "webhook_message"), ("ingress", "webhook_status"), ("ingress", "kept_event"),
    }  # fmt: skip
    assert lines[-1]["kind"] == "report"
    assert sum(sum(kinds.values()) for kinds in lines[-1]["data"]["rows"].values()) == len(lines) - 1
    said = [line["data"]["content"] for line in lines if (line["room"], line["kind"]) == ("ingress", "webhook_message")]
    assert [each["text"] for each in said][:3] == list(life.words)
    told = shop.house.pytake("privacy", "report", "--organization", shop.name, "--json").splitlines()
    assert [json.loads(line)["kind"] for line in told] == ["export"]


def test_two_people_who_turn_out_to_be_one_are_erased_under_all_names(shop: Shop) -> None:
    wa_id = shop.person(5).wa_id
    # The house is shared: nobody else's words may look like these.
    shown = Person(wa_id, "", f"Shown {shop.serial}")
    hidden = Person("", f"BR.6{shop.serial:09d}", f"Hidden {shop.serial}")
    both = Person(wa_id, hidden.user_id, f"Both {shop.serial}")
    words = [f"said {shop.serial} {how}" for how in ("by number", "by id", "as both")]
    for person, said in zip((shown, hidden, both), words, strict=True):
        shop.hear_text(person, said)
    canaries = [wa_id, hidden.user_id, shown.name, hidden.name, both.name, *words]
    assert places_of(shop.house, canaries)

    job = erase(shop, hidden.user_id)

    assert dict(places_of(shop.house, canaries)) == {}
    assert rows_in(job)["router.contact"] == 2


# What tells when something was, in the tables that keep it for longer than the nine days of webhooks and messages.
AGES = {
    "router.contact": ("created_at", "contact_id = ANY (%(contacts)s)"),
    "router.conversation": ("last_inbound_at", "contact_id = ANY (%(contacts)s)"),
    "executor.conversation_states": ("last_message_at, session_expires_at", "contact_id = ANY (%(contacts)s)"),
    "sender.message": ("created_at", "recipient_wa_id = %(wa_id)s"),
    "sender.campaign": (
        "paced_until",
        "campaign_id IN (SELECT campaign_id FROM sender.campaign_recipient WHERE recipient = %(wa_id)s)",
    ),
    "sender.parked_status": ("parked_at", "wamid = %(of_nobody)s"),
    "analytics.conversation_logs": ("occurred_at", "phone_number = %(wa_id)s"),
}


def grow_old(life: Life) -> None:
    """As if all of it had been forty days ago."""
    with psycopg.connect(life.shop.house.first_status["postgres"]["url"], autocommit=True) as connection:
        values: dict[str, Any] = {"wa_id": life.person.wa_id, "of_nobody": wamid_of(life.person, "of-nobody")}
        values["contacts"] = [
            row[0]
            for row in connection.execute(
                "SELECT contact_id FROM router.contact_identity WHERE value = %(wa_id)s", values
            ).fetchall()
        ]
        for table, (columns, whose) in AGES.items():
            aged = ", ".join(f"{column} = {column} - interval '40 days'" for column in columns.split(", "))
            connection.execute(f"UPDATE {table} SET {aged} WHERE {whose}".encode(), values)


def test_what_is_older_than_an_organization_keeps_things_goes_and_the_rest_stays(shop: Shop) -> None:
    life, neighbour = live(shop, 1), live(shop, 2)
    grow_old(life)
    before = neighbour.places()
    shop.house.pytake("privacy", "retention", "--organization", shop.name, "--days", "30")

    # ingress looks every hour, and when it starts.
    shop.house.kill("ingress")

    def ended() -> dict[str, Any] | None:
        try:
            told = shop.house.pytake("privacy", "report", "--organization", shop.name, "--json").splitlines()
        except CommandFailed:  # it is not back yet
            return None
        jobs: list[dict[str, Any]] = [json.loads(line) for line in told]
        return next((job for job in jobs if (job["kind"], job["state"]) == ("retention", "done")), None)

    job = eventually(ended, "a retention run that is done")
    kept_for_days = {place for place in life.places() if "_item." in place or place.startswith("ingress.event.")}
    # Whoever wants no messages wants none however long ago they said so.
    assert set(life.places()) == {*kept_for_days, "sender.opt_out.recipient"}
    assert neighbour.places() == before
    assert {table: rows for table, rows in rows_in(job).items() if table != "sender.message_wamid"} == {
        "router.contact": 1, "router.contact_identity": 2, "router.conversation": 1, "sender.parked_status": 2,
        "executor.conversation_states": 1, "sender.message": len(shop.sent_to(life.person)),
        "sender.campaign_recipient": 1,
        "analytics.conversation_logs": rows_in(job)["analytics.conversation_logs"],
    }  # fmt: skip


def export_of(answer: httpx.Response) -> list[Element]:
    """The lines of an export over REST."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in answer.text.splitlines()]
