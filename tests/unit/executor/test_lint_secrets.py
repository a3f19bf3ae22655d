"""Secrets in flows: in clear text they refuse publication, and by name they stand only where they are put in."""

import pytest

from services.executor.domain.lint import problems
from tests.unit.executor.test_lint import Data, around, codes

SECRETS = [
    ("http_request", {"url": "https://x.example", "headers": {"Authorization": "Bearer 4f9a8b7c6d5e4f3a"}}),
    ("http_request", {"url": "https://x.example", "headers": {"Authorization": "Basic YWRtaW46c2VjcmV0"}}),
    ("http_request", {"url": "https://x.example", "headers": {"X-API-Key": "abc123def"}}),
    ("http_request", {"url": "https://ana:hunter2@x.example/"}),
    ("http_request", {"url": "https://x.example/?access_token=a1b2c3d4e5f6g7"}),
    ("http_request", {"url": "https://x.example", "body": {"auth": {"password": "correcthorse1"}}}),
    ("http_request", {"url": "https://x.example", "body": "key: Zq8Wn3Lk5Vb7Xc1Rt9Yp2Md4Fg6Hj0Ks"}),
    ("ai_reply", {"baseUrl": "https://x.example", "model": "m", "apiKey": "sk-abcdefghijklmnopqrstuvwx"}),
    ("message", {"content": "Token: EAAGm0PX4ZCpsBAKZCZCZBZBqT9mAbCdEfGh12345678"}),
    (
        "set_variable",
        {"assignments": [{"name": "t", "value": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVm"}]},
    ),
]


@pytest.mark.parametrize(("node_type", "data"), SECRETS)
def test_a_secret_in_clear_text_refuses_publication_and_is_not_repeated(node_type: str, data: Data) -> None:
    document = around(node_type, data)
    assert ("secret_in_clear", "n") in codes(document, "error")
    found = [item for item in problems(document) if item.code == "secret_in_clear"]
    assert not [
        item
        for item in found
        for word in ("4f9a", "hunter2", "abc123", "eyJ", "correct", "Zq8W")
        if word in item.message
    ]


def test_a_secret_among_the_first_values_is_found() -> None:
    document = around("message", {"content": "Oi"}, variables={"chave": "Bearer 4f9a8b7c6d5e4f3a"})
    assert ("secret_in_clear", None) in codes(document, "error")


@pytest.mark.parametrize(
    ("node_type", "data"),
    [
        ("http_request", {"url": "https://x.example", "headers": {"Authorization": "Bearer {{secret.api}}"}}),
        (
            "http_request",
            {"url": "{{base}}/v1", "headers": {"Authorization": "Bearer {{token}}", "X-API-Key": "{{secret.k}}"}},
        ),
        ("http_request", {"url": "https://x.example/3f2504e0-4f89-11d3-9a0c-0305e82c3301/a?page=20260302"}),
        ("message", {"content": "Bearer of good news! Sua senha: a que você escolheu. Basic: R$ 10"}),
        ("message", {"content": "Pague aqui: https://pay.example/c/Zq8Wn3Lk5Vb7Xc1Rt9Yp2Md4Fg6Hj0Ks"}),
        ("message", {"mediaType": "image", "mediaId": "123456789012345678901234567890123456"}),
        ("whatsapp_flow", {"content": "Oi", "flowId": "1", "flowToken": "pedido-de-orcamento-2026"}),
        ("message", {"content": "00020126580014br.gov.bcb.pix0136a1b2c3d4-0000-1111-2222-333344445555"}),
    ],
)
def test_what_only_looks_a_little_like_a_secret_passes(node_type: str, data: Data) -> None:
    document = around(node_type, data, variables={"base": "", "token": ""})
    assert not {code for code, _ in codes(document, "error") if code.startswith("secret")}


@pytest.mark.parametrize(
    ("node_type", "data"),
    [
        ("message", {"content": "Chave: {{secret.api}}"}),
        ("set_variable", {"assignments": [{"name": "k", "value": "{{ secret.api }}"}]}),
        ("http_request", {"url": "https://x.example/{{secret.api|upper}}"}),
        ("http_request", {"url": "https://x.example", "fallbackValue": "{{secret.api}}"}),
        ("http_request", {"url": "https://x.example", "body": "{{secret}}"}),
        ("ai_reply", {"baseUrl": "https://x.example", "model": "m", "prompt": "{{secret.api}}"}),
    ],
)
def test_a_secret_by_name_stands_only_where_it_is_put_in(node_type: str, data: Data) -> None:
    assert ("secret_misplaced", "n") in codes(around(node_type, data), "error")
