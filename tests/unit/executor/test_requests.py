"""A flow's request becomes one HTTP request, whole and within bounds."""

from __future__ import annotations

import json

import pytest

from services.executor.domain.json_value import Json
from services.executor.domain.requests import RequestRefused, ai_request, http_request

URL = "https://stock.example/items"


def test_a_bare_url_is_fetched_with_patience_of_its_own() -> None:
    request = http_request({"url": URL})

    assert (request.method, request.url, request.body) == ("GET", URL, b"")
    assert (request.seconds, request.retries, request.pause) == (10.0, 2, 1.0)
    assert dict(request.headers) == {"Accept": "application/json, */*;q=0.5"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (URL, f"{URL}?q=two%20words%20%26%20more&n=3&tag=a&tag=b"),
        (f"{URL}?x=1#part", f"{URL}?x=1&q=two%20words%20%26%20more&n=3&tag=a&tag=b"),
    ],
)
def test_a_query_is_added_encoded(url: str, expected: str) -> None:
    query: Json = {"q": "two words & more", "n": 3, "tag": ["a", "b"]}
    assert http_request({"url": url, "query": query}).url == expected


@pytest.mark.parametrize(
    ("body", "sent", "media_type"),
    [
        ({"a": ["ç", 1, None]}, '{"a":["ç",1,null]}', "application/json"),
        ('{"a": 1}', '{"a": 1}', "application/json"),
        ("plain words", "plain words", "text/plain; charset=utf-8"),
        ("{not json", "{not json", "text/plain; charset=utf-8"),
    ],
)
def test_a_body_is_sent_as_what_it_is(body: Json, sent: str, media_type: str) -> None:
    request = http_request({"url": URL, "method": "post", "body": body})

    assert (request.method, request.body.decode(), request.headers["Content-Type"]) == ("POST", sent, media_type)


def test_the_authors_own_media_type_stands() -> None:
    request = http_request({"url": URL, "headers": {"content-type": "application/vnd.x+json"}, "body": {"a": 1}})
    assert "Content-Type" not in request.headers


def test_patience_is_bounded() -> None:
    request = http_request({"url": URL, "timeout_seconds": 900, "max_retries": 90, "retry_delay_seconds": -3})
    assert (request.seconds, request.retries, request.pause) == (60.0, 5, 0.0)
    assert http_request({"url": URL, "timeout_seconds": "soon"}).seconds == 10.0


def test_a_model_is_asked_in_the_form_most_providers_take() -> None:
    request = ai_request(
        {
            "base_url": "https://models.example/v1/",
            "model": "small-1",
            "messages": [{"role": "user", "content": "Olá"}],
            "temperature": 0.2,
            "max_tokens": 60,
            "json_output": True,
        },
        "k-1",
    )

    assert (request.method, request.url) == ("POST", "https://models.example/v1/chat/completions")
    assert request.headers["Authorization"] == "Bearer k-1"
    assert json.loads(request.body) == {
        "model": "small-1",
        "messages": [{"role": "user", "content": "Olá"}],
        "temperature": 0.2,
        "max_tokens": 60,
        "response_format": {"type": "json_object"},
    }


def test_a_model_without_a_key_is_asked_without_one_and_without_an_address_not_at_all() -> None:
    assert "Authorization" not in ai_request({"base_url": "https://m.example", "model": "m"}, "").headers
    with pytest.raises(RequestRefused, match="baseUrl"):
        ai_request({"model": "m"}, "")
