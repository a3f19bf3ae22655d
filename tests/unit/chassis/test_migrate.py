"""What the migration's job is told by its environment."""

import sys
from collections.abc import Mapping

import pytest

from services.chassis import migrate


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, Mapping[str, str]]:
    """The URL and the passwords of each migration that was begun; none reaches a database."""
    begun: dict[str, Mapping[str, str]] = {}
    monkeypatch.setattr(migrate, "migrate", lambda url, passwords, _: begun.update({url: passwords}))
    monkeypatch.setattr(sys, "argv", ["migrate"])
    monkeypatch.setenv("DATABASE_URL", "postgresql://admin@db/pytake")
    return begun


def test_services_and_people_get_the_passwords_that_are_given(
    told: dict[str, Mapping[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SVC_ROUTER_PASSWORD", "one")
    monkeypatch.setenv("SVC_ROUTER_RO_PASSWORD", "two")

    migrate.main()

    assert told == {"postgresql://admin@db/pytake": {"svc_router": "one", "svc_router_ro": "two"}}


def test_a_role_without_a_password_is_left_as_it_is(
    told: dict[str, Mapping[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SVC_SENDER_PASSWORD", "three")
    monkeypatch.setenv("SVC_SENDER_RO_PASSWORD", "")

    migrate.main()

    assert told == {"postgresql://admin@db/pytake": {"svc_sender": "three"}}
