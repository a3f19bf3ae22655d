"""Pages of other sites: only those that an operator names may call, and they may read what they are told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
import pytest

from services.chassis.settings import SettingsError, read_settings
from services.ingress.domain.origins import read_origins
from services.ingress.settings import Settings, origins_of
from tests.fakes.ingress_peers import House
from tests.fixtures.rest import Clock, Rights, bearer, site_on

PAGE = "https://desk.example.com"
LIST = "/api/v1/conversations"
ASKS_FIRST = {
    "origin": PAGE,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization, content-type, idempotency-key",
}


@asynccontextmanager
async def calling(*origins: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a house with these origins."""
    site = site_on(House(), Clock(), Rights(), origins=frozenset(origins))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(site), base_url="http://ingress") as client:
        yield client


def told(answer: httpx.Response) -> dict[str, str]:
    """The headers for browsers."""
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("", set()),
        (PAGE, {PAGE}),
        (f" {PAGE} ,http://localhost:5173,", {PAGE, "http://localhost:5173"}),
        ("http://[::1]:8080", {"http://[::1]:8080"}),
        ("*", {"*"}),
    ],
)
def test_origins_are_a_list(text: str, origins: set[str]) -> None:
    assert read_origins(text) == origins


@pytest.mark.parametrize(
    "text",
    [f"{PAGE}/", f"{PAGE}/app", "desk.example.com", "HTTPS://desk.example.com", f"*,{PAGE}", "null", "ftp://a.b"],
)
def test_what_no_browser_would_say_is_refused_with_the_mend(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no origin; write it like https://app\.example\.com"):
        read_origins(text)


def test_a_wrong_setting_is_named() -> None:
    required = ("DATABASE_URL", "SERVICE_KEY_FILE", "SERVICE_JWKS_FILE", "SECRET_KEY", "SEALING_KEYS")
    environment = dict.fromkeys(required, "x") | {"CORS_ALLOWED_ORIGINS": "desk"}

    with pytest.raises(SettingsError, match="CORS_ALLOWED_ORIGINS cannot be used: 'desk' is no origin"):
        origins_of(read_settings(Settings, environment))


async def test_without_the_setting_no_page_may_call() -> None:
    async with calling() as client:
        first = await client.options(LIST, headers=ASKS_FIRST)
        answer = await client.get(LIST, headers={"origin": PAGE})

        assert (first.status_code, answer.status_code) == (204, 401)
        assert (told(first), told(answer)) == ({}, {})
        assert "vary" not in answer.headers


async def test_a_page_that_is_named_asks_first_and_may_then_call_with_all_we_offer() -> None:
    async with calling(PAGE) as client:
        first = await client.options(LIST, headers=ASKS_FIRST)

        assert (first.status_code, first.headers["access-control-allow-origin"]) == (204, PAGE)
        assert first.headers["vary"] == "Origin"
        methods = first.headers["access-control-allow-methods"].split(", ")
        allowed = first.headers["access-control-allow-headers"].lower().split(", ")
        assert {"GET", "POST", "PUT", "PATCH", "DELETE"} <= set(methods)
        assert {"authorization", "x-api-key", "content-type", "idempotency-key", "if-match", "if-none-match"} <= set(
            allowed
        )
        assert "access-control-allow-credentials" not in first.headers


async def test_a_page_may_read_answers_refusals_and_their_headers() -> None:
    async with calling(PAGE) as client:
        answer = await client.get(LIST, headers={"origin": PAGE} | bearer(uuid4(), "agent"))
        refused = await client.get(LIST, headers={"origin": PAGE})
        too_large = await client.post("/api/v1/contacts", content=b"x" * 70_000, headers={"origin": PAGE})

        assert [one.status_code for one in (answer, refused, too_large)] == [200, 401, 413]
        for one in (answer, refused, too_large):
            assert one.headers["access-control-allow-origin"] == PAGE
            shown = one.headers["access-control-expose-headers"].split(", ")
            assert {"ETag", "Link", "Retry-After", "RateLimit-Remaining", "Idempotency-Replayed"} <= set(shown)


async def test_other_pages_are_told_nothing_and_no_cache_takes_one_for_another() -> None:
    async with calling(PAGE) as client:
        first = await client.options(LIST, headers=ASKS_FIRST | {"origin": "https://evil.example.com"})
        answer = await client.get(LIST, headers={"origin": f"{PAGE}.evil.example.com"})

        assert (told(first), told(answer)) == ({}, {})
        assert (first.headers["vary"], answer.headers["vary"]) == ("Origin", "Origin")


async def test_a_star_means_every_page() -> None:
    async with calling("*") as client:
        first = await client.options(LIST, headers=ASKS_FIRST)
        answer = await client.get(LIST, headers={"origin": "null"})
        command_line = await client.get(LIST)

        assert first.headers["access-control-allow-origin"] == answer.headers["access-control-allow-origin"] == "*"
        assert told(command_line) == {}


async def test_options_without_a_page_tells_what_the_path_takes() -> None:
    async with calling(PAGE) as client:
        assert (await client.options(LIST)).headers["allow"] == "GET, HEAD, OPTIONS"
