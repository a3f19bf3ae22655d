"""Tokens never leave sender, app secrets never leave ingress: no contract could carry one out.

That no answer of a running house holds one is in tests/journeys/test_answers.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib import import_module

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor

from services.cli.secrets import ROOMS_WITH_SECRETS
from services.embedded.keys import ROOMS
from tests.fixtures.servers import ROOT
from tests.walls.provoking import methods

SECRET = re.compile(r"token|secret|password|credential|signature|cookie|(^|_)sealed|private|(api|sealing)_keys?$")

# Fields whose names look like a secret's, and why they are none.
NO_SECRETS: Mapping[str, str] = {
    "pytake.executor.v1.ListSecretsResponse.secrets": "names and times, without values",
    "pytake.ingress.v1.App.has_previous_secret": "says whether there is one",
    "pytake.ingress.v1.CreateApiKeyResponse.api_key": "the key without its text",
    "pytake.ingress.v1.ListApiKeysResponse.api_keys": "keys without their texts",
}
# Secrets that are shown once, to whom they are made for.
SHOWN_ONCE: Mapping[str, str] = {
    "pytake.ingress.v1.CreateInvitationResponse.invitation_token": "to who invites, and hands it to the invited person",
    "pytake.ingress.v1.PutUserResponse.invitation_token": "to the operator, who hands it to the invited person",
    "pytake.sender.v1.PutWebhookResponse.secret": "to who makes the webhook, when sender was asked to choose it",
}

METHODS = sorted(methods(), key=lambda method: method.full_name)


def fields_of(message: Descriptor, seen: frozenset[str] = frozenset()) -> Iterator[FieldDescriptor]:
    """Every field of a message and of the messages in it."""
    if message.full_name in seen:
        return
    for field in message.fields:
        yield field
        if field.message_type is not None:
            yield from fields_of(field.message_type, seen | {message.full_name})


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.full_name)
def test_no_answer_has_a_field_for_a_secret(method: MethodDescriptor) -> None:
    names = {field.full_name for field in fields_of(method.output_type) if SECRET.search(field.name)}

    assert names - set(NO_SECRETS) - set(SHOWN_ONCE) == set()


def test_the_exceptions_are_fields_that_exist() -> None:
    existing = {field.full_name for method in METHODS for field in fields_of(method.output_type)}

    assert set(NO_SECRETS) | set(SHOWN_ONCE) <= existing


def test_a_secret_would_be_seen() -> None:
    """The requests are the other way round: they carry secrets in, by the very names."""
    carried = {
        field.full_name for method in METHODS for field in fields_of(method.input_type) if SECRET.search(field.name)
    }

    assert {
        "pytake.ingress.v1.PutAppRequest.app_secret",
        "pytake.ingress.v1.PutAppRequest.verify_token",
        "pytake.sender.v1.PutCredentialRequest.access_token",
    } <= carried


def test_the_rooms_that_seal_are_those_whose_keys_rotate() -> None:
    """Who has sealing keys serves Sealing, is asked by `pytake secrets`, and lists where its values lie."""
    settings = {room: import_module(f"services.{room}.settings").Settings for room in ROOMS}
    sealing = {room for room, its in settings.items() if "sealing_keys" in its.__dataclass_fields__}
    serving = {room for room in ROOMS if "SealingServer(" in (ROOT / "services" / room / "app.py").read_text()}

    assert sealing == serving == set(ROOMS_WITH_SECRETS)
    for room in sealing:
        assert import_module(f"services.{room}.store").SEALED
