"""Each request of the product contract over a running house: its answer has the contract's keys, types and formats."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.journeys import webhooks
from tests.journeys.conftest import OpenShop
from tests.journeys.shop import Shop, flow_of, sign, texts

DATA = Path(__file__).resolve().parents[1] / "data" / "contract"
SHAPES: dict[str, Any] = json.loads((DATA / "shapes.json").read_text())
SHORT: list[dict[str, Any]] = json.loads((DATA / "short-bodies.json").read_text())
FORMS = {
    "words": ".+",
    "code": "[A-Z]+(_[A-Z]+)+",
    "id": "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "phone": r"\+55 \d\d \d{5}-\d{4}",
    "phone at home": r"\d\d \d{5}-\d{4}",
    "digits": r"\d{12,13}",
    "time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "bare time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d",
    "date": r"\d{4}-\d\d-\d\d",
    "user or bot": "user|bot",
}
KINDS: dict[str, tuple[type, ...]] = {
    "count": (int,),
    "number": (int, float),
    "yes or no": (bool,),
    "values": (dict,),
}
PHONE = "5511940028922"


def differences(shape: Any, told: Any, place: str = "") -> Iterator[str]:
    """Where an answer is not of a shape: other keys, another type, another format; lists are looked at whole."""
    if isinstance(shape, dict):
        if not isinstance(told, dict) or shape.keys() != told.keys():
            yield f"{place}: {told!r} has not the keys {sorted(shape)}"
            return
        for key, part in shape.items():
            yield from differences(part, told[key], f"{place}.{key}")
    elif isinstance(shape, list):
        if not isinstance(told, list):
            yield f"{place}: {told!r} is no list"
            return
        for number, each in enumerate(told):
            yield from differences(shape[0], each, f"{place}[{number}]")
    elif not _fits(shape, told):
        yield f"{place}: {told!r} is not {shape}"


def _fits(form: str, told: Any) -> bool:
    if form.startswith("="):
        return bool(told == form[1:])
    if form.endswith("?"):
        return told is None or _fits(form[:-1], told)
    if form in KINDS:
        return isinstance(told, KINDS[form]) and (form == "yes or no" or not isinstance(told, bool))
    return isinstance(told, str) and re.fullmatch(FORMS[form], told, re.DOTALL) is not None


def shaped(answer: httpx.Response, name: str, status: int = 200) -> dict[str, Any]:
    """The body of an answer, which has a shape."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    told: dict[str, Any] = answer.json()
    assert list(differences(SHAPES[name], told)) == []
    return told


@pytest.fixture
def shop(open_shop: OpenShop) -> Shop:
    return open_shop({"seedlings": flow_of("seedlings"), "sign": sign("Fechado às segundas.")})


def test_shapes_tell_what_is_missing_too_much_or_of_another_kind() -> None:
    good = {"status": "closed", "phone_number": "+55 11 94002-8922", "closed_at": "2026-03-04T13:20:00Z"}

    assert list(differences(SHAPES["close"], good)) == []
    for key, value in (("status", "open"), ("phone_number", "5511940028922"), ("closed_at", "2026-03-04T13:20:00")):
        assert len(list(differences(SHAPES["close"], good | {key: value}))) == 1
    assert len(list(differences(SHAPES["close"], good | {"more": 1}))) == 1
    assert len(list(differences(SHAPES["close"], {"status": "closed"}))) == 1
    assert list(differences({"total": "count"}, {"total": True})) == [".total: True is not count"]
    assert list(differences(["words?"], ["a", None, 3])) == ["[2]: 3 is not words?"]


def test_the_handshake_gives_the_challenge_back_as_plain_text(shop: Shop) -> None:
    url = f"{shop.house.http}{webhooks.PATH}"
    right = {"hub.mode": "subscribe", "hub.challenge": "730416", "hub.verify_token": f"canary-verify-{shop.serial}"}

    answer = shop.house.web.get(url, params=right)
    wrong_mode = shop.house.web.get(url, params=right | {"hub.mode": "unsubscribe"})
    wrong_token = shop.house.web.get(url, params=right | {"hub.verify_token": "another"})

    assert (answer.status_code, answer.content) == (200, b"730416")
    assert answer.headers["content-type"].startswith("text/plain")
    assert (wrong_mode.status_code, wrong_mode.json()) == (
        400, {"detail": "Invalid mode", "error_code": "WEBHOOK_INVALID_MODE"},
    )  # fmt: skip
    assert (wrong_token.status_code, wrong_token.json()) == (
        403, {"detail": "Invalid token", "error_code": "WEBHOOK_INVALID_TOKEN"},
    )  # fmt: skip


