"""Lists come in pages: each goes on where the one before ended, whatever comes and goes meanwhile."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.errors import InvalidArgument
from services.chassis.rpc.pages import (
    MOST_OF_A_PAGE,
    Place,
    page_limit,
    page_of,
    page_within,
    place_at,
    read_place,
    read_place_at,
    written_place,
)
from services.pb.router.v1 import router_pb2

PLACES = st.lists(
    st.tuples(
        st.integers(-5, 5), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=4)
    ),
    unique=True,
    max_size=12,
)


def form(item: tuple[int, str]) -> router_pb2.Number:
    return router_pb2.Number(phone_number_id=f"{item[0]}", display_phone_number=item[1])


def place_of(item: tuple[int, str]) -> Place:
    return item


@given(PLACES, st.integers(1, 5))
def test_the_pages_of_a_list_are_the_list_in_its_order(items: list[tuple[int, str]], limit: int) -> None:
    told, cursor, pages = list[router_pb2.Number](), "", 0
    while True:
        page, cursor = page_within(items, form, place_of, limit=limit, cursor=cursor)
        assert len(page) <= limit
        told, pages = told + page, pages + 1
        if not cursor:
            break

    assert told == list(map(form, sorted(items)))
    assert pages == max(1, -(-len(items) // limit))


def test_a_page_goes_on_where_the_last_item_stood_though_it_is_gone_by_now() -> None:
    items = [(0, "a"), (0, "b"), (0, "d")]
    _, cursor = page_within(items, form, place_of, limit=2, cursor="")

    page, end = page_within([(0, "a"), (0, "c"), (0, "d")], form, place_of, limit=5, cursor=cursor)

    assert ([each.display_phone_number for each in page], end) == (["c", "d"], "")


def test_without_a_limit_a_page_holds_what_fits_and_says_where_to_go_on() -> None:
    items = [(number, "x" * 100) for number in range(100)]

    page, cursor = page_of(items, form, place_of, None, most_bytes=2_000)
    rest, end = page_within(items, form, place_of, limit=0, cursor=cursor)

    assert 10 < len(page) < 20
    assert (len(page) + len(rest), end) == (100, "")


@pytest.mark.parametrize("limit", [-1, MOST_OF_A_PAGE + 1])
def test_a_limit_that_no_page_has_is_refused(limit: int) -> None:
    with pytest.raises(InvalidArgument, match="limit"):
        page_limit(limit)


@pytest.mark.parametrize(
    "cursor",
    ["x", "not a cursor", "é", written_place(("a",)), written_place((1, 2)), written_place(("a", 1)), "bnVsbA", "MQ"],
)
def test_a_cursor_that_nobody_gave_out_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidArgument, match="cursor"):
        page_within([(1, "a")], form, place_of, limit=1, cursor=cursor)


@pytest.mark.parametrize("place", [("a\0", 1), ("a", 2**63)])
def test_a_cursor_that_no_database_takes_is_refused(place: Place) -> None:
    with pytest.raises(InvalidArgument, match="cursor"):
        read_place(written_place(place), str, int)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_and_an_id_come_back_to_the_microsecond(moment: datetime) -> None:
    name = uuid4()

    assert read_place_at(written_place(place_at(moment, name))) == (moment, name)


@pytest.mark.parametrize("place", [(2**62, UUID(int=1).hex), (0, "no id")])
def test_a_moment_that_no_calendar_has_is_refused(place: Place) -> None:
    with pytest.raises(InvalidArgument, match="cursor"):
        read_place_at(written_place(place))


def test_an_empty_cursor_is_the_beginning() -> None:
    assert read_place("", str) is None
    assert read_place_at("") is None
