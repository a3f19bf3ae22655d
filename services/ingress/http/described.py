"""The webhook's part of the OpenAPI document. http/webhook.py serves it, ahead of FastAPI."""

from __future__ import annotations

from typing import Any

from services.ingress.http.examples import refusal_examples
from services.ingress.http.webhook import PATH

TOO_LONG = "The path and query are too long: TARGET_TOO_LONG"
TOO_MANY_HEADERS = "Too many or too large headers: HEADERS_TOO_LARGE"
_PROBLEM = {"$ref": "#/components/schemas/Problem"}


def _refusals(**sentences: str) -> dict[str, Any]:
    return {
        name.removeprefix("on_"): {
            "description": sentence,
            "content": {"application/json": {"schema": _PROBLEM, "examples": refusal_examples(sentence)}},
        }
        for name, sentence in sentences.items()
    }


def _query(name: str, sentence: str, example: str, **rule: str) -> dict[str, Any]:
    schema = {"type": "string", **rule}
    return {
        "name": name, "in": "query", "required": True, "schema": schema, "description": sentence, "example": example,
    }  # fmt: skip


_HANDSHAKE: dict[str, Any] = {
    "tags": ["webhook"],
    "summary": "Meta asks whether this address is ours",
    "description": "The handshake Meta makes before it delivers. The answer is the challenge as plain text. "
    "No token of ours is needed.",
    "security": [],
    "parameters": [
        _query("hub.mode", "Always subscribe.", "subscribe", const="subscribe"),
        _query("hub.verify_token", "The verify token entered at Meta and here.", "the-token-entered-at-meta"),
        _query(
            "hub.challenge", "What to answer: letters, digits, - and _.", "1158201444", pattern="^[A-Za-z0-9_-]{1,128}$"
        ),
    ],
    "responses": {
        "200": {
            "description": "The challenge",
            "content": {"text/plain": {"schema": {"type": "string"}, "example": "1158201444"}},
        },
        **_refusals(
            on_400="Invalid mode: WEBHOOK_INVALID_MODE; Invalid challenge: WEBHOOK_INVALID_CHALLENGE",
            on_403="Invalid token: WEBHOOK_INVALID_TOKEN",
            on_414=TOO_LONG,
            on_431=TOO_MANY_HEADERS,
            on_503="Try again: STORE_UNAVAILABLE",
        ),
    },
}

_EXAMPLE = {
    "object": "whatsapp_business_account",
    "entry": [
        {
            "id": "204060801",
            "changes": [
                {
                    "field": "messages",
                    "value": {
                        "messaging_product": "whatsapp",
                        "metadata": {"display_phone_number": "551133334444", "phone_number_id": "700800900"},
                        "contacts": [{"profile": {"name": "Bia"}, "wa_id": "5511987654321"}],
                        "messages": [
                            {
                                "from": "5511987654321",
                                "id": "wamid.EXAMPLE",
                                "timestamp": "1772630311",
                                "type": "text",
                                "text": {"body": "Quero um bolo"},
                            }
                        ],
                    },
                }
            ],
        }
    ],
}

_RECEIVED = {
    "type": "object",
    "properties": {"status": {"type": "string", "const": "received"}},
    "required": ["status"],
    "additionalProperties": False,
}

_DELIVERY: dict[str, Any] = {
    "tags": ["webhook"],
    "summary": "Meta delivers messages and statuses",
    "description": "Answered 200 only when every event is durable; anything else makes Meta send it again. "
    "A repeat changes nothing. No token is needed: the signature proves who it is.",
    "security": [],
    "parameters": [
        {
            "name": "X-Hub-Signature-256",
            "in": "header",
            "required": True,
            "description": "sha256= and the lower-case hex HMAC-SHA256 of the raw body under the app secret.",
            "schema": {"type": "string", "pattern": "^sha256=[0-9a-f]{64}$"},
            "example": f"sha256={'5d' * 32}",
        }
    ],
    "requestBody": {
        "required": True,
        "description": "Meta's webhook, at most 4 MiB unless MAX_BODY_BYTES says otherwise.",
        "content": {"application/json": {"schema": {"type": "object"}, "example": _EXAMPLE}},
    },
    "responses": {
        "200": {
            "description": "Durable",
            "content": {
                "application/json": {
                    "schema": _RECEIVED,
                    "example": {"status": "received"},
                }
            },
        },
        **_refusals(
            on_400="The body is no JSON, deeper than 32 levels or of more than 10,000 events: WEBHOOK_MALFORMED_BODY",
            on_403="Invalid signature: WEBHOOK_INVALID_SIGNATURE",
            on_408="The body came too slowly: WEBHOOK_BODY_TIMEOUT",
            on_413="The body is too large: WEBHOOK_BODY_TOO_LARGE",
            on_414=TOO_LONG,
            on_431=TOO_MANY_HEADERS,
            on_503="Not stored; send it again: STORE_UNAVAILABLE; too many large bodies at once: WEBHOOK_CROWDED",
        ),
    },
}

_APP = {
    "name": "app",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^[^/]+$"},
    "example": "main",
    "description": "Only the Meta app of this name is believed. Without it, any app of the house.",
}

WEBHOOK_PATHS: dict[str, Any] = {
    PATH: {
        "get": dict(_HANDSHAKE),
        "post": dict(_DELIVERY),
    },
    f"{PATH}/{{app}}": {
        "parameters": [_APP],
        "get": dict(_HANDSHAKE),
        "post": dict(_DELIVERY),
    },
}
