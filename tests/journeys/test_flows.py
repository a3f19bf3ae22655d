"""Flows over REST and the command line, over a running house: drafts, versions, and people who are in them."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import httpx
import pytest

from tests.journeys.conftest import OpenShop
from tests.journeys.house import CommandFailed
from tests.journeys.patience import eventually
from tests.journeys.shop import Shop, flow_of


@pytest.fixture
def shop(open_shop: OpenShop) -> Shop:
    return open_shop({"echo": flow_of("echo")})


def echo(words: str, *, node: str = "listen") -> dict[str, Any]:
    """The echo with other words, and perhaps under another node id."""
    text = json.dumps(flow_of("echo")).replace("You said", words).replace('"listen"', f'"{node}"')
    document: dict[str, Any] = json.loads(text)
    return document


def place_of(shop: Shop, token: str) -> str:
    (flow,) = shop.ask("GET", "/flows", token=token).json()["flows"]
    return f"/flows/{flow['id']}"


def draft(shop: Shop, token: str, document: dict[str, Any]) -> str:
    """Store a draft; gives where the flow is."""
    place = place_of(shop, token)
    assert shop.ask("PUT", place, token=token, json={"document": document}).status_code == 200
    return place


def everybody_moved(shop: Shop, place: str, token: str) -> bool:
    migration = shop.ask("GET", f"{place}/publish", token=token).json()["migration"]
    return bool(migration["people_left"] == 0)


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error_code"]


def test_a_flow_is_made_read_changed_by_its_etag_and_deleted(shop: Shop) -> None:
    token = shop.token()
    document = echo("Heard") | {"viewport": {"zoom": 1.5, "x": 10**20}, "name": "hearing"}

    made = shop.ask("POST", "/flows", token=token, json={"document": document})
    place = f"/flows/{made.json()['id']}"
    read = shop.ask("GET", place, token=token)

    assert (made.status_code, made.json()["name"]) == (201, "hearing")
    assert [finding["code"] for finding in made.json()["findings"]] == ["missing_invalid"]
    assert read.json()["document"] == document
    assert read.headers["etag"] == made.headers["etag"]
    again = shop.ask("POST", "/flows", token=token, json={"document": echo("Other"), "name": "hearing"})
    assert problem(again) == (409, "FLOW_EXISTS")

    first = {"If-Match": read.headers["etag"]}
    changed = put(shop, token, place, echo("Changed"), first)
    late = put(shop, token, place, echo("Too late"), first)
    assert (changed.status_code, problem(late)) == (200, (412, "FLOW_CHANGED"))

    assert shop.ask("DELETE", place, token=token).status_code == 204
    assert problem(shop.ask("GET", place, token=token)) == (404, "FLOW_NOT_FOUND")
    assert [flow["name"] for flow in shop.ask("GET", "/flows", token=token).json()["flows"]] == ["echo"]


def put(shop: Shop, token: str, place: str, document: dict[str, Any], headers: dict[str, str]) -> httpx.Response:
    return shop.house.web.put(
        f"{shop.house.http}/api/v1{place}",
        json={"document": document},
        headers={"Authorization": f"Bearer {token}"} | headers,
    )


def test_people_stay_move_or_begin_again_as_the_publish_says(shop: Shop) -> None:
    person, token = shop.person(), shop.token()
    shop.hear_text(person, "hello")
    place = draft(shop, token, echo("You wrote"))

    pinned = shop.ask("POST", f"{place}/publish", token=token).json()
    shop.hear_text(person, "one")
    draft(shop, token, echo("You told", node="hear"))
    impact = shop.ask("GET", f"{place}/impact", token=token).json()
    refused = shop.ask("POST", f"{place}/publish", token=token, json={"policy": "move"})
    moved = shop.ask(
        "POST", f"{place}/publish", token=token, json={"policy": "move", "moves": {"listen": "hear"}, "note": "told"}
    )
    eventually(partial(everybody_moved, shop, place, token), "everybody moved")
    shop.hear_text(person, "two")
    draft(shop, token, echo("You cried"))
    restarted = shop.ask("POST", f"{place}/publish", token=token, json={"policy": "restart"})
    eventually(partial(everybody_moved, shop, place, token), "everybody at the start")
    shop.hear_text(person, "three", "four")

    assert (pinned["version"], pinned["migration"]) == (2, None)
    assert impact["nodes"] == [
        {"version": 1, "node_id": "listen", "node_type": "question", "people": 1, "fate": "goes"}
    ]
    assert impact["unmapped_node_ids"] == ["listen"]
    assert problem(refused) == (409, "NODE_MAP_INCOMPLETE")
    assert "listen (1 person)" in refused.json()["detail"]
    assert (moved.json()["version"], restarted.json()["version"]) == (3, 4)
    assert shop.replies(person) == ["You said: ", "You said: one", "You told: two", "You cried: ", "You cried: four"]

    versions = shop.ask("GET", f"{place}/versions", token=token).json()
    assert [(each["version"], each["note"], each["is_published"]) for each in versions["versions"]] == [
        (4, "", True),
        (3, "told", False),
        (2, "", False),
        (1, "", False),
    ]
    assert versions["versions"][1]["migration"]["people_moved"] == 1
    diff = shop.ask("GET", f"{place}/diff", token=token, params={"from": 1, "to": 2}).json()
    assert [change["path"] for change in diff["changed_nodes"][0]["fields"]] == ["data.content"]

    back = shop.ask("POST", f"{place}/rollback", token=token, json={"version": 1}).json()
    assert (back["version"], back["is_draft_changed"]) == (5, True)
    version = shop.ask("GET", f"{place}/versions/5", token=token).json()
    assert (version["rollback_of"], version["document"]) == (1, flow_of("echo"))
    assert problem(shop.ask("DELETE", place, token=token)) == (409, "FLOW_IN_USE")
    assert shop.ask("DELETE", place, token=token, params={"force": True}).status_code == 204


def test_a_flow_with_errors_is_told_node_by_node_and_not_published(shop: Shop) -> None:
    token = shop.token()
    broken = echo("You said")
    broken["edges"][0]["target"] = "nowhere"
    place = draft(shop, token, broken)

    verdict = shop.ask("POST", "/flows/validate", token=token, json={"document": broken}).json()
    refused = shop.ask("POST", f"{place}/publish", token=token, json={})

    assert (verdict["is_valid"], verdict["dialect"]) == (False, "native")
    assert problem(refused) == (422, "FLOW_INVALID")
    assert "nowhere" in refused.json()["errors"][0]["message"]
    assert shop.ask("GET", f"{place}/versions", token=token).json()["total"] == 1


def test_an_export_is_imported_as_the_same_document(shop: Shop, open_shop: OpenShop) -> None:
    token = shop.token()
    place = place_of(shop, token)

    for form in ("native", "envelope"):
        other = open_shop({})
        file = shop.ask("GET", f"{place}/export", token=token, params={"form": form})
        imported = other.ask("POST", "/flows/import", token=other.token(), content=file.content)
        again = other.ask("POST", "/flows/import", token=other.token(), content=file.content)

        assert imported.status_code == 201, imported.text
        assert imported.json()["document"] | {"name": ""} == flow_of("echo") | {"name": ""}
        # The same file again is the same flow.
        assert again.json()["flow"]["id"] == imported.json()["flow"]["id"]


def test_who_may_not_and_who_is_somebody_else(shop: Shop, open_shop: OpenShop) -> None:
    token, agent = shop.token(), shop.token("agent")
    place = place_of(shop, token)
    elsewhere = open_shop({"echo": flow_of("echo")}).token()
    body = {"document": echo("Mine now")}

    for method, path, json_body in (("PUT", place, body), ("POST", f"{place}/publish", {}), ("DELETE", place, None)):
        refused = shop.ask(method, path, token=agent, json=json_body)
        strange = shop.ask(method, path, token=elsewhere, json=json_body)
        assert problem(refused) == (403, "AUTH_INSUFFICIENT_PERMISSION")
        assert problem(strange) == (404, "FLOW_NOT_FOUND")
    for path in ("", "/versions", "/versions/1", "/diff", "/impact", "/publish", "/export"):
        assert shop.ask("GET", f"{place}{path}", token=agent).status_code == 200
        assert problem(shop.ask("GET", f"{place}{path}", token=elsewhere)) == (404, "FLOW_NOT_FOUND")


def test_the_command_line_publishes_compares_and_goes_back(shop: Shop) -> None:
    person = shop.person()
    shop.hear_text(person, "hello")
    folder, where = shop.house.data.parent, ("--organization", shop.name)
    file, moves = folder / "told.json", folder / "moves.yaml"
    file.write_text(json.dumps(echo("You told", node="hear")))
    moves.write_text("listen: hear\n")

    with pytest.raises(CommandFailed, match="listen"):
        shop.house.pytake("flow", "publish", str(file), "--policy", "move", *where)
    said = shop.house.pytake("flow", "publish", str(file), "--policy", "move", "--map", str(moves), *where)
    eventually(lambda: "1 taken along, 0 left" in shop.house.pytake("flow", "versions", "echo", *where), "all moved")
    shop.hear_text(person, "one")

    assert said.splitlines()[0] == "echo: version 2 is published"
    assert shop.replies(person)[-1] == "You told: one"
    assert "operator" in shop.house.pytake("flow", "versions", "echo", *where)
    assert "+ node hear (question)" in shop.house.pytake("flow", "diff", "echo", "--from", "1", *where)
    assert "1 person at hear (question), which stays" in shop.house.pytake("flow", "impact", "echo", *where)
    back = shop.house.pytake("flow", "rollback", "echo", "1", *where)
    assert "version 3 is published and is version 1 again" in back
