"""Secrets as texts, and e-mails and passwords as people write them."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingress.domain.accounts.emails import email_hash, normal_email
from services.ingress.domain.accounts.passwords import check_password, normal_password
from services.ingress.domain.accounts.texts import (
    INVITATION_PREFIX,
    KEY_PREFIX,
    REFRESH_PREFIX,
    bound_text,
    check_own_key,
    digest,
    is_key_text,
    key_text,
    organization_of,
)

secrets = st.binary(min_size=32, max_size=32)


@given(st.uuids(), secrets)
def test_a_bound_token_names_its_organization_and_is_of_one_kind(organization_id: UUID, secret: bytes) -> None:
    text = bound_text(REFRESH_PREFIX, organization_id, secret)

    assert organization_of(REFRESH_PREFIX, text) == organization_id
    assert organization_of(INVITATION_PREFIX, text) is None


@given(st.text(max_size=600))
def test_whatever_is_presented_as_a_token_is_read_without_an_error(text: str) -> None:
    for wanted in (text, REFRESH_PREFIX + text):
        assert organization_of(REFRESH_PREFIX, wanted) is None
        assert len(digest(wanted)) == 32


@given(st.uuids(), secrets)
def test_a_made_key_names_itself_can_be_chosen_and_is_no_jwt(key_id: UUID, secret: bytes) -> None:
    text = key_text(key_id, secret)

    assert text.startswith(f"{KEY_PREFIX}{key_id.hex}_")
    assert check_own_key(text) == text
    assert is_key_text(text)


@pytest.mark.parametrize(
    "text", ["", "short", "a.b.c", "e" * 30 + ".f.g", "spaces are no part of it", "x" * 201, "é" * 30]
)
def test_what_cannot_be_a_key_is_refused_without_being_repeated(text: str) -> None:
    assert not is_key_text(text)
    with pytest.raises(ValueError, match="must be 20 to 200") as refusal:
        check_own_key(text)
    assert not text or text not in str(refusal.value)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("Ana@Example.COM", "ana@example.com"),
        ("  rui@example.com\n", "rui@example.com"),
        ("ｂｉａ@example.com", "bia@example.com"),
        ("joão.silva+zap@exemplo.com.br", "joão.silva+zap@exemplo.com.br"),
    ],
)
def test_an_email_has_one_form(written: str, normal: str) -> None:
    assert normal_email(written) == normal
    assert email_hash(normal_email(written)) == email_hash(normal)


@pytest.mark.parametrize(
    "text",
    [
        "", "ana", "ana@", "@example.com", "a b@example.com", "ana@@example.com", "ana@example..com", "ana@.com",
        "ana@example.com.", "ana\0@example.com", "Ana <ana@example.com>", f"{'a' * 65}@example.com",
        f"ana@{'b' * 250}.com", "ana@exa\ud800mple.com",
    ],
)  # fmt: skip
def test_what_is_no_email_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must"):
        normal_email(text)


@given(st.text())
def test_an_email_in_its_form_keeps_it(text: str) -> None:
    try:
        email = normal_email(f"{text}@example.com")
    except ValueError:
        return
    assert normal_email(email) == email


@pytest.mark.parametrize("text", ["", "seven77", "aaaabbbbccc", "ana@example.com", "x" * 257, "broken\ud800text"])
def test_a_weak_or_broken_password_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="must") as refusal:
        check_password(text, email="ana@example.com")
    assert not text or text not in str(refusal.value)


def test_a_password_is_the_same_whichever_keyboard_composed_its_letters() -> None:
    composed, apart = "caf\u00e9 da manh\u00e3", "cafe\u0301 da manha\u0303"

    assert check_password(composed, email="ana@example.com") == check_password(apart, email="ana@example.com")
    assert normal_password(composed) == normal_password(apart)


def test_two_organizations_have_different_tokens_for_the_same_chance() -> None:
    secret = bytes(32)

    assert bound_text(REFRESH_PREFIX, uuid4(), secret) != bound_text(REFRESH_PREFIX, uuid4(), secret)
