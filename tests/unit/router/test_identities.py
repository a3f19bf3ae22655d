"""Whom a message names."""

from uuid import UUID

import pytest

from services.router.domain.identity import identities_of, phone_digits, read_identity
from services.router.domain.message import Message, Notice

ORGANIZATION = UUID("1b1a4e43-6d3c-4bd5-8f4e-51a4c5b9f001")


def named(**fields) -> list[tuple[str, str]]:
    message = Message(event_id="e", phone_number_id="1", **fields)
    return [(identity.kind, identity.value) for identity in identities_of(ORGANIZATION, message)]


def test_a_message_names_its_phone_number_and_its_user_id():
    assert named(wa_id="5581", user_id="BR.1") == [("wa_id", "5581"), ("user_id", "BR.1")]


def test_the_id_at_the_parent_business_alone_names_nobody():
    assert named(parent_user_id="BR.ENT.9") == []


def test_a_changed_number_names_the_old_and_then_the_new_one():
    notice = Notice("user_changed_number", "5581900000001", "5581900000002", new_wa_id="5581900000002")
    assert named(kind="system", notice=notice) == [("wa_id", "5581900000001"), ("wa_id", "5581900000002")]


def test_a_changed_user_id_names_the_old_and_then_the_new_one_with_a_new_number_if_told():
    notice = Notice("user_changed_user_id", "BR.1a", "BR.2b", new_wa_id="5581900000002", new_user_id="BR.2b")
    assert named(kind="system", wa_id="5581900000001", notice=notice) == [
        ("user_id", "BR.1a"),
        ("wa_id", "5581900000001"),
        ("user_id", "BR.2b"),
        ("wa_id", "5581900000002"),
    ]


def test_words_of_a_notice_that_look_like_no_number_are_not_believed():
    notice = Notice("user_changed_number", "Ana", "Bia", new_wa_id="5581900000002")
    assert named(kind="system", wa_id="5581900000001", notice=notice) == [
        ("wa_id", "5581900000001"),
        ("wa_id", "5581900000002"),
    ]


def test_other_notices_link_nothing():
    notice = Notice("customer_identity_changed", "BR.1", "BR.2", "5581900000009", "BR.9")
    assert named(kind="system", wa_id="5581900000001", notice=notice) == [("wa_id", "5581900000001")]


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("+55 81 98888-7777", "5581988887777"),
        ("5581988887777", "5581988887777"),
        ("BR.12345", ""),
        ("12", ""),
        ("", ""),
    ],
)
def test_a_phone_number_is_read_with_or_without_its_signs(text, digits):
    assert phone_digits(text) == digits


def test_what_is_no_phone_number_is_a_user_id():
    assert read_identity(ORGANIZATION, " BR.7f ")[1:] == ("user_id", "BR.7f")
    assert read_identity(ORGANIZATION, "+55 (81) 98888-7777")[1:] == ("wa_id", "5581988887777")
