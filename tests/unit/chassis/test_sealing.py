"""Secrets at rest open in their own row only, under any key that is still known."""

import base64
from itertools import product

import pytest

from services.chassis.sealing import KEY_BYTES, SealBroken, Sealer

OLD, NEW = bytes(range(KEY_BYTES)), bytes(range(1, KEY_BYTES + 1))
PLACE = {"table": "ingress.meta_app", "organization_id": "one", "row": "main/app_secret"}


def test_what_was_sealed_opens_in_its_row() -> None:
    sealer = Sealer((NEW,))
    assert sealer.open(sealer.seal("segredo é", **PLACE), **PLACE) == "segredo é"


def test_the_text_and_its_repeats_cannot_be_seen() -> None:
    sealer = Sealer((NEW,))
    one, two = sealer.seal("a secret of mine", **PLACE), sealer.seal("a secret of mine", **PLACE)
    assert one != two
    assert b"secret" not in one


@pytest.mark.parametrize("field", list(PLACE))
def test_a_value_copied_elsewhere_does_not_open(field: str) -> None:
    sealer = Sealer((NEW,))
    with pytest.raises(SealBroken):
        sealer.open(sealer.seal("s", **PLACE), **(PLACE | {field: "other"}))


def test_a_changed_byte_anywhere_keeps_it_shut() -> None:
    sealer = Sealer((NEW,))
    sealed = sealer.seal("s", **PLACE)
    for place, bit in product(range(len(sealed)), (1, 128)):
        changed = sealed[:place] + bytes([sealed[place] ^ bit]) + sealed[place + 1 :]
        with pytest.raises(SealBroken):
            sealer.open(changed, **PLACE)


@pytest.mark.parametrize("length", range(32))
def test_a_value_cut_short_keeps_shut(length: int) -> None:
    sealer = Sealer((NEW,))
    with pytest.raises(SealBroken):
        sealer.open(sealer.seal("s", **PLACE)[:length], **PLACE)


def test_after_a_rotation_the_old_key_opens_and_the_new_one_seals() -> None:
    sealed_before = Sealer((OLD,)).seal("s", **PLACE)
    rotated = Sealer((NEW, OLD))

    assert rotated.open(sealed_before, **PLACE) == "s"
    assert Sealer((NEW,)).open(rotated.seal("s", **PLACE), **PLACE) == "s"
    with pytest.raises(SealBroken):
        Sealer((NEW,)).open(sealed_before, **PLACE)


def test_keys_are_read_in_order_and_spaces_do_not_matter() -> None:
    text = f" {base64.b64encode(NEW).decode()} , {base64.b64encode(OLD).decode()} ,"
    assert Sealer.from_text(text).keys == (NEW, OLD)


@pytest.mark.parametrize("text", ["", ",", "!!", base64.b64encode(b"short").decode()])
def test_an_unusable_key_is_refused_with_the_variable_and_the_mend(text: str) -> None:
    with pytest.raises(ValueError, match="SEALING_KEYS"):
        Sealer.from_text(text)
