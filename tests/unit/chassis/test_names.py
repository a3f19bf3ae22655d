"""A name is known again by its hash, and by nobody without the key."""

import base64
from uuid import UUID

import pytest

from services.chassis.sealing import NameHasher

ONE, OTHER = UUID(int=1), UUID(int=2)
NAMES = NameHasher(bytes(32))


def test_the_same_name_has_the_same_hash_in_every_process() -> None:
    # Written down: hashes are kept for good, so the way they are made is too.
    assert NAMES.hash_of(ONE, "wa_id", "5581900000001").hex() == (
        "cab334cfa059eab410030347d20449445a252e9bf689d3593b42fcebe104b474"
    )


def test_another_name_kind_organization_or_key_is_another_hash() -> None:
    hashes = {
        NAMES.hash_of(ONE, "wa_id", "5581900000001"),
        NAMES.hash_of(ONE, "wa_id", "5581900000002"),
        NAMES.hash_of(ONE, "user_id", "5581900000001"),
        NAMES.hash_of(OTHER, "wa_id", "5581900000001"),
        NameHasher(bytes([1]) * 32).hash_of(ONE, "wa_id", "5581900000001"),
    }

    assert len(hashes) == 5
    assert {len(each) for each in hashes} == {32}


def test_a_key_is_read_from_base64_of_32_bytes() -> None:
    assert NameHasher.from_text(base64.b64encode(bytes(32)).decode() + "\n") == NAMES


@pytest.mark.parametrize("text", ["", "no base64!", base64.b64encode(bytes(31)).decode()])
def test_any_other_text_is_refused_with_the_mend(text: str) -> None:
    with pytest.raises(ValueError, match="openssl rand -base64 32"):
        NameHasher.from_text(text)
