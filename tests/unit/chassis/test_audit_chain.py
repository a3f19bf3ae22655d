"""A chain of audit entries: whatever is changed, taken out or moved is found, and what cannot be found is known."""

import json
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.audit import START, AuditEntry, AuditRecord, Link, Verdict, digest_of
from services.chassis.audit.chain import canonical_json, hash_of, parts_of, text_of, verdict_on
from tests.fakes.audit import MemoryLog

ROOM = "router"
ORGANIZATION = UUID("5d0f9d6e-23b1-4b0e-9a87-5a7c1f3f2b10")
AT = "2026-03-04T12:00:00.000000Z"

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
digests = st.none() | st.binary(min_size=32, max_size=32)
entries = st.builds(AuditEntry, st.just(ORGANIZATION), texts, texts, before=digests, after=digests, actor=texts)
chains = st.lists(entries, min_size=1, max_size=8)


def recorded(written: list[AuditEntry]) -> list[AuditRecord]:
    log = MemoryLog(ROOM)
    for entry in written:
        log.append(entry, at=AT)
    return log.chains[ORGANIZATION]


def judged(records: list[AuditRecord], *, organization_id: UUID = ORGANIZATION, room: str = ROOM) -> Verdict:
    return verdict_on(records, START, room=room, organization_id=organization_id, has_more=False)


@given(chains)
def test_an_untouched_chain_holds_to_its_end(written: list[AuditEntry]) -> None:
    records = recorded(written)

    assert judged(records) == Verdict(Link(len(written), records[-1].hash))


def test_a_chain_without_entries_holds() -> None:
    assert judged([]) == Verdict(START)


def _other(value: object, place: int) -> object:
    """The same with one byte, sign or digit changed."""
    if value is None:
        return b"\0"
    if isinstance(value, int):
        return value + 1 + place
    if isinstance(value, bytes):
        place %= len(value)
        return value[:place] + bytes([value[place] ^ (1 << place % 8)]) + value[place + 1 :]
    assert isinstance(value, str)
    place %= len(value)
    return value[:place] + chr(ord(value[place]) ^ 1) + value[place + 1 :]


@given(chains, st.data())
def test_any_change_of_any_stored_byte_is_found_at_its_entry(written: list[AuditEntry], data: st.DataObject) -> None:
    records = recorded(written)
    number = data.draw(st.integers(0, len(records) - 1), label="entry")
    name = data.draw(st.sampled_from([each.name for each in fields(AuditRecord)]), label="column")
    place = data.draw(st.integers(0, 500), label="place")
    old = getattr(records[number], name)
    records[number] = replace(records[number], **{name: _other(old, place)})

    verdict = judged(records)

    assert (verdict.flawed_seq, verdict.link.seq) == (number + 1, number)
    assert verdict.flaw


@given(chains, st.data())
def test_a_digest_that_was_there_and_is_gone_is_found(written: list[AuditEntry], data: st.DataObject) -> None:
    records = recorded(written)
    number = data.draw(st.integers(0, len(records) - 1))
    records[number] = replace(recorded([replace(entry, after=b"\1" * 32) for entry in written])[number], after=None)

    assert judged(records).flawed_seq


@given(st.lists(entries, min_size=2, max_size=8), st.data())
def test_an_entry_taken_out_of_the_middle_is_missed(written: list[AuditEntry], data: st.DataObject) -> None:
    records = recorded(written)
    number = data.draw(st.integers(0, len(records) - 2))
    del records[number]

    verdict = judged(records)

    assert (verdict.flawed_seq, verdict.flaw) == (number + 1, "the entry is missing")


@given(st.lists(entries, min_size=2, max_size=8), st.data())
def test_entries_that_change_places_are_found(written: list[AuditEntry], data: st.DataObject) -> None:
    records = recorded(written)
    one, two = data.draw(
        st.lists(st.integers(0, len(records) - 1), min_size=2, max_size=2, unique=True).map(sorted), label="places"
    )
    records[one], records[two] = replace(records[two], seq=one + 1), replace(records[one], seq=two + 1)

    assert judged(records).flawed_seq == one + 1


