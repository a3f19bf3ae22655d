"""A number is whose a token is that opens it at Meta."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.chassis.errors import FailedPrecondition, InvalidArgument, Unavailable
from services.sender.ports import Managed
from services.sender.usecases.proving import ProveNumber

NUMBER = "7100200300"
OURS = UUID(int=61)


class Meta:
    """Answers what it was told to, and notes what it was asked."""

    def __init__(self, status: int, document: Mapping[str, object] | None) -> None:
        self.answer = Managed(status, document)
        self.asked: list[tuple[str, Sequence[str], str]] = []

    async def manage(self, method: str, path: Sequence[str], *, token: str, **_: Any) -> Managed:
        self.asked.append((method, path, token))
        return self.answer


class Calls:
    """A budget by account; `wait` is how long the next call has to."""

    def __init__(self, wait: float = 0.0) -> None:
        self.wait = wait
        self.accounts: list[str] = []

    async def take(self, account: str) -> float:
        self.accounts.append(account)
        return self.wait


async def prove(meta: Meta, calls: Calls, *, number: str = NUMBER, token: str = "EAAfern") -> None:
    proof: Any = ProveNumber(meta, calls)  # type: ignore[arg-type]  # as much of the ports as it uses
    await proof.prove(organization_id=OURS, phone_number_id=number, token=token)


async def test_a_token_that_opens_the_number_is_a_proof() -> None:
    meta, calls = Meta(200, {"id": NUMBER}), Calls()
    await prove(meta, calls)
    assert (meta.asked, calls.accounts) == ([("GET", [NUMBER], "EAAfern")], [f"proof:{OURS}"])


@pytest.mark.parametrize(
    ("status", "document"),
    [
        (200, {"id": "7100200301"}),
        (200, {}),
        (200, None),
        (400, {"error": {"code": 100, "error_subcode": 33}}),
        (401, {"error": {"code": 190}}),
        (403, {"error": {"code": 10}}),
    ],
)
async def test_what_meta_refuses_is_no_proof(status: int, document: Mapping[str, object] | None) -> None:
    with pytest.raises(InvalidArgument, match="access_token does not open this number"):
        await prove(Meta(status, document), Calls())


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_an_accident_at_meta_is_neither_proof_nor_refusal(status: int) -> None:
    with pytest.raises(Unavailable):
        await prove(Meta(status, None), Calls())


async def test_who_asks_too_often_waits_and_meta_is_not_asked() -> None:
    meta = Meta(200, {"id": NUMBER})
    with pytest.raises(FailedPrecondition, match="in 31 seconds"):
        await prove(meta, Calls(wait=30.0))
    assert meta.asked == []


@pytest.mark.parametrize(
    ("number", "token", "field"), [("71x", "EAAfern", "phone_number_id"), (NUMBER, "", "access_token")]
)
async def test_what_can_be_no_id_or_token_is_never_shown_to_meta(number: str, token: str, field: str) -> None:
    meta = Meta(200, {"id": number})
    with pytest.raises(InvalidArgument, match=field):
        await prove(meta, Calls(), number=number, token=token)
    assert meta.asked == []


async def test_another_organizations_questions_are_another_ones_budget() -> None:
    calls = Calls()
    proof: Any = ProveNumber(Meta(200, {"id": NUMBER}), calls)  # type: ignore[arg-type]  # as above
    for organization_id in (OURS, uuid4()):
        await proof.prove(organization_id=organization_id, phone_number_id=NUMBER, token="EAAfern")
    assert len(set(calls.accounts)) == 2
