"""Pages of several rooms' audit logs: every change once, each room's in its own order, whatever the clocks say."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingress.domain.audit import AuditPage, Change, page_of, read_cursor

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
ROOMS = ("executor", "ingress", "router")

# For each room the minutes of its entries, oldest first; a clock may go back.
logs = st.fixed_dictionaries({room: st.lists(st.integers(0, 30), max_size=12) for room in ROOMS})


def change(room: str, seq: int, minute: int) -> Change:
    return Change(
        room=room,
        seq=seq,
        at=NOON + timedelta(minutes=minute),
        actor="operator",
        action="oven.light",
        object=f"oven:{seq}",
        before_digest=None,
        after_digest=None,
        hash="",
    )


def newest_first(log: dict[str, list[int]]) -> dict[str, list[Change]]:
    return {room: [change(room, seq, at) for seq, at in enumerate(minutes, 1)][::-1] for room, minutes in log.items()}


def page(log: dict[str, list[int]], cursor: str, limit: int) -> AuditPage:
    begins = read_cursor(cursor, log)
    found = {
        room: [each for each in changes if not begins[room] or each.seq < begins[room]][: limit + 1]
        for room, changes in newest_first(log).items()
    }
    return page_of(found, limit=limit)


@given(logs, st.integers(1, 9))
def test_pages_hold_every_change_once_and_each_rooms_in_its_order(log: dict[str, list[int]], limit: int) -> None:
    seen: list[Change] = []
    cursor: str | None = ""
    while cursor is not None:
        found = page(log, cursor, limit)
        assert len(found.changes) == limit or found.following is None
        seen += found.changes
        cursor = found.following

    assert {room: [each for each in seen if each.room == room] for room in log} == newest_first(log)


@given(logs, st.integers(1, 9))
def test_what_is_written_between_two_pages_moves_into_neither(log: dict[str, list[int]], limit: int) -> None:
    first = page(log, "", limit)
    if first.following is None:
        return
    grown = {room: [*minutes, 40] for room, minutes in log.items()}

    assert page(grown, first.following, limit) == page(log, first.following, limit)


def test_the_newest_of_all_rooms_comes_first() -> None:
    found = page({"router": [1, 5], "ingress": [3], "executor": []}, "", 2)

    assert [(each.room, each.seq) for each in found.changes] == [("router", 2), ("ingress", 1)]
    assert found.following == "executor:1,ingress:1,router:2"


@pytest.mark.parametrize(
    "text", ["router", "router:", "router:x", "router:1,", ":1", "router:1;ingress:2", "router:1", "router:1,sender:1"]
)
def test_a_cursor_that_no_page_gave_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="it"):
        read_cursor(text, ["router", "ingress"])
