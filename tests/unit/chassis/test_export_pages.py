"""Pages of an export fit into an answer, and go on where they were cut."""

import orjson

from services.chassis.queue import Page, PageRow, export_page_of, within_an_answer
from services.chassis.rpc.sizes import MOST_LISTED_BYTES, MOST_MESSAGE_BYTES


def page_of(*payloads: bytes, cursor: str = "1:0") -> Page:
    rows = [PageRow("item", {"n": number}, payload) for number, payload in enumerate(payloads)]
    return Page(rows, cursor, [f"0:{number + 1}" for number in range(len(rows))])


def spelled(_: str, payload: bytes) -> str:
    return payload.decode()


def test_a_page_that_fits_is_whole() -> None:
    answer = export_page_of(page_of(b"one", b"two"), spelled)

    assert [orjson.loads(row.data) for row in answer.rows] == [{"n": 0, "content": "one"}, {"n": 1, "content": "two"}]
    assert answer.cursor == "1:0"


def test_a_page_of_large_rows_ends_earlier_and_says_where_to_go_on() -> None:
    answer = export_page_of(page_of(*[b"x" * 1_000_000] * 10), spelled)

    assert [orjson.loads(row.data)["n"] for row in answer.rows] == [0, 1, 2]
    assert answer.cursor == "0:3"
    assert answer.ByteSize() < MOST_MESSAGE_BYTES


def test_a_row_that_fits_into_no_answer_stands_in_nobodys_way() -> None:
    # What is written may be longer than what is stored: JSON spells control characters out.
    stored = MOST_LISTED_BYTES // 5
    answer = export_page_of(page_of(b"\x01" * stored, b"small"), spelled)

    left_out, small = (orjson.loads(row.data) for row in answer.rows)
    size = 6 * stored + len(b'{"n":0,"content":""}')
    assert left_out == {"left_out": f"the row has {size} bytes"}
    assert small["content"] == "small"
    assert answer.cursor == "1:0"


def test_an_empty_page_is_the_last() -> None:
    assert within_an_answer(Page([]), lambda row: row.payload) == ([], "")
