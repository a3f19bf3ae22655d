"""REST: who may erase and export, and what they are told."""

import json
from uuid import uuid4

import pytest

from services.ingress.privacy.ports import ExportedPage, ExportedRow
from tests.fakes.ingress_privacy import person_of
from tests.fixtures.rest import Asker

PHONE = "5511987654321"


async def test_an_erasure_is_taken_and_its_job_told(asker: Asker) -> None:
    asker.rights.register.people.append(person_of(PHONE))

    begun = await asker.post(f"/api/v1/contacts/{PHONE}/erasure", {})
    told = await asker.get(f"/api/v1/privacy/jobs/{begun.json()['id']}")

    assert begun.status_code == 202
    assert told.json() == begun.json()
    assert {name: begun.json()[name] for name in ("kind", "state", "finished_at")} == {
        "kind": "erasure", "state": "open", "finished_at": None,
    }  # fmt: skip
    assert PHONE not in begun.text


async def test_an_export_is_lines_of_json(asker: Asker) -> None:
    asker.rights.register.people.append(person_of(PHONE))
    asker.rights.rooms["router"].pages = [ExportedPage([ExportedRow("contact", b'{"name":"Bia"}')])]

    answer = await asker.get(f"/api/v1/contacts/{PHONE}/export")

    first, *_, last = [json.loads(line) for line in answer.text.splitlines()]
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert (first, last["kind"]) == ({"room": "router", "kind": "contact", "data": {"name": "Bia"}}, "report")


async def test_somebody_without_a_phone_number_is_named_by_user_id(asker: Asker) -> None:
    asker.rights.register.people.append(person_of(user_ids=["BR.77ana"]))

    assert (await asker.post("/api/v1/contacts/BR.77ana/erasure", {})).status_code == 202


async def test_nobody_is_told_of_as_such(asker: Asker) -> None:
    answers = [
        await asker.post(f"/api/v1/contacts/{PHONE}/erasure", {}),
        await asker.get(f"/api/v1/contacts/{PHONE}/export"),
        await asker.get(f"/api/v1/privacy/jobs/{uuid4()}"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert [answer.json()["error_code"] for answer in answers] == [
        "CONTACT_NOT_FOUND", "CONTACT_NOT_FOUND", "PRIVACY_JOB_NOT_FOUND",
    ]  # fmt: skip


async def test_a_job_of_another_organization_is_not_there(asker: Asker) -> None:
    asker.rights.register.people.append(person_of(PHONE))
    job_id = (await asker.post(f"/api/v1/contacts/{PHONE}/erasure", {})).json()["id"]

    stranger = asker.in_role("org_admin", organization_id=uuid4())

    assert (await stranger.get(f"/api/v1/privacy/jobs/{job_id}")).status_code == 404


@pytest.mark.parametrize(
    ("role", "statuses"),
    [
        ("super_admin", [202, 200, 404]),
        ("org_admin", [202, 200, 404]),
        ("supervisor", [403, 200, 403]),
        ("agent", [403, 403, 403]),
        ("viewer", [403, 403, 403]),
    ],
)
async def test_who_leads_agents_may_export_and_who_looks_after_the_organization_may_erase(
    asker: Asker, role: str, statuses: list[int]
) -> None:
    asker.rights.register.people.append(person_of(PHONE))
    other = asker.in_role(role)
    answers = [
        await other.post(f"/api/v1/contacts/{PHONE}/erasure", {}),
        await other.get(f"/api/v1/contacts/{PHONE}/export"),
        await other.get(f"/api/v1/privacy/jobs/{uuid4()}"),
    ]

    assert [answer.status_code for answer in answers] == statuses
