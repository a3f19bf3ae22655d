"""Campaigns: pace, time zones, tries, and what may follow what."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.pb.common.v1 import content_pb2
from services.sender.domain.campaigns import (
    AHEAD_SECONDS,
    MOVES,
    Outcome,
    allowance,
    is_settled,
    message_id_of,
    paced,
    retry_wait,
    room_of,
    starts_at_of,
)
from services.sender.domain.standing import Standing, halt_of, pace_of, users_a_day
from services.sender.worker.filling import names_of, problem_of

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def outcome(state: str = "failed", **changes: object) -> Outcome:
    values: dict[str, object] = {"status": "none", "error_code": 131000, "tries": 1, "accepted_age": 0.0}
    return Outcome(n=1, state=state, **values | changes)  # type: ignore[arg-type]  # of the right types each


@given(st.integers(1, 100_000_000), st.lists(st.floats(0, 600), min_size=1, max_size=40))
def test_no_stretch_of_time_has_more_than_the_pace_and_what_may_lie_ahead(per_hour: int, pauses: list[float]) -> None:
    until, now, handed_on = NOW, NOW, 0
    for pause in pauses:
        count = allowance(until, now, per_hour=per_hour)
        until = paced(until, now, count, per_hour=per_hour)
        handed_on += count
        elapsed = (now - NOW).total_seconds()
        assert handed_on <= (elapsed + AHEAD_SECONDS) * per_hour / 3600 + 1
        now += timedelta(seconds=pause)


def test_the_products_pace_is_one_message_in_36_seconds() -> None:
    until = paced(NOW, NOW, 1, per_hour=100)
    assert allowance(NOW, NOW, per_hour=100) == 1
    assert allowance(until, NOW + timedelta(seconds=35), per_hour=100) == 0
    assert allowance(until, NOW + timedelta(seconds=36), per_hour=100) == 1


def test_a_queue_takes_five_seconds_of_its_rate_less_what_waits() -> None:
    assert [room_of(80, waiting) for waiting in (0, 100, 400, 500)] == [400, 300, 0, 0]
    assert room_of(100_000, 0) == 2000


@pytest.mark.parametrize(
    ("local", "zone", "moment"),
    [
        ("2026-12-01T09:00", "America/Sao_Paulo", datetime(2026, 12, 1, 12, tzinfo=UTC)),
        ("2026-07-01T09:00", "Europe/Lisbon", datetime(2026, 7, 1, 8, tzinfo=UTC)),
        ("2026-12-01T09:00:30", "UTC", datetime(2026, 12, 1, 9, 0, 30, tzinfo=UTC)),
    ],
)
def test_a_schedule_is_read_on_the_clocks_of_its_time_zone(local: str, zone: str, moment: datetime) -> None:
    assert starts_at_of(local, zone) == moment


@pytest.mark.parametrize("local", ["tomorrow", "2026-12-01T09:00Z", "2026-03-29T01:30"])
def test_a_time_that_is_none_there_is_refused(local: str) -> None:
    with pytest.raises(ValueError, match=r"local|Invalid|offset|skipped"):
        starts_at_of(local, "Europe/Lisbon")


def test_tries_are_a_minute_apart_then_longer_and_at_most_an_hour() -> None:
    waits = [retry_wait(outcome(tries=tries), max_tries=10) for tries in range(1, 6)]
    assert waits == [60, 240, 960, 3600, 3600]
    assert retry_wait(outcome(tries=3), max_tries=3) is None


@pytest.mark.parametrize("code", [131026, 131047, 131050, 0])
def test_what_will_not_pass_is_not_tried_again(code: int) -> None:
    assert retry_wait(outcome(error_code=code), max_tries=3) is None


def test_an_accepted_message_is_awaited_until_meta_tells_of_it_or_long_did_not() -> None:
    assert not is_settled(outcome("accepted"), patience_seconds=300)
    assert is_settled(outcome("accepted", status="sent"), patience_seconds=300)
    assert is_settled(outcome("accepted", accepted_age=301.0), patience_seconds=300)
    assert not is_settled(outcome("attempting"), patience_seconds=300)


def test_each_try_of_each_place_has_an_id_of_its_own_for_good() -> None:
    campaign_id = uuid4()
    ids: set[UUID] = {message_id_of(campaign_id, n, tries) for n in range(1, 50) for tries in (1, 2, 3)}
    assert len(ids) == 49 * 3
    assert message_id_of(campaign_id, 7, 2) in ids


def test_an_end_is_an_end() -> None:
    assert not any(before & {"completed", "failed", "cancelled"} for before, _ in MOVES.values())


def test_metas_tiers_are_numbers_of_users_and_what_is_not_known_sets_no_bound() -> None:
    tiers = ("TIER_250", "tier_1k", "TIER_2K", "TIER_100K", "TIER_UNLIMITED", "")
    assert [users_a_day(tier) for tier in tiers] == [250, 1000, 2000, 100_000, None, None]


def standing(**told: str) -> Standing:
    return Standing(messages_per_second=80.0, **told)  # type: ignore[arg-type]  # texts all


@pytest.mark.parametrize("status", ["PAUSED", "DISABLED", "REJECTED", "PENDING"])
def test_a_template_that_meta_stopped_stops_its_campaigns_and_says_why(status: str) -> None:
    halt = halt_of(standing(template_status=status, template_reason="ABUSIVE_CONTENT"), "spring/pt_BR")
    assert halt == f"the template spring/pt_BR is {status} at Meta (ABUSIVE_CONTENT); resume once it is approved"


def test_what_meta_refuses_or_rates_red_stops_campaigns_too() -> None:
    assert "spring/pt_BR: it is of low quality" in str(
        halt_of(standing(template_trouble="it is of low quality"), "spring/pt_BR")
    )
    assert "RED" in str(halt_of(standing(quality_rating="RED"), "spring/pt_BR"))


@pytest.mark.parametrize("status", ["", "APPROVED", "FLAGGED", "IN_APPEAL"])
def test_what_is_approved_or_not_known_goes_on(status: str) -> None:
    assert halt_of(standing(template_status=status, quality_rating="YELLOW"), "spring/pt_BR") is None


def test_a_yellow_number_sends_at_half_the_pace() -> None:
    paces = [pace_of(100, standing(quality_rating=rating)) for rating in ("GREEN", "YELLOW", "UNKNOWN", "")]
    assert paces == [100, 50, 100, 100]
    assert pace_of(1, standing(quality_rating="YELLOW")) == 1


def test_placeholders_are_found_wherever_a_template_has_texts() -> None:
    template = content_pb2.TemplateContent(name="spring", language="pt_BR")
    template.body.add(text="{{name}} and {{ order.id }}")
    template.buttons.add(index=0, url_suffix="p/{{code}}")
    content = content_pb2.Content(template=template).SerializeToString()
    assert names_of(content) == {"name", "order.id", "code"}
    assert not problem_of(content)
    assert "no template" in problem_of(content_pb2.Content(text=content_pb2.TextContent(body="x")).SerializeToString())
