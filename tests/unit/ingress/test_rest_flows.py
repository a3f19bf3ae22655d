"""Flows over REST: drafts with their ETags, versions, and what publishing means for people."""

import json
from typing import Any

import httpx
import pytest

from services.chassis.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound, Unavailable
from services.chassis.tenancy import PERMISSIONS
from services.ingress.domain.conversation import Flow
from services.ingress.domain.flows import ImportedFlow, Taking
from services.pb.common.v1 import errors_pb2
from tests.fakes.ingress_flows import DOCUMENT, FLOW, FLOW_ID
from tests.fakes.ingress_peers import MORNING
from tests.fixtures.rest import SIGNER, Asker, bearing

FLOWS = "/api/v1/flows"
ONE = f"{FLOWS}/{FLOW_ID}"
NATIVE = {"schema": "pytake.flow/1", "name": "Encomendas", "nodes": [], "icon": "🍞", "long": 10**24}
TIME = "2026-03-04T09:30:15Z"

ROUTES = [
    ("GET", FLOWS, "flows:read", 200),
    ("POST", FLOWS, "flows:manage", 201),
    ("POST", f"{FLOWS}/validate", "flows:read", 200),
    ("POST", f"{FLOWS}/import", "flows:manage", 201),
    ("GET", ONE, "flows:read", 200),
    ("PUT", ONE, "flows:manage", 200),
    ("DELETE", ONE, "flows:manage", 204),
    ("GET", f"{ONE}/export", "flows:read", 200),
    ("POST", f"{ONE}/publish", "flows:publish", 200),
    ("GET", f"{ONE}/publish", "flows:read", 200),
    ("GET", f"{ONE}/impact", "flows:read", 200),
    ("GET", f"{ONE}/versions", "flows:read", 200),
    ("GET", f"{ONE}/versions/3", "flows:read", 200),
    ("GET", f"{ONE}/diff", "flows:read", 200),
    ("POST", f"{ONE}/rollback", "flows:publish", 200),
]


def body_for(method: str, path: str) -> dict[str, Any] | None:
    if method == "GET" or method == "DELETE":
        return None
    return {"version": 2} if path.endswith("rollback") else {} if path.endswith("publish") else {"document": NATIVE}


