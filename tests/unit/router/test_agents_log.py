"""What agents did with a conversation, read from what happened to its entry."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from services.router.domain.queues import EntryChange, EntryStory, records_of

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
ANA, BIA = UUID(int=1), UUID(int=2)
SECOND = 1_000_000


def story(*changes: tuple[str, UUID | None], end_reason: str = "", told: int = 0) -> EntryStory:
    """An entry to which these things happened, ten seconds apart; the first `told` of them are told."""
    return EntryStory(
        organization_id=UUID(int=7),
        entry_id=UUID(int=8),
        conversation_id=UUID(int=9),
        phone_number_id="7001",
        wa_id="5511900000001",
        time_zone="America/Belem",
        end_reason=end_reason,
        changes=[
            EntryChange(number, NOON + timedelta(seconds=10 * number), kind, agent_id, number < told)
            for number, (kind, agent_id) in enumerate(changes)
        ],
    )


def lines(told: EntryStory) -> Sequence[tuple[object, ...]]:
    """Each record in short."""
    return [(each.kind, each.agent_id, each.text, each.is_first, each.after_us) for each in records_of(told)]


def test_an_agent_who_pulls_has_a_conversation_that_waited_and_releases_it() -> None:
    assert lines(story(("queued", None), ("pulled", ANA), ("ended", ANA), end_reason="released")) == [
        ("assigned", ANA, "pulled", True, 10 * SECOND),
        ("unassigned", ANA, "released", False, 10 * SECOND),
    ]


def test_a_conversation_that_is_closed_is_told_as_closed() -> None:
    *_, left = lines(story(("queued", None), ("routed", ANA), ("ended", ANA), end_reason="closed"))

    assert left[:3] == ("unassigned", ANA, "closed")


def test_who_waits_again_after_a_transfer_is_not_answered_for_the_first_time() -> None:
    assert lines(story(("queued", None), ("pulled", ANA), ("transferred", None), ("pulled", BIA))) == [
        ("assigned", ANA, "pulled", True, 10 * SECOND),
        ("unassigned", ANA, "transferred", False, 10 * SECOND),
        ("assigned", BIA, "pulled", False, 10 * SECOND),
    ]


def test_a_conversation_that_goes_from_hand_to_hand_waits_for_nobody() -> None:
    assert lines(story(("taken", ANA), ("assigned", BIA))) == [
        ("assigned", ANA, "taken", True, 0),
        ("unassigned", ANA, "reassigned", False, 10 * SECOND),
        ("assigned", BIA, "assigned", False, 0),
    ]


def test_whom_a_flow_names_has_it_at_once() -> None:
    assert lines(story(("queued", ANA))) == [("assigned", ANA, "named", True, 0)]


def test_alerts_and_overflows_change_nobody_and_no_wait() -> None:
    assert lines(story(("queued", None), ("overflowed", None), ("sla_alert", None), ("pulled", ANA))) == [
        ("assigned", ANA, "pulled", True, 30 * SECOND)
    ]


def test_what_ends_before_an_agent_had_it_tells_nothing() -> None:
    assert lines(story(("queued", None), ("ended", None), end_reason="released")) == []


def test_what_is_told_already_is_told_no_more_and_still_counts_as_having_been() -> None:
    assert lines(story(("queued", None), ("pulled", ANA), ("transferred", None), ("pulled", BIA), told=3)) == [
        ("assigned", BIA, "pulled", False, 10 * SECOND)
    ]
