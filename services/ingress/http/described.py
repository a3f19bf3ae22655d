"""The webhook's part of the OpenAPI document. http/webhook.py serves it, ahead of FastAPI."""

from __future__ import annotations

from typing import Any

from services.ingress.http.problems import example_of
from services.ingress.http.webhook import PATH

_PROBLEM = {"$ref": "#/components/schemas/Problem"}


def _refusals(**sentences: str) -> dict[str, Any]:
    return {
        name.removeprefix("on_"): {
            "description": sentence,
            "content": {"application/json": example_of(sentence)["application/json"] | {"schema": _PROBLEM}},
        }
        for name, sentence in sentences.items()
    }


def _query(name: str, sentence: str, example: str) -> dict[str, Any]:
    schema = {"type": "string"}
    return {
        "name": name, "in": "query", "required": True, "schema": schema, "description": sentence, "example": example,
    }  # fmt: skip


_HANDSHAKE: dict[str, Any] = {
    "tags": ["webhook"],
    "summary": "Meta asks whether this address is ours",
    "description": "The handshake Meta makes before it delivers. The answer is the challenge as plain text.",
    "security": [],
    "parameters": [
        _query("hub.mode", "Always subscribe.", "subscribe"),
        _query("hub.verify_token", "The verify token entered at Meta and here.", "the-token-entered-at-meta"),
        _query("hub.challenge", "What to answer: letters, digits, - and _.", "1158201444"),
    ],
    "responses": {
        "200": {
            "description": "The challenge",
            "content": {"text/plain": {"schema": {"type": "string"}, "example": "1158201444"}},
        },
        **_refusals(
            on_400="Invalid mode: WEBHOOK_INVALID_MODE, or WEBHOOK_INVALID_CHALLENGE",
            on_403="Invalid token: WEBHOOK_INVALID_TOKEN",
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

_DELIVERY: dict[str, Any] = {
    "tags": ["webhook"],
    "summary": "Meta delivers messages and statuses",
    "description": "Answered 200 only when every event is durable; anything else makes Meta send it again. "
    "A repeat changes nothing.",
    "security": [],
    "parameters": [
        {
            "name": "X-Hub-Signature-256",
            "in": "header",
            "required": True,
            "description": "sha256= and the lower-case hex HMAC-SHA256 of the raw body under the app secret.",
            "schema": {"type": "string", "pattern": "^sha256=[0-9a-f]{64}$"},
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
                    "schema": {"type": "object", "properties": {"status": {"type": "string"}}},
                    "example": {"status": "received"},
                }
            },
        },
        **_refusals(
            on_400="The body is no JSON, deeper than 32 levels or of more than 10,000 events: WEBHOOK_MALFORMED_BODY",
            on_403="Invalid signature: WEBHOOK_INVALID_SIGNATURE",
            on_408="The body came too slowly: WEBHOOK_BODY_TIMEOUT",
            on_413="The body is too large: WEBHOOK_BODY_TOO_LARGE",
            on_503="Not stored; send it again: STORE_UNAVAILABLE, or WEBHOOK_CROWDED when too many large bodies come",
        ),
    },
}

_APP = {
    "name": "app",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "description": "Only the Meta app of this name is believed. Without it, any app of the house.",
}

WEBHOOK_PATHS: dict[str, Any] = {
    PATH: {
        "get": _HANDSHAKE | {"operationId": "handshake"},
        "post": _DELIVERY | {"operationId": "deliver"},
    },
    f"{PATH}/{{app}}": {
        "parameters": [_APP],
        "get": _HANDSHAKE | {"operationId": "handshake_of_app"},
        "post": _DELIVERY | {"operationId": "deliver_to_app"},
    },
}
