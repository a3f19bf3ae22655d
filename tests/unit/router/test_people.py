"""What people may say of contacts and conversations, and where pages end."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from services.router.domain.people import (
    FIRST_PLACE,
    MOST_TAGS,
    ContactView,
    Details,
    DetailsChange,
    Place,
    TooMuch,
    attributes_in,
    read_place,
    retagged,
    written_place,
)

KNOWN = Details(given_name="Bia", attributes={"city": "Olinda", "points": 1}, tags=("vip",), language="pt_BR")


def test_a_change_that_says_nothing_changes_nothing() -> None:
    assert DetailsChange().applied_to(KNOWN) == KNOWN


def test_what_is_said_changes_and_the_rest_stays() -> None:
    changed = DetailsChange(given_name="", language="en", is_opted_in=False).applied_to(KNOWN)
    assert changed == Details(attributes=KNOWN.attributes, tags=("vip",), language="en", is_opted_in=False)


def test_attributes_are_put_together_and_null_takes_one_away() -> None:
    changed = DetailsChange(attributes={"points": None, "more": {"a": None}}).applied_to(KNOWN)
    assert changed.attributes == {"city": "Olinda", "more": {"a": None}}


def test_attributes_that_would_be_too_many_are_refused_with_the_mend() -> None:
    half = {"a": "x" * 9_000}
    one = DetailsChange(attributes=half).applied_to(KNOWN)
    with pytest.raises(TooMuch, match="attributes would have more than 16384 characters; take some away"):
        DetailsChange(attributes={"b": "x" * 9_000}).applied_to(one)


def test_tags_keep_the_order_in_which_they_came_and_come_once() -> None:
    assert retagged(("a", "b"), ("c", "a", "c"), ("b",)) == ("a", "c")
    assert retagged(("a",), ("b",), ("b",)) == ("a",)


def test_more_tags_than_may_be_are_refused_but_what_is_there_may_shrink() -> None:
    full = tuple(map(str, range(MOST_TAGS)))
    beyond = (*full, "more", "most")
    assert retagged(full, (), ()) == full
    with pytest.raises(TooMuch):
        retagged(full, ("one",), ())
    assert retagged(beyond, (), ("most",)) == beyond[:-1]


def test_a_contact_is_called_as_whatsapp_does_until_somebody_says_otherwise() -> None:
    contact = ContactView(
        contact_id=uuid4(), whatsapp_name="bia 🌻", wa_id="55", user_id="", created_at=datetime.now(UTC),
        details=Details(),
    )  # fmt: skip
    assert contact.name == "bia 🌻"


def test_a_place_is_read_as_it_was_written_to_the_microsecond() -> None:
    place = Place(datetime(2026, 3, 4, 13, 20, 0, 123_457, tzinfo=UTC), UUID(int=7))
    assert read_place(written_place(place)) == place
    assert read_place("") == FIRST_PLACE
    assert place < FIRST_PLACE


@pytest.mark.parametrize("text", ["x", "1", "1.", ".7", f"{10**30}.{UUID(int=7).hex}", "1.7", "\0"])
def test_a_cursor_that_was_never_given_out_is_no_place(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - which words Python uses is no promise
        read_place(text)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"[1]", "is no JSON object"),
        (b"{", "is no JSON that can be kept"),
        (b'{"a": NaN}', "is no JSON that can be kept"),
        (b'{"a": 1e999}', "is no JSON that can be kept"),
        (b'{"a": "\\ud800"}', "is no JSON that can be kept"),
        (b"\xff", "is no JSON that can be kept"),
        (b'{"a\\u0000": 1}', "holds a NUL character"),
        (b'{"a":' * 100_000, "is no JSON that can be kept"),
    ],
)
def test_what_postgres_cannot_keep_is_no_attributes(content: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        attributes_in(content)