def test_a_signed_delivery_is_received_and_nothing_else_is(shop: Shop) -> None:
    person = shop.person()
    whole = webhooks.body([webhooks.change(shop.number, [person], messages=texts(person, ["Oi"]))])
    url = f"{shop.house.http}{webhooks.PATH}"

    taken = shop.house.web.post(url, content=whole, headers=webhooks.signed(whole, shop.secret))
    forged = shop.house.web.post(url, content=whole, headers=webhooks.signed(whole, "another secret"))
    unsigned = shop.house.web.post(url, content=whole, headers={"content-type": "application/json"})

    shaped(taken, "received")
    for refused in (forged, unsigned):
        assert (refused.status_code, refused.json()) == (
            403, {"detail": "Invalid signature", "error_code": "WEBHOOK_INVALID_SIGNATURE"},
        )  # fmt: skip


@pytest.mark.parametrize("short", [pytest.param(each, id=each["says"]) for each in SHORT])
def test_a_signed_body_that_lacks_what_meta_always_sends_is_received_too(shop: Shop, short: Mapping[str, Any]) -> None:
    shaped(shop.post(json.dumps(short["body"]).encode()), "received")


def test_conversations_are_listed_and_read_as_the_contract_has_them(shop: Shop) -> None:
    talking, done = shop.person(1), shop.person(2)
    shop.hear_text(talking, "Oi")
    shop.hear_text(done, "Oi", "Ana", "4")
    for role in ("org_admin", "agent", "super_admin"):
        shaped(shop.ask("GET", "/conversations", token=shop.token(role)), "conversations")
    token = shop.token("agent")

    page = shaped(shop.ask("GET", "/conversations", token=token), "conversations")
    ended, active = page["conversations"]
    flow = {"flow_id": active["flow_id"], "is_active": "true", "skip": 0, "limit": 50}
    of_flow = shaped(shop.ask("GET", "/conversations", token=token, params=flow), "conversations")
    one = shaped(shop.ask("GET", f"/conversations/{talking.wa_id}", token=token), "conversation")
    paged = {"skip": 1, "limit": 2}
    part = shaped(shop.ask("GET", f"/conversations/{talking.wa_id}", token=token, params=paged), "conversation")
    over = shaped(shop.ask("GET", f"/conversations/{done.wa_id}", token=token), "conversation")

    assert page["total"] == 2
    assert (active["is_active"], active["current_node_id"]) == (True, "n_nickname")
    assert (ended["is_active"], ended["current_node_id"]) == (False, None)
    assert re.sub(r"\D", "", active["phone_number"]) == talking.wa_id
    assert re.sub(r"\D", "", active["display_phone"]) == talking.wa_id.removeprefix("55")
    assert [each["id"] for each in of_flow["conversations"]] == [active["id"]]
    assert [each["type"] for each in one["messages"]] == ["user", "bot", "bot"]
    assert (part["messages"], part["total_messages"]) == (one["messages"][1:3], 3)
    assert one["current_state"]["execution_path"] == ["n_begin", "n_welcome", "n_nickname"]
    assert over["current_state"]["current_node_id"] is None
    assert over["current_state"]["variables"] == {"apelido": "Ana", "bandejas": "4"}


def test_a_message_in_the_contacts_name_is_processed_until_the_flow_has_ended(shop: Shop) -> None:
    token, path = shop.token(), f"/conversations/{PHONE}/send"

    first = shaped(shop.ask("POST", path, token=token, json={"message": "Quero mudas"}), "send")
    asked = shaped(shop.ask("POST", path, token=shop.token("agent"), json={"message": "Caju"}), "send")
    last = shaped(shop.ask("POST", path, token=token, json={"message": "7"}), "send")
    flows = shop.ask("GET", "/flows", token=token).json()["flows"]
    (other,) = [flow["id"] for flow in flows if flow["name"] == "sign"]
    of_flow = shaped(shop.ask("POST", path, token=token, json={"message": "Oi", "flow_id": other}), "send")

    assert (first["user_message"], first["awaiting_input"], asked["awaiting_input"]) == ("Quero mudas", True, True)
    assert (asked["current_node_id"], last["awaiting_input"]) == ("n_trays", False)
    assert last["bot_responses"] == ["Separadas 7 bandejas para Caju. Até sábado! 🪴"]
    assert last["current_state"]["variables"] == {"apelido": "Caju", "bandejas": "7"}
    # Where it ended, though nobody stands there any more.
    assert last["current_node_id"] == last["current_state"]["execution_path"][-1] == "n_thanks"
    assert (of_flow["bot_responses"], of_flow["current_node_id"]) == (["Fechado às segundas."], "end")


