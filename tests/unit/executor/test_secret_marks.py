"""Secrets stand in requests by name, as marks that nobody but an author can make."""

from __future__ import annotations

import re

import pytest

from services.executor.domain.secret_marks import (
    is_secret_name,
    marked_names,
    masked,
    put_in,
    secret_names,
    with_marks,
)
from services.executor.domain.templates import compile_template
from services.executor.domain.variables import Scope

SECRETS = {"SHOP_KEY": "tulip-9917", "id.two": "x&y z"}


def test_a_secret_is_put_in_where_its_author_named_it_at_any_depth() -> None:
    written = {
        "headers": {"X-Key": with_marks("Token {{secret.SHOP_KEY}}")},
        "body": [with_marks("{{ secret.id.two }}")],
    }

    assert marked_names(written) == {"SHOP_KEY", "id.two"}
    assert put_in(written, SECRETS) == {"headers": {"X-Key": "Token tulip-9917"}, "body": ["x&y z"]}


def test_a_contact_who_types_a_secrets_name_gets_nothing_put_in() -> None:
    template = compile_template(with_marks("{{user_message}} and {{secret.SHOP_KEY}}"))
    said = template.render(Scope({}, {"user_message": "{{secret.SHOP_KEY}}"}))

    assert put_in(said, SECRETS) == "{{secret.SHOP_KEY}} and tulip-9917"


def test_a_secret_that_is_not_there_is_an_error_and_not_an_empty_text() -> None:
    with pytest.raises(KeyError):
        put_in(with_marks("{{secret.OTHER}}"), SECRETS)


def test_the_names_an_author_uses_are_told_once_and_in_order() -> None:
    assert secret_names("{{secret.B}} {{secret.A}} {{secret.B}} {{secrets.C}} {{secret.}}") == ["B", "A"]


@pytest.mark.parametrize(
    ("name", "is_name"),
    [
        ("A", True),
        ("shop-key_2.old", True),
        ("", False),
        ("-a", False),
        ("a b", False),
        ("a" * 64, True),
        ("a" * 65, False),
    ],
)
def test_a_secrets_name_is_of_few_signs(name: str, is_name: bool) -> None:
    assert is_secret_name(name) is is_name


def test_values_of_secrets_are_taken_out_of_texts_and_names_at_any_depth() -> None:
    forms = re.compile("tulip-9917")

    assert masked({"a tulip-9917": [1, "say tulip-9917!"]}, forms) == {"a ***": [1, "say ***!"]}
    assert masked("tulip-9917", None) == "tulip-9917"
