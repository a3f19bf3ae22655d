"""Limits as clients meet them: counted for the right one, told in headers, over when it is time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from services.ingress.domain.limits import Limit, RestLimits
from tests.fixtures.accounts import PASSWORD, Office, open_office
from tests.fixtures.rest import NO_LIMITS
from tests.fixtures.servers import Database as OwnDatabase


@pytest.fixture
def tables(module_database: OwnDatabase) -> str:
    return module_database.url_of("ingress")


@asynccontextmanager
async def limited(tables: str, *, trusted_proxies: int = 0, **limits: Limit) -> AsyncIterator[Office]:
    chosen: RestLimits = replace(NO_LIMITS, **limits)
    async with open_office(tables, limits=chosen, trusted_proxies=trusted_proxies) as office:
        yield office


def is_limited(answer: Any) -> bool:
    return (answer.status_code, answer.json().get("error_code")) == (429, "RATE_LIMITED")


async def test_headers_tell_what_is_left_and_a_refusal_when_to_come_again(tables: str) -> None:
    async with limited(tables, caller=Limit(3, 60.0), organization=Limit(100, 60.0)) as office:
        token = await office.as_role("agent")
        answers = [await office.ask("GET", "/flows", token) for _ in range(4)]

        told = [
            tuple(int(answer.headers[f"ratelimit-{name}"]) for name in ("limit", "remaining", "reset"))
            for answer in answers
        ]
        assert told == [(3, 2, 20), (3, 1, 40), (3, 0, 60), (3, 0, 60)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[3].headers["retry-after"] == "20"
        assert answers[3].json() == {
            "detail": "Too many requests; try again in 20 seconds",
            "error_code": "RATE_LIMITED",
        }

        office.clock.seconds += 20
        assert (await office.ask("GET", "/flows", token)).status_code == 200


async def test_a_refused_request_without_permission_tells_of_limits_too(tables: str) -> None:
    async with limited(tables, caller=Limit(3, 60.0)) as office:
        answer = await office.ask("GET", "/users", await office.as_role("viewer"))

        assert (answer.status_code, answer.headers["ratelimit-remaining"]) == (403, "2")


async def test_an_organization_shares_its_limit_and_its_neighbour_has_one_of_its_own(tables: str) -> None:
    async with limited(tables, organization=Limit(4, 60.0)) as office:
        another = office.another()
        one, two, neighbour = (
            await office.as_role("agent"),
            await office.as_role("agent"),
            await another.as_role("agent"),
        )

        statuses = [(await office.ask("GET", "/flows", token)).status_code for token in (one, two) * 3]

        assert statuses == [200] * 4 + [429] * 2
        assert (await another.ask("GET", "/flows", neighbour)).status_code == 200


async def test_a_key_has_a_limit_of_its_own_if_it_was_given_one(tables: str) -> None:
    async with limited(tables, caller=Limit(5, 60.0)) as office:
        admin = await office.as_role("org_admin")
        keys = []
        for name, own in (("usual", None), ("narrow", 2), ("wide", 8)):
            body = {"name": name, "scopes": ["flows:read"], "requests_per_minute": own}
            keys.append((await office.ask("POST", "/api-keys", admin, json=body)).json()["key"])

        passed = [[(await office.ask("GET", "/flows", key)).status_code for _ in range(10)].count(200) for key in keys]

        assert passed == [5, 2, 8]


async def test_logins_are_counted_by_address_and_by_email(tables: str) -> None:
    async with limited(tables, trusted_proxies=1, login=Limit(5, 60.0)) as office:
        await office.add("ana", "agent")

        async def try_login(who: str, address: str) -> Any:
            body = {"email": office.email(who), "password": "três tigres alegres"}
            headers = {"x-forwarded-for": f"203.0.113.1, {address}"}
            return await office.ask("POST", "/auth/login", json=body, headers=headers)

        by_address = [await try_login(f"somebody{n}", "198.51.100.1") for n in range(6)]
        by_email = [await try_login("ana", f"198.51.100.{n}") for n in range(2, 8)]
        unknown = [await try_login("nobody", f"198.51.100.{n}") for n in range(8, 14)]

        for answers in (by_address, by_email, unknown):
            assert [answer.status_code for answer in answers] == [401] * 5 + [429]
            assert is_limited(answers[5])
            # A permit comes back after 12 s; the five refusals took 1.5 s.
            assert answers[5].headers["retry-after"] == "11"


async def test_a_limit_on_logins_does_not_tell_whether_the_password_was_right(tables: str) -> None:
    async with limited(tables, login=Limit(1, 60.0)) as office:
        await office.add("ana", "agent")
        await office.enter("ana")

        assert is_limited(await office.login("ana"))
        assert is_limited(await office.login("ana", "três tigres alegres"))


async def test_refreshes_and_acceptances_are_counted_by_address(tables: str) -> None:
    async with limited(tables, refresh=Limit(2, 60.0), acceptance=Limit(3, 3600.0)) as office:
        refreshed = [await office.refresh("ptr_x") for _ in range(3)]
        body = {"token": "pti_x", "password": PASSWORD}
        accepted = [await office.ask("POST", "/invitations/accept", json=body) for _ in range(4)]

        assert [answer.status_code for answer in refreshed] == [401, 401, 429]
        assert [answer.status_code for answer in accepted] == [404, 404, 404, 429]
        assert accepted[3].headers["retry-after"] == "1200"


async def test_test_messages_have_a_limit_of_their_own(tables: str) -> None:
    async with limited(tables, sending=Limit(2, 60.0)) as office:
        token = await office.as_role("agent")

        async def send() -> Any:
            return await office.ask("POST", "/conversations/5511987654321/send", token, json={"message": "Oi"})

        assert [(await send()).status_code for _ in range(3)] == [200, 200, 429]
        assert (await office.ask("GET", "/flows", token)).status_code == 200


async def test_files_have_a_limit_of_their_own(tables: str) -> None:
    async with limited(tables, upload=Limit(2, 60.0)) as office:
        token = await office.as_role("agent")

        async def put() -> Any:
            return await office.ask("PUT", f"/media/{UUID(int=5)}?kind=image", token, content=b"x")

        assert [(await put()).status_code for _ in range(3)] == [200, 200, 429]
        assert (await office.ask("GET", f"/media/{UUID(int=5)}", token)).status_code == 200


async def test_with_zero_nothing_is_limited_and_no_header_tells_of_a_limit(tables: str) -> None:
    async with limited(tables) as office:
        answer = await office.ask("GET", "/flows", await office.as_role("agent"))

        assert answer.status_code == 200
        assert not [name for name in answer.headers if name.startswith("ratelimit")]
