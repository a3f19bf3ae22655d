"""The OpenAPI document is complete: names, permissions, security, and examples of every body and error code."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from services.ingress.http.document import JSON, Element, operation_id, operations
from tests.fixtures.rest import stage
from tests.house.test_http_access import OPEN

DOCUMENT: Element = stage(is_ready=True)[0].openapi()
OPERATIONS = list(operations(DOCUMENT))
_PERMISSION = re.compile(r"Permission: (none,|[a-z_]+:[a-z_]+)")
_CODE = re.compile(r"[A-Z]+(?:_[A-Z]+)+")


def bodies() -> Iterator[tuple[str, str, Element]]:
    """A name, the media type and its content, of every request and every answer."""
    for path, method, operation in OPERATIONS:
        name = f"{method} {path}"
        found = {"request": operation.get("requestBody", {}), **operation["responses"]}
        for part, body in found.items():
            for kind, content in body.get("content", {}).items():
                yield f"{name} {part}", kind, content


def examples(content: Element) -> list[Any]:
    """What a content shows."""
    if "examples" in content:
        return [one["value"] for one in content["examples"].values()]
    return [content["example"]] if "example" in content else []


def test_the_document_says_whose_it_is_and_where_it_is_served() -> None:
    info = DOCUMENT["info"]

    assert (DOCUMENT["openapi"], info["title"], info["license"]["identifier"]) == ("3.1.0", "PyTake", "Apache-2.0")
    assert all(info[name] for name in ("summary", "description", "version"))
    assert "contact" not in info
    assert [server["url"] for server in DOCUMENT["servers"]] == ["/"]
    told = {tag["name"] for tag in DOCUMENT["tags"] if tag["description"]}
    assert {tag for *_, operation in OPERATIONS for tag in operation["tags"]} == told


def test_every_operation_has_a_name_a_summary_and_a_description_of_its_own() -> None:
    assert [f"{m} {p}" for p, m, one in OPERATIONS if not (one["summary"] and one["description"] and one["tags"])] == []
    assert {one["operationId"]: operation_id(method, path) for path, method, one in OPERATIONS} == {
        operation_id(method, path): operation_id(method, path) for path, method, _ in OPERATIONS
    }
    assert len({one["operationId"] for *_, one in OPERATIONS}) == len(OPERATIONS)


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("get", "/api/v1/conversations", "get_conversations"),
        ("post", "/api/v1/conversations/{phone}/send", "post_conversations_by_phone_send"),
        ("get", "/api/v1/whatsapp/", "get_whatsapp"),
        ("get", "/api/v1/whatsapp-analytics/flows/{flow_id}/user-segments",
         "get_whatsapp_analytics_flows_by_flow_id_user_segments"),
        ("get", "/healthz", "get_healthz"),
    ],
)  # fmt: skip
def test_an_operations_name_is_made_of_what_stays(method: str, path: str, name: str) -> None:
    assert operation_id(method, path) == name


def test_every_operation_names_its_permission_or_says_that_it_is_open() -> None:
    schemes = DOCUMENT["components"]["securitySchemes"]
    ways = [{"HTTPBearer": []}, {"APIKeyHeader": []}]

    assert (schemes["HTTPBearer"]["scheme"], schemes["HTTPBearer"]["bearerFormat"]) == ("bearer", "JWT")
    assert (schemes["APIKeyHeader"]["in"], schemes["APIKeyHeader"]["name"]) == ("header", "X-API-Key")
    for path, method, one in OPERATIONS:
        is_open = path.startswith(OPEN)
        # A refresh token in the body serves as well.
        optional = [{}] if path == "/api/v1/auth/logout" else []
        assert one["security"] == ([] if is_open else ways + optional), f"{method} {path}"
        said = " ".join(one["description"].split())
        assert re.search(r"No .*token.* is needed", said) if is_open else _PERMISSION.search(said), f"{method} {path}"


def test_every_body_of_json_has_an_example_that_its_schema_allows() -> None:
    wrong = {}
    for name, kind, content in bodies():
        if kind != JSON:
            continue
        schema = {**content["schema"], "components": DOCUMENT["components"]}
        validator = Draft202012Validator(schema, format_checker=FormatChecker())
        shown = examples(content)
        found = [error.message for each in shown for error in validator.iter_errors(each)]
        if found or not shown:
            wrong[name] = found or ["no example"]

    assert wrong == {}


def test_every_other_body_of_text_has_an_example_too() -> None:
    bare = [
        f"{name} {kind}"
        for name, kind, content in bodies()
        if kind.startswith("text/") or (kind.endswith("json") and kind != JSON)
        if not examples(content)
    ]

    assert bare == []


def test_every_refusal_shows_each_code_that_its_sentence_names() -> None:
    seen = set()
    for path, method, one in OPERATIONS:
        for status, response in one["responses"].items():
            if status[0] not in "45" or path == "/readyz":
                continue
            shown = {example["error_code"]: example["detail"] for example in examples(response["content"][JSON])}
            assert set(shown) == set(_CODE.findall(response["description"])), f"{method} {path} {status}"
            assert all(detail and not _CODE.search(detail) for detail in shown.values())
            seen |= set(shown)
    assert {"CONVERSATION_NOT_FOUND", "AUTH_MISSING_TOKEN", "IDEMPOTENCY_KEY_REUSED", "FLOW_INVALID"} <= seen


def test_what_the_contract_fixes_word_by_word_is_shown_so() -> None:
    shown = {
        (example["error_code"], status): example["detail"]
        for _, _, one in OPERATIONS
        for status, response in one["responses"].items()
        if status[0] in "45" and status != "422"
        for example in examples(response["content"][JSON])
        if "error_code" in example
    }

    for code, status, detail in (
        ("WEBHOOK_INVALID_MODE", "400", "Invalid mode"),
        ("WEBHOOK_INVALID_TOKEN", "403", "Invalid token"),
        ("WEBHOOK_INVALID_SIGNATURE", "403", "Invalid signature"),
        ("AUTH_MISSING_TOKEN", "401", "Not authenticated"),
        ("AUTH_INSUFFICIENT_PERMISSION", "403", "Insufficient permissions"),
        ("CONVERSATION_NOT_FOUND", "404", "Conversation not found"),
        ("CONVERSATION_CLOSED", "409", "Conversation is closed"),
    ):
        assert shown[code, status] == detail
    assert shown["WINDOW_EXPIRED", "400"].startswith("24-hour window expired")


def test_answers_tell_of_their_headers() -> None:
    names = {
        name for *_, one in OPERATIONS for response in one["responses"].values() for name in response.get("headers", {})
    }
    conversations = DOCUMENT["paths"]["/api/v1/conversations"]["get"]["responses"]

    assert names >= {
        "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After", "WWW-Authenticate", "ETag",
        "Location", "Idempotency-Replayed", "Link",
    }  # fmt: skip
    assert set(conversations["429"]["headers"]) >= {"RateLimit-Remaining", "Retry-After"}
    assert "WWW-Authenticate" in conversations["401"]["headers"]


def test_the_document_is_json_and_names_no_other_host() -> None:
    text = json.dumps(DOCUMENT)

    hosts = set(re.findall(r"https?://([^/\"\s]+)", text))
    # Links that open WhatsApp are WhatsApp's own.
    assert {host for host in hosts if not host.endswith("example.com")} <= {"wa.me"}


def test_every_field_of_every_shape_has_an_example_of_its_own() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    bare = [
        f"{shape}.{name}"
        for shape, schema in schemas.items()
        for name, part in schema.get("properties", {}).items()
        if not _has_example(part)
    ]

    assert len(schemas) > 100
    assert bare == []


def _has_example(part: Element) -> bool:
    if part.keys() & {"examples", "const", "default", "enum", "$ref"} or part.get("type") == "boolean":
        return True
    if "anyOf" in part:
        return any(_has_example(one) for one in part["anyOf"] if one.get("type") != "null")
    return part.get("type") == "array" and _has_example(part["items"])
