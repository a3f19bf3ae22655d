"""A page of an export ends where an answer does, and the next one begins there."""

from itertools import count

import orjson
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.queue import Page, PageRow, export_page_of, written

MOST = 1000


def page_of(*sizes: int, cursor: str = "end") -> Page:
    rows = [PageRow("note", {"text": "x" * size}, after=f"after {n}") for n, size in enumerate(sizes, start=1)]
    return Page(rows, cursor)


def data_of(row: PageRow) -> dict[str, object]:
    return dict(row.data)


def test_rows_that_fit_are_all_told_and_the_cursor_is_the_pages() -> None:
    told = written(page_of(10, 20), data_of, most_bytes=MOST)

    assert [(kind, orjson.loads(text)) for kind, text in told.rows] == [
        ("note", {"text": "x" * 10}), ("note", {"text": "x" * 20}),
    ]  # fmt: skip
    assert told.cursor == "end"


def test_a_page_ends_before_the_row_that_does_not_fit_and_goes_on_after_the_last_that_did() -> None:
    told = written(page_of(400, 400, 400), data_of, most_bytes=MOST)

    assert (len(told.rows), told.cursor) == (2, "after 2")


def test_a_row_that_is_too_large_alone_is_told_alone() -> None:
    told = written(page_of(5000, 1), data_of, most_bytes=MOST)

    assert (len(told.rows), told.cursor) == (1, "after 1")


def test_a_page_without_rows_has_its_own_cursor() -> None:
    assert written(page_of(), data_of, most_bytes=MOST).cursor == "end"


@given(st.lists(st.integers(0, 2 * MOST), max_size=30))
def test_pages_one_after_the_other_tell_every_row_once(sizes: list[int]) -> None:
    rows = page_of(*sizes).rows
    told, start = [], 0
    for _ in count():
        part = written(Page(rows[start:]), data_of, most_bytes=MOST)
        told += part.rows
        if not part.cursor:
            break
        start = int(part.cursor.removeprefix("after "))

    assert [len(orjson.loads(text)["text"]) for _, text in told] == sizes


def test_what_lies_in_a_row_is_told_in_plain_words() -> None:
    page = Page([PageRow("event", {"event_id": "1"}, b"\x01"), PageRow("state", {"node": "ask"})])

    told = export_page_of(page, lambda kind, payload: f"{kind} {payload.hex()}")

    assert [orjson.loads(row.data) for row in told.rows] == [{"event_id": "1", "content": "event 01"}, {"node": "ask"}]
