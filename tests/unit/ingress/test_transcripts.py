"""Conversations on paper: who said what and when, contact by contact, in the organization's time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.ingress.domain.log_files import Row
from services.ingress.domain.transcripts import Cover, in_order, message_of, parts_of, split_last_moment
from services.ingress.files.pdf import transcripts
from tests.fakes.ingress_analytics import log_record
from tests.fixtures.paper import lines_on, pages_of

FLOW = "4c1d3c6e-1a1e-4a57-9d0b-2f6f5f1e0b11"
COVER = Cover(
    organization="Padaria São João",
    time_zone="America/Sao_Paulo",
    since=datetime(2026, 3, 1, 3, tzinfo=UTC),
    until=None,
    written_at=datetime(2026, 3, 5, 12, tzinfo=UTC),
)


def said(text: str, *, at: str = "13:18:31.000000", by: str = "contact", **named: str | int) -> Row:
    where: dict[str, str | int] = {"flow_id": FLOW, "flow_version": 3, "phone_number": "5511987654321"}
    kind, moment = f"{by}_message", f"2026-03-04T{at}Z"
    return message_of(log_record(text=text, occurred_at=moment, kind=kind, **(where | named)).columns, {FLOW: "Bolos"})


def on_paper(messages: list[Row], cover: Cover = COVER) -> list[str]:
    return lines_on(transcripts(cover, parts_of(messages)))


def test_a_conversation_is_told_as_it_went() -> None:
    lines = on_paper([said("Quero um bolo de açúcar"), said("De que tamanho?", at="13:18:32.500000", by="bot")])

    start = lines.index("+55 11 98765-4321")
    assert lines[start:-1] == [
        "+55 11 98765-4321",
        "Flow Bolos, version 3",
        "2026-03-04 10:18:31", "Contact", "Quero um bolo de açúcar",
        "2026-03-04 10:18:32", "Bot", "De que tamanho?",
    ]  # fmt: skip


def test_the_first_page_says_what_it_is_about() -> None:
    told = " ".join(on_paper([said("oi"), said("olá", phone_number="5521912345678")]))

    assert told.startswith("Conversations of Padaria São João Messages: 2; contacts: 2; from 2026-03-01 00:00:00 up to")
    assert "All times are those of America/Sao_Paulo." in told
    assert "The words of messages that people, programs and campaigns sent are not in the log" in told


def test_every_contact_has_a_heading_and_the_flow_is_told_where_it_changes() -> None:
    lines = on_paper(
        [
            said("oi"), said("olá", phone_number="5521912345678"), said("sim", flow_version=4),
            said("ei", flow_id="", phone_number="", conversation_id="c-7"),
        ]
    )  # fmt: skip

    headings = [line for line in lines if line.startswith(("+55", "Contact without", "Flow "))]
    assert headings == [
        "+55 11 98765-4321", "Flow Bolos, version 3", "Flow Bolos, version 4",
        "+55 21 91234-5678", "Flow Bolos, version 3",
        "Contact without a phone number, conversation c-7",
    ]  # fmt: skip


def test_a_character_without_a_shape_is_named_and_a_message_without_words_says_so() -> None:
    lines = on_paper([said("feito 😀 (ok) \\o/"), said("")])

    assert "feito [GRINNING FACE] (ok) \\o/" in lines
    assert "(without words: a file, a place or the like)" in lines


def test_a_message_goes_on_over_pages_without_losing_a_line() -> None:
    text = "\n".join(f"linha {number}" for number in range(200))
    pages = pages_of(transcripts(COVER, parts_of([said(text), said("fim")])))

    assert len(pages) == 4
    assert [line for page in pages for line in page if line.startswith("linha")] == text.split("\n")
    assert [page[-1] for page in pages] == ["1", "2", "3", "4"]


def test_no_heading_stands_alone_at_the_foot_of_a_page() -> None:
    people = [said("oi", phone_number=f"55119{number:08}") for number in range(60)]
    for page in pages_of(transcripts(COVER, parts_of(people))):
        *_, who, text, number = page
        assert (who, text) == ("Contact", "oi")
        assert number.isdecimal()


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc"])
def test_without_a_known_time_zone_times_are_utc(zone: str) -> None:
    assert "2026-03-04 13:18:31" in on_paper([said("oi")], replace(COVER, time_zone=zone))


def test_nothing_said_is_a_document_that_says_so() -> None:
    assert "Messages: 0; contacts: 0" in on_paper([])[1]


def test_the_same_conversations_are_the_same_bytes() -> None:
    assert transcripts(COVER, parts_of([said("oi")])) == transcripts(COVER, parts_of([said("oi")]))


def test_within_a_moment_messages_are_in_the_order_in_which_they_were_said() -> None:
    rows = [said("c", sequence=10), said("b", sequence=2), said("a", at="13:18:30.000000", sequence=11)]

    assert [row["text"] for row in in_order(rows)] == ["a", "b", "c"]


def test_the_last_moment_waits_for_the_next_page() -> None:
    rows = [said("a", at="13:18:30.000000"), said("b"), said("c")]

    assert split_last_moment(rows) == (rows[:1], rows[1:])
    assert split_last_moment([]) == ([], [])
