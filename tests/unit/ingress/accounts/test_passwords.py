"""argon2id in a thread: right and wrong, the same work for nobody, few at a time."""

import asyncio

import pytest

from services.chassis.errors import InvalidArgument
from services.ingress.accounts.passwords import Cost, Passwords
from services.ingress.domain.limits import LimitReached
from tests.fixtures.accounts import CHEAP


@pytest.fixture
def passwords() -> Passwords:
    return Passwords(CHEAP)


async def test_a_password_opens_its_own_hash_and_no_other_does(passwords: Passwords) -> None:
    stored = await passwords.hash("três tigres tristes")

    assert stored.startswith(CHEAP.prefix)
    assert "tigres" not in stored
    assert await passwords.is_right("três tigres tristes", stored)
    assert not await passwords.is_right("dois tigres tristes", stored)


async def test_every_hash_has_salt_of_its_own(passwords: Passwords) -> None:
    assert await passwords.hash("três tigres tristes") != await passwords.hash("três tigres tristes")


async def test_nobodys_password_is_wrong_after_a_check_of_the_same_cost(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []

    def check(_: bytes, phc: str) -> bool:
        checked.append(phc)
        return True

    monkeypatch.setattr("services.ingress.accounts.passwords._is_right", check)

    assert not await passwords.is_right("três tigres tristes", None)
    assert [phc.startswith(CHEAP.prefix) for phc in checked] == [True]


@pytest.mark.parametrize("text", ["", "\0", "\ud800", "x" * 100_000])
async def test_whatever_is_tried_is_wrong_and_no_error(passwords: Passwords, text: str) -> None:
    assert not await passwords.is_right(text, await passwords.hash("três tigres tristes"))


async def test_a_hash_of_another_cost_is_outdated(passwords: Passwords) -> None:
    stored = await passwords.hash("três tigres tristes")

    assert not passwords.is_outdated(stored)
    assert Passwords(Cost()).is_outdated(stored)


def test_the_usual_cost_is_that_of_owasp() -> None:
    assert Cost().prefix == "$argon2id$v=19$m=19456,t=2,p=1$"


async def test_a_chosen_password_is_checked_first(passwords: Passwords) -> None:
    with pytest.raises(InvalidArgument, match="new_password must have 8 to 256 characters"):
        await passwords.hash_new("short", email="ana@example.com", field="new_password")


async def test_a_flood_runs_one_at_a_time_and_those_who_find_a_crowd_are_told_to_come_again() -> None:
    passwords = Passwords(CHEAP, at_once=1, most_waiting=5)
    stored = await passwords.hash("três tigres tristes")

    answers = await asyncio.gather(
        *(passwords.is_right("três tigres tristes", stored) for _ in range(40)), return_exceptions=True
    )

    assert answers.count(True) == 5
    refused = [answer for answer in answers if isinstance(answer, LimitReached)]
    assert len(refused) == 35
    assert await passwords.is_right("três tigres tristes", stored)
