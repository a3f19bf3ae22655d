"""Who sets up a number shows that it is his."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from services.chassis.errors import InvalidArgument, Unavailable
from services.pb.common.v1 import errors_pb2
from services.router.domain.organization import Number
from services.router.usecases import OwnSettings

OURS = UUID(int=62)
NUMBER = Number("7100200300", "+7100200300", None, None, "", True, "")


class Store:
    """Numbers that were made."""

    def __init__(self) -> None:
        self.made: list[Number] = []

    async def edit_number(
        self, *, organization_id: UUID, phone_number_id: str, edit: Callable[[Number | None], Number]
    ) -> tuple[Number, bool]:
        self.made.append(edit(None))
        return self.made[-1], True


class Meta:
    """Knows one token; `error` is what else it says."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.asked: list[tuple[UUID, str, str]] = []

    async def prove(self, *, organization_id: UUID, phone_number_id: str, access_token: str) -> None:
        self.asked.append((organization_id, phone_number_id, access_token))
        if self.error is not None:
            raise self.error


async def make(store: Store, meta: Meta | None, token: str) -> Number:
    settings: Any = OwnSettings(store, meta)  # type: ignore[arg-type]  # as much of the store as it uses
    return await settings.create_number(organization_id=OURS, number=NUMBER, access_token=token)


async def test_a_number_is_made_when_its_token_opens_it() -> None:
    store, meta = Store(), Meta()
    made = await make(store, meta, "EAAfern")
    assert (store.made, meta.asked) == ([made], [(OURS, NUMBER.phone_number_id, "EAAfern")])


async def test_without_a_token_no_number_is_made_and_nobody_asked() -> None:
    store, meta = Store(), Meta()
    with pytest.raises(InvalidArgument, match="access_token is missing"):
        await make(store, meta, "")
    assert (store.made, meta.asked) == ([], [])


@pytest.mark.parametrize(
    "error",
    [
        InvalidArgument("access_token does not open it"),
        Unavailable("nobody answers", reason=errors_pb2.ERROR_REASON_PEER_UNAVAILABLE),
    ],
)
async def test_without_a_proof_no_number_is_made(error: Exception) -> None:
    store = Store()
    with pytest.raises(type(error)):
        await make(store, Meta(error), "EAAfern")
    assert store.made == []


async def test_where_no_proof_is_wanted_the_first_one_has_the_number() -> None:
    store = Store()
    made = await make(store, None, "")
    assert store.made == [made]