async def ask(asker: Asker, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
    content = None if body is None else json.dumps(body).encode()
    json_type = {"content-type": "application/json"} if content else {}
    return await asker.client.request(method, path, content=content, headers=asker.headers | json_type | headers)


@pytest.mark.parametrize(("method", "path", "permission", "status"), ROUTES)
async def test_each_way_takes_the_permission_it_names_and_no_other(
    asker: Asker, method: str, path: str, permission: str, status: int
) -> None:
    statuses = []
    for permissions in (PERMISSIONS - {permission}, {permission}):
        token = SIGNER.sign(
            organization_id=str(asker.organization_id), role=None, subject="key", permissions=permissions
        )
        answer = await asker.client.request(method, path, json=body_for(method, path), headers=bearing(token))
        statuses.append(answer.status_code)

    assert statuses == [403, status]
    assert {asked["organization_id"] for _, asked in asker.flows.asked} <= {asker.organization_id}


async def test_flows_are_listed_page_by_page(asker: Asker) -> None:
    asker.house.flows[asker.organization_id] = [Flow("1", "a", 3, MORNING, MORNING, "x", True), Flow("2", "b", 0, None)]

    assert (await asker.get(FLOWS)).json() == {
        "total": 2,
        "flows": [
            {
                "id": "1",
                "name": "a",
                "published_version": 3,
                "has_unpublished_changes": True,
                "draft_digest": "x",
                "created_at": TIME,
                "updated_at": TIME,
            },
            {
                "id": "2",
                "name": "b",
                "published_version": None,
                "has_unpublished_changes": False,
                "draft_digest": "",
                "created_at": None,
                "updated_at": None,
            },
        ],
    }
    assert [flow["id"] for flow in (await asker.get(FLOWS, skip=1, limit=1)).json()["flows"]] == ["2"]


async def test_a_document_comes_back_byte_for_byte_with_its_etag(asker: Asker) -> None:
    draft, version = await asker.get(ONE), await asker.get(f"{ONE}/versions/3")
    file = await asker.get(f"{ONE}/export", version=3)

    for answer in (draft, version):
        assert answer.content.endswith(b',"document":' + DOCUMENT + b"}")
        assert answer.headers["content-type"] == "application/json"
    assert file.content == DOCUMENT
    assert (draft.headers["etag"], version.headers["etag"]) == (f'"{"d" * 64}"', f'"{"e" * 64}"')
    assert file.headers["content-disposition"] == "attachment; filename*=UTF-8''Encomendas.json"
    told = draft.json()
    assert (told["id"], told["name"], told["version"], told["digest"]) == (FLOW_ID, "Encomendas", None, "d" * 64)
    assert [asked.get("version") for _, asked in asker.flows.asked] == [0, 3, 3]


async def test_a_document_arrives_as_it_was_sent(asker: Asker) -> None:
    made = await ask(asker, "POST", FLOWS, {"document": NATIVE})
    changed = await ask(asker, "PUT", ONE, {"document": NATIVE}, **{"If-Match": '"abc"'})

    (created, got, updated, _) = asker.flows.asked
    assert (created[0], created[1]["name"], json.loads(created[1]["document"])) == ("create", "Encomendas", NATIVE)
    assert "🍞".encode() in created[1]["document"]
    assert (updated[0], updated[1]["expected_digest"]) == ("update", "abc")
    assert got[0] == "get"
    assert (made.status_code, made.headers["etag"], made.headers["location"]) == (201, f'"{"d" * 64}"', ONE)
    assert made.json()["findings"] == [
        {
            "code": "loose_end",
            "severity": "warning",
            "node_id": "bye",
            "message": "Nothing follows.",
            "mend": "Draw an edge.",
        }
    ]
    assert (changed.status_code, changed.json()["id"]) == (200, FLOW_ID)


@pytest.mark.parametrize(("header", "expected"), [(None, ""), ("*", ""), ('W/"ab"', "ab"), ("ab", "ab"), ('""', "-")])
async def test_if_match_names_the_draft_that_was_seen(asker: Asker, header: str | None, expected: str) -> None:
    headers = {} if header is None else {"If-Match": header}

    await ask(asker, "PUT", ONE, {"document": NATIVE}, **headers)
    await ask(asker, "POST", f"{ONE}/publish", {}, **headers)

    told = [asked["expected_digest"] for name, asked in asker.flows.asked if name in ("update", "publish")]
    assert told == [expected, expected]


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", FLOWS, {}, "document"),
        ("POST", FLOWS, {"document": []}, "document"),
        ("POST", FLOWS, {"document": NATIVE, "name": "x" * 121}, "name"),
        ("PUT", ONE, {"document": "x"}, "document"),
        ("POST", f"{FLOWS}/validate", {"document": NATIVE, "strict": "perhaps"}, "strict"),
        ("POST", f"{ONE}/publish", {"policy": "leave"}, "policy"),
        ("POST", f"{ONE}/publish", {"policy": "move", "moves": {"a": 1}}, "moves.a"),
        ("POST", f"{ONE}/publish", {"note": "x" * 1001}, "note"),
        ("POST", f"{ONE}/rollback", {"version": 0}, "version"),
        ("GET", f"{ONE}/diff?from=-1", None, "from"),
        ("GET", f"{FLOWS}/no-id", None, "flow_id"),
    ],
)
async def test_a_wrong_field_is_named(asker: Asker, method: str, path: str, body: object, field: str) -> None:
    answer = await ask(asker, method, path, body)

    assert (answer.status_code, answer.json()["error_code"]) == (422, "VALIDATION_ERROR")
    assert [each["field"] for each in answer.json()["errors"]] == [field]
    assert asker.flows.asked == []


