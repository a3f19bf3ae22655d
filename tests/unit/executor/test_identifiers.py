"""Ids that are read, written and derived with less work come out as the standard library's."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.executor.domain.identifiers import derived_id, read_id, recurring_id, written_id

ONE = uuid.UUID("7d8f2b64-5c1e-4f43-9a55-2f6f0a3c9b01")


@given(st.uuids(), st.text())
def test_a_derived_id_is_the_standard_librarys(namespace: uuid.UUID, name: str) -> None:
    assert derived_id(namespace, name) == uuid.uuid5(namespace, name)
    assert derived_id(namespace, name).version == 5


@given(st.uuids(), st.uuids())
def test_an_id_is_read_whatever_was_expected(value: uuid.UUID, expected: uuid.UUID) -> None:
    assert read_id(str(value), expected) == value == recurring_id(written_id(value))


@pytest.mark.parametrize("text", [str(ONE).upper(), ONE.hex, f"{{{ONE}}}", ONE.urn])
def test_an_id_in_another_form_is_read_too(text: str) -> None:
    assert read_id(text, ONE) == recurring_id(text) == ONE


@pytest.mark.parametrize("text", ["", "7d8f2b64", str(ONE)[:-1], "g" * 32])
def test_what_is_no_id_is_refused_each_time(text: str) -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match=r"hexadecimal|base 16"):
            read_id(text, ONE)
        with pytest.raises(ValueError, match=r"hexadecimal|base 16"):
            recurring_id(text)
