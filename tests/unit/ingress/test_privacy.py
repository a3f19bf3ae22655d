"""How a job goes through the rooms: in order, again and again, until a look finds nothing."""

import base64
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.ingress.domain.privacy import (
    ROOMS,
    Answer,
    Moved,
    Report,
    Task,
    moved,
    old_before,
    waiting,
    wamid_parts,
)
from tests.fakes.ingress_privacy import NOON, person_of

SETTLE = 30.0
ERASURE = Task(person=person_of("5511987654321"))


def after(task: Task, *answers: Answer, report: Report | None = None) -> Moved:
    """Where the task stands after these answers."""
    place = Moved(task, report or Report(), 0.0)
    for answer in answers:
        place = moved(place.task, place.report, answer, now=NOON, settle_seconds=SETTLE)
    return place


def test_a_look_takes_the_rooms_in_the_order_in_which_a_message_travels() -> None:
    rooms = []
    place = Moved(ERASURE, Report(), 0.0)
    for _ in ROOMS:
        rooms.append(place.task.room)
        place = after(place.task, Answer())

    assert rooms == ["router", "ingress", "executor", "sender", "analytics"]


def test_a_job_ends_only_when_a_later_look_finds_nothing() -> None:
    first = after(ERASURE, *[Answer(counts={f"{room}.t": 1}) for room in ROOMS])
    assert (first.task.look, first.task.place, first.wait) == (2, 0, SETTLE)

    late = Answer(counts={"analytics.t": 2})
    second = after(first.task, *[Answer()] * 4, late, report=first.report)
    assert (second.task.look, second.wait) == (3, SETTLE)

    third = after(second.task, *[Answer()] * 5, report=second.report)
    assert third.wait is None
    assert third.report.looks == 3
    assert third.report.rows["analytics"] == {"analytics.t": 2}


def test_a_first_look_that_finds_nothing_is_followed_by_a_second_one() -> None:
    assert after(ERASURE, *[Answer()] * 5).wait == SETTLE


def test_a_person_is_forgotten_when_the_first_look_has_gone_through_all_rooms() -> None:
    during = after(ERASURE, *[Answer()] * 4)
    first = after(during.task, Answer())
    late = moved(
        replace(first.task, place=len(ROOMS) - 1, has_found=True), first.report, Answer(),
        now=NOON + timedelta(hours=1), settle_seconds=SETTLE,
    )  # fmt: skip

    assert [place.task.person and place.task.person.forgotten_at for place in (during, first, late)] == [
        None,
        NOON,
        NOON,
    ]


def test_counts_are_the_jobs_so_an_answer_that_was_lost_and_told_again_counts_once() -> None:
    told = Answer(counts={"router.contact": 1}, cursor="on")

    place = after(ERASURE, told, told)

    assert place.report.rows == {"router": {"router.contact": 1}}


def test_a_room_that_has_more_is_asked_again_at_once_where_it_stopped() -> None:
    place = after(ERASURE, Answer(cursor="page 2"))

    assert (place.task.room, place.task.cursor, place.wait) == ("router", "page 2", 0.0)
    assert after(place.task, Answer()).task.cursor == ""


def test_a_room_in_which_something_waits_is_come_back_to_later_and_later() -> None:
    in_the_way = Answer(waiting_for="messages on their way")
    waits = []
    place = Moved(replace(ERASURE, place=3), Report(), 0.0)
    for _ in range(12):
        place = after(place.task, in_the_way, report=place.report)
        assert place.wait is not None
        waits.append(place.wait)

    assert waits[:4] == [0.5, 1.0, 2.0, 4.0]
    assert max(waits) == 30.0
    assert place.report.waiting_for == "sender: messages on their way"
    assert after(place.task, Answer(), report=place.report).report.waiting_for == ""


def test_a_room_out_of_reach_keeps_the_job_where_it_is() -> None:
    place = waiting(replace(ERASURE, place=2, cursor="on"), Report(), "PEER_UNAVAILABLE")

    assert (place.task.room, place.task.cursor, place.wait) == ("executor", "on", 0.5)
    assert place.report.waiting_for == "executor: PEER_UNAVAILABLE"


def test_whom_router_found_and_when_it_erased_them_goes_along() -> None:
    grown = replace(person_of("5511987654321", "5511987650000"), contact_ids=("a", "b"))
    found = after(ERASURE, Answer(person=grown, cursor="again"))
    assert found.task.person == grown

    erased = after(found.task, Answer(person=replace(grown, erased_at=NOON)))
    assert erased.task.person is not None
    assert (erased.task.person.erased_at, erased.report.erased_at) == (NOON, NOON)


def test_retention_takes_one_look() -> None:
    task = Task(before=old_before(NOON, 30), phone_number_ids=("1",))

    place = after(task, *[Answer(counts={"t": 5})] * 5)

    assert old_before(NOON, 30) == NOON - timedelta(days=30)
    assert place.wait is None


names = st.one_of(
    st.text("0123456789", min_size=8, max_size=15),
    st.from_regex(r"[A-Z]{2}\.[A-Za-z0-9]{10,20}", fullmatch=True),
)


@given(name=names, before=st.binary(max_size=8), after_it=st.binary(max_size=8))
def test_an_id_of_metas_that_holds_a_name_is_known_whatever_stands_around_it(
    name: str, before: bytes, after_it: bytes
) -> None:
    wamid = base64.b64encode(before + name.encode() + after_it).decode()

    assert any(part in wamid for part in wamid_parts([name]))


@given(digits=st.lists(st.sampled_from("0123456789"), min_size=12, max_size=12), before=st.binary(max_size=4),
       after_it=st.binary(max_size=4), place=st.integers(0, 11), other=st.sampled_from("0123456789"))  # fmt: skip
def test_a_neighbours_number_that_differs_in_one_digit_is_not_taken_for_it(
    digits: list[str], before: bytes, after_it: bytes, place: int, other: str
) -> None:
    own = "".join(digits)
    neighbour = own[:place] + other + own[place + 1 :]
    held = before + neighbour.encode() + after_it
    if own.encode() in held:
        return

    wamid = base64.b64encode(held).decode()

    assert not any(part in wamid for part in wamid_parts([own]))