@pytest.mark.parametrize("content", [b"", b"{", b'{"document": NaN}', b"[" * 100_000, b"\xff"])
async def test_what_is_no_json_is_told_so(asker: Asker, content: bytes) -> None:
    for path in (FLOWS, f"{FLOWS}/import"):
        answer = await asker.client.post(path, content=content, headers=asker.headers)

        assert (answer.status_code, answer.json()["errors"]) == (422, [{"field": "body", "message": "is no JSON"}])


async def test_a_flow_may_be_larger_than_other_bodies_and_still_has_an_end(asker: Asker) -> None:
    large = {"document": NATIVE | {"text": "x" * 1_000_000}}
    taken = await ask(asker, "PUT", ONE, large)
    huge = await ask(asker, "PUT", ONE, {"document": {"text": "x" * 2_200_000}})
    elsewhere = await ask(asker, "POST", f"{ONE}/publish", large)

    assert (taken.status_code, huge.status_code, elsewhere.status_code) == (200, 413, 413)


async def test_a_stranger_sends_nothing_that_is_looked_at(asker: Asker) -> None:
    answer = await asker.client.post(FLOWS, content=b"no JSON at all")

    assert answer.status_code == 401


def refusal(kind: type[Exception], reason: str, sentence: str = "so it is") -> Any:
    return kind(sentence, reason=errors_pb2.ErrorReason.Value(f"ERROR_REASON_{reason}"))  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("kind", "reason", "status"),
    [
        (NotFound, "FLOW_NOT_FOUND", 404),
        (NotFound, "FLOW_VERSION_NOT_FOUND", 404),
        (FailedPrecondition, "NODE_MAP_INCOMPLETE", 409),
        (FailedPrecondition, "FLOW_IN_USE", 409),
        (AlreadyExists, "FLOW_EXISTS", 409),
        (FailedPrecondition, "FLOW_CHANGED", 412),
        (Unavailable, "PEER_UNAVAILABLE", 503),
    ],
)
async def test_each_refusal_has_its_status_and_code(
    asker: Asker, kind: type[Exception], reason: str, status: int
) -> None:
    asker.flows.answers["publish"] = refusal(kind, reason)

    answer = await ask(asker, "POST", f"{ONE}/publish", {})

    assert (answer.status_code, answer.json()) == (status, {"detail": "so it is", "error_code": reason})


async def test_a_flow_with_errors_is_refused_by_naming_each(asker: Asker) -> None:
    for name in ("publish", "rollback"):
        asker.flows.answers[name] = refusal(FailedPrecondition, "FLOW_INVALID", "the flow has errors")

    for path, body in ((f"{ONE}/publish", {}), (f"{ONE}/rollback", {"version": 2})):
        answer = await ask(asker, "POST", path, body)

        assert answer.status_code == 422
        assert answer.json() == {
            "detail": "the flow has errors",
            "error_code": "FLOW_INVALID",
            "errors": [{"field": "nodes.ask", "message": "The edge leads nowhere. Draw it to a node."}],
        }
    assert [asked["version"] for name, asked in asker.flows.asked if name == "get"] == [0, 2]


async def test_what_executor_says_of_a_field_is_told_as_a_field(asker: Asker) -> None:
    asker.flows.answers["publish"] = InvalidArgument("moves: a leads to b, which the new version does not have")

    answer = await ask(asker, "POST", f"{ONE}/publish", {"policy": "move", "moves": {"a": "b"}})

    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"field": "moves", "message": "a leads to b, which the new version does not have"}
    ]