@given(st.lists(entries, min_size=2, max_size=8), entries, st.data())
def test_an_entry_written_anew_with_a_right_hash_breaks_what_follows_it(
    written: list[AuditEntry], other: AuditEntry, data: st.DataObject
) -> None:
    records = recorded(written)
    number = data.draw(st.integers(0, len(records) - 2))
    changed = [*written[:number], replace(other, object=written[number].object + "!"), *written[number + 1 :]]
    records[number] = recorded(changed)[number]

    verdict = judged(records)

    assert (verdict.flawed_seq, verdict.flaw) == (number + 2, "prev_hash is not the hash of the entry before")


@pytest.mark.parametrize(
    "reading",
    [lambda records: judged(records, organization_id=uuid4()), lambda records: judged(records, room="sender")],
)
def test_a_chain_does_not_hold_in_another_place(reading: Callable[[list[AuditRecord]], Verdict]) -> None:
    assert "another chain" in reading(recorded([AuditEntry(ORGANIZATION, "number.put", "number:1")])).flaw


@given(st.lists(entries, min_size=2, max_size=8), st.data())
def test_what_is_cut_off_the_end_is_found_only_by_who_kept_a_hash(
    written: list[AuditEntry], data: st.DataObject
) -> None:
    records = recorded(written)
    kept = judged(records).link
    rest = records[: data.draw(st.integers(0, len(records) - 1))]

    verdict = judged(rest)

    assert not verdict.flaw
    assert verdict.link.seq < kept.seq


@given(chains, st.data())
def test_a_part_of_a_chain_can_be_verified_from_any_link_on(written: list[AuditEntry], data: st.DataObject) -> None:
    records = recorded(written)
    number = data.draw(st.integers(0, len(records) - 1))
    link = judged(records[:number]).link

    rest = verdict_on(records[number:], link, room=ROOM, organization_id=ORGANIZATION, has_more=False)

    assert rest == judged(records)


@given(entries)
def test_the_parts_that_the_database_joins_are_the_canonical_text(entry: AuditEntry) -> None:
    (record,) = recorded([entry])

    opening, middle = parts_of(entry, room=ROOM, actor=entry.actor)

    assert f"{opening}{AT}{middle}1}}" == record.entry
    assert list(json.loads(record.entry)) == sorted(json.loads(record.entry))


def test_the_hash_can_be_computed_by_hand() -> None:
    (record,) = recorded([AuditEntry(ORGANIZATION, "number.put", "number:106", after=b"\xab" * 32, actor="operator")])

    assert record.entry == (
        '{"action":"number.put","actor":"operator","after":"' + "ab" * 32 + '","at":"2026-03-04T12:00:00.000000Z",'
        '"before":null,"object":"number:106","organization_id":"5d0f9d6e-23b1-4b0e-9a87-5a7c1f3f2b10",'
        '"room":"router","seq":1}'
    )
    assert record.hash == hash_of(bytes(32), record.entry)
    assert text_of(record, room=ROOM, organization_id=ORGANIZATION) == record.entry


@dataclass(frozen=True, slots=True)
class _Oven:
    number: UUID
    lit_at: datetime


def test_equal_values_have_equal_digests_however_they_are_written() -> None:
    oven = _Oven(ORGANIZATION, datetime(2026, 3, 4, tzinfo=UTC))

    assert canonical_json({"b": 1, "a": ["é", None]}) == '{"a":["é",null],"b":1}'
    assert digest_of({"b": 1, "a": 2}) == digest_of({"a": 2, "b": 1}) != digest_of({"a": 2, "b": 2})
    assert digest_of(oven) == digest_of({"number": str(ORGANIZATION), "lit_at": "2026-03-04T00:00:00+00:00"})


@pytest.mark.parametrize("value", [object(), b"bytes", {"of": {1}}, float("nan")])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        digest_of(value)