def test_a_conversation_is_closed_once(shop: Shop) -> None:
    person, token = shop.person(), shop.token("agent")
    shop.hear_text(person, "Oi")
    path = f"/conversations/{person.wa_id}"

    closed = shaped(shop.ask("POST", f"{path}/close", token=token, json={}), "close")
    again = shop.ask("POST", f"{path}/close", token=token, json={})
    sent = shop.ask("POST", f"{path}/send", token=token, json={"message": "Oi"})

    assert re.sub(r"\D", "", closed["phone_number"]) == person.wa_id
    for refused in (again, sent):
        assert (refused.status_code, refused.json()) == (
            409, {"detail": "Conversation is closed", "error_code": "CONVERSATION_CLOSED"},
        )  # fmt: skip


def test_figures_reports_and_transcripts_have_the_contracts_shapes(shop: Shop) -> None:
    person, token = shop.person(), shop.token()
    shop.hear_text(person, "Oi", "Ana", "4")
    flow_id = shop.conversation(person, token=token)["flow_id"]
    here, viewer = f"/whatsapp-analytics/flows/{flow_id}", shop.token("viewer")

    for period in ("24h", "7d", "30d", "all"):
        query = {"period": period, "flow_id": flow_id}
        told = shaped(shop.ask("GET", "/analytics/conversations", token=token, params=query), "figures")
        assert (told["period"], told["metrics"]["total_conversations"]) == (period, 1)
    usual = shaped(shop.ask("GET", "/analytics/conversations", token=token), "figures")
    report = shaped(shop.ask("GET", f"{here}/report", token=viewer, params={"days": 30}), "report")
    transcript = shaped(
        shop.ask(
            "GET", f"/whatsapp-analytics/conversations/{person.wa_id}/transcript", token=viewer,
            params={"flow_id": flow_id},
        ),
        "transcript",
    )  # fmt: skip
    heatmap = shaped(shop.ask("GET", f"{here}/nodes-heatmap", token=viewer), "nodes-heatmap")
    days = shaped(shop.ask("GET", f"{here}/daily-activity", token=viewer, params={"days": 365}), "daily-activity")
    segments = shaped(shop.ask("GET", f"{here}/user-segments", token=viewer), "user-segments")

    assert (usual["period"], usual["by_flow"][0]["flow_name"]) == ("7d", "seedlings")
    assert (report["period"]["days"], report["conversations"]["completed"]) == (30, 1)
    assert report["messages"] == {"total": 8, "from_user": 3, "from_bot": 5, "average_per_conversation": 8.0}
    assert (transcript["phone_number"], transcript["message_count"]) == (person.wa_id, 8)
    assert [line["speaker"] for line in transcript["messages"][:3]] == ["user", "bot", "bot"]
    assert (heatmap["period_days"], heatmap["total_visits"]) == (30, 8)
    assert (days["period_days"], days["daily_activity"][0]["messages"]) == (365, 8)
    assert segments["segments"]["active_users"]["count"] == segments["total_users"] == 1


def test_refusals_have_the_contracts_words(shop: Shop) -> None:
    person = shop.person()
    old = {"timestamp": str(int(time.time()) - 26 * 3600)}
    shop.hear(person, webhooks.text(person, "Oi") | old)
    place, token = f"/conversations/{person.wa_id}", shop.token()
    nobody = {"detail": "Not authenticated", "error_code": "AUTH_MISSING_TOKEN"}
    too_little = {"detail": "Insufficient permissions", "error_code": "AUTH_INSUFFICIENT_PERMISSION"}
    unknown = {"detail": "Conversation not found", "error_code": "CONVERSATION_NOT_FOUND"}

    for method, path, role, status, told in (
        ("GET", "/conversations", "", 401, nobody),
        ("POST", f"{place}/send", "", 401, nobody),
        ("GET", "/analytics/conversations", "", 401, nobody),
        ("GET", "/conversations", "viewer", 403, too_little),
        ("POST", f"{place}/send", "super_admin", 403, too_little),
        ("POST", f"{place}/close", "super_admin", 403, too_little),
        ("GET", "/analytics/conversations", "agent", 403, too_little),
        ("GET", f"/conversations/{PHONE}", "agent", 404, unknown),
        ("POST", f"/conversations/{PHONE}/close", "agent", 404, unknown),
    ):
        bearer = shop.token(role) if role else ""
        answer = shop.ask(method, path, token=bearer, json={"message": "Oi"} if method == "POST" else None)
        assert (answer.status_code, answer.json()) == (status, told), (method, path, role)
    flow = shop.ask("GET", f"/whatsapp-analytics/flows/{'0' * 8}-0000-4000-8000-{'0' * 12}/report", token=token)
    late = shop.ask("POST", f"{place}/messages", token=token, json={"content": {"text": {"body": "Ainda aí?"}}})

    assert shaped(flow, "problem", 404)["error_code"] == "FLOW_NOT_FOUND"
    assert shaped(late, "problem", 400)["error_code"] == "WINDOW_EXPIRED"
    assert late.json()["detail"].startswith("24-hour window expired")