async def test_publishing_says_what_becomes_of_people(asker: Asker) -> None:
    plain = await asker.client.post(f"{ONE}/publish", headers=asker.headers)
    wanted = {"policy": "move", "moves": {"ask": "bye"}, "note": "prices"}
    moved = await ask(asker, "POST", f"{ONE}/publish", wanted)
    back = await ask(asker, "POST", f"{ONE}/rollback", wanted | {"version": 2, "policy": "restart", "moves": {}})

    takings = [asked["taking"] for _, asked in asker.flows.asked]
    assert takings == [Taking("pin", {}, ""), Taking("move", {"ask": "bye"}, "prices"), Taking("restart", {}, "prices")]
    assert plain.json() == moved.json()
    assert moved.json() | {"findings": []} == {
        "version": 3,
        "is_changed": True,
        "is_draft_changed": False,
        "findings": [],
        "migration": {
            "policy": "move",
            "moves": {"ask": "bye"},
            "people_moved": 2,
            "people_left": 1,
            "is_done": False,
            "begun_at": TIME,
            "done_at": None,
        },
    }
    assert back.json()["is_draft_changed"] is True


async def test_versions_progress_impact_and_differences_are_told(asker: Asker) -> None:
    versions = (await asker.get(f"{ONE}/versions", limit=1)).json()
    progress = (await asker.get(f"{ONE}/publish")).json()
    impact = (await asker.get(f"{ONE}/impact")).json()
    diff = (await asker.get(f"{ONE}/diff", **{"from": 2, "to": 0})).json()

    assert (versions["total"], versions["versions"]) == (3, [progress])
    assert (progress["author"], progress["note"], progress["rollback_of"]) == ("user:7", "prices", None)
    assert progress["migration"]["people_left"] == 1
    assert impact["nodes"] == [{"version": 2, "node_id": "ask", "node_type": "question", "people": 4, "fate": "goes"}]
    assert impact["unmapped_node_ids"] == ["ask"]
    assert (diff["from_version"], diff["to_version"]) == (2, None)
    assert diff["changed_nodes"] == [
        {
            "node_id": "ask",
            "node_type": "question",
            "fields": [{"path": "data.content", "before": '"a"', "after": None}],
        }
    ]
    assert [(asked["before"], asked["after"]) for name, asked in asker.flows.asked if name == "diff"] == [(2, 0)]


async def test_a_flow_is_imported_from_a_file_or_only_tried(asker: Asker) -> None:
    imported = await ask(asker, "POST", f"{FLOWS}/import?name=Pães", {"flow": {"nodes": []}})
    asker.flows.answers["import_"] = ImportedFlow(None, "export", (), DOCUMENT)
    tried = await ask(asker, "POST", f"{FLOWS}/import?dry_run=true", {"flow": {"nodes": []}})

    assert (imported.status_code, imported.json()["flow"]["id"]) == (201, FLOW.id)
    assert (tried.status_code, tried.json()["flow"]) == (200, None)
    assert tried.content.endswith(b',"document":' + DOCUMENT + b"}")
    (first, second) = (asked for name, asked in asker.flows.asked)
    assert (first["name"], first["dry_run"], json.loads(first["document"])) == ("Pães", False, {"flow": {"nodes": []}})
    assert (second["name"], second["dry_run"]) == ("", True)


async def test_a_document_is_looked_at_strictly_or_not(asker: Asker) -> None:
    answer = await ask(asker, "POST", f"{FLOWS}/validate", {"document": NATIVE, "strict": True})

    assert (answer.status_code, answer.json()["is_valid"], answer.json()["dialect"]) == (200, False, "native")
    assert [found["code"] for found in answer.json()["findings"]] == ["dangling_edge", "loose_end"]
    assert asker.flows.asked[0][1]["strict"] is True


async def test_a_flow_is_deleted_with_force_or_without(asker: Asker) -> None:
    answers = [await ask(asker, "DELETE", f"{ONE}{query}") for query in ("", "?force=true")]

    assert [answer.status_code for answer in answers] == [204, 204]
    assert [asked["force"] for _, asked in asker.flows.asked] == [False, True]
