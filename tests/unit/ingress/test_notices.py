"""News in webhooks: kept as events, and sent to sender on the statuses' road."""

from typing import Any

import orjson
import pytest

from services.ingress.domain.webhook import parse_webhook
from services.ingress.entries import number_key
from services.ingress.ports import Accepted
from services.ingress.usecases import entry_of
from services.pb.common.v1 import events_pb2

NOW_MS = 1_790_000_500_000
NUMBER = {"metadata": {"display_phone_number": "5581300000", "phone_number_id": "100200300"}}
NAMES = {"message_template_id": 42, "message_template_name": "parcel", "message_template_language": "pt_BR"}


def entries(field: str, value: dict[str, Any]) -> list[Accepted]:
    body = {
        "object": "whatsapp_business_account",
        "entry": [{"id": "777", "changes": [{"field": field, "value": value}]}],
    }
    events = parse_webhook(orjson.dumps(body))
    return [entry_of(event, received_at_ms=NOW_MS, signed_by=("o/app",)) for event in events]


def sent(field: str, value: dict[str, Any]) -> events_pb2.MessageStatus:
    (entry,) = entries(field, value)
    assert entry.kept is not None
    assert entry.kept.disposition == "recorded"
    assert entry.status is not None
    return events_pb2.MessageStatus.FromString(entry.status.payload)


def preference(**fields: object) -> dict[str, Any]:
    told = {"wa_id": "5581900000001", "category": "marketing_messages", "value": "stop", "timestamp": 1_790_000_300}
    return NUMBER | {"user_preferences": [told | fields]}


@pytest.mark.parametrize(("value", "is_out"), [("stop", True), ("resume", False), ("signup", False)])
def test_a_preference_travels_with_whom_and_when(value: str, is_out: bool) -> None:
    status = sent("user_preferences", preference(value=value))
    told = status.notice.preference
    assert (told.wa_id, told.kind, told.is_out, told.said_at_ms) == (
        "5581900000001", "marketing", is_out, 1_790_000_300_000,
    )  # fmt: skip
    assert (status.phone_number_id, status.notice.waba_id, list(status.signed_by)) == ("100200300", "777", ["o/app"])


def test_a_preference_of_somebody_with_a_user_id_only_travels_too() -> None:
    status = sent("user_preferences", NUMBER | {
        "user_preferences": [{"user_id": "BR.900", "category": "marketing_messages", "value": "stop"}]
    })  # fmt: skip
    assert (status.notice.preference.user_id, status.notice.preference.said_at_ms) == ("BR.900", NOW_MS)


def test_a_word_from_the_future_is_dated_to_when_it_came() -> None:
    status = sent("user_preferences", preference(timestamp=1_890_000_000))
    assert status.notice.preference.said_at_ms == NOW_MS


def test_an_undocumented_preference_is_only_kept() -> None:
    (entry,) = entries("user_preferences", preference(value="perhaps"))
    assert entry.kept is not None
    assert entry.status is None


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("message_template_status_update", {"event": "PAUSED", "reason": "NONE"}, {"status": "PAUSED"}),
        ("message_template_status_update", {"event": "REJECTED", "reason": "SCAM"},
         {"status": "REJECTED", "reason": "SCAM"}),
        ("message_template_status_update", {"event": "REJECTED", "reason": "SCAM", "rejection_info": {"reason": "Why"}},
         {"status": "REJECTED", "reason": "Why"}),
        ("message_template_status_update", {"new_quality_score": "RED"}, {"quality": "RED"}),
        ("message_template_quality_update", {"new_quality_score": "GREEN"}, {"quality": "GREEN"}),
        ("template_category_update", {"new_category": "UTILITY", "correct_category": "MARKETING"},
         {"category": "UTILITY"}),
        ("message_template_components_update", {"message_template_element": "x"}, {"is_edited": True}),
    ],
)  # fmt: skip
def test_news_of_a_template_travel_on_the_accounts_own_lane(
    field: str, value: dict[str, Any], told: dict[str, object]
) -> None:
    (entry,) = entries(field, NAMES | value)
    assert entry.status is not None
    assert entry.status.group_id == number_key("account:777")
    status = sent(field, NAMES | value)
    expected = events_pb2.TemplateNews(
        name="parcel",
        language="pt_BR",
        template_id="42",
        told_at_ms=NOW_MS,
        **told,  # type: ignore[arg-type]
    )
    assert status.notice.template == expected
    assert status.notice.waba_id == "777"


def test_a_change_without_a_template_is_only_kept() -> None:
    (entry,) = entries("message_template_status_update", {"event": "PAUSED"})
    assert entry.status is None


def told_of_number(field: str, value: dict[str, Any]) -> events_pb2.NumberNews:
    status = sent(field, value)
    assert (status.phone_number_id, status.notice.waba_id, status.notice.number.told_at_ms) == ("", "777", NOW_MS)
    return status.notice.number


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"event": "THROUGHPUT_UPGRADE", "current_limit": "TIER_UNLIMITED"},
         {"messages_per_second": 1000, "users_per_day": -1}),
        ({"event": "THROUGHPUT_UPGRADE"}, {"messages_per_second": 1000}),
        ({"event": "UPGRADE", "max_daily_conversations_per_business": "TIER_10K"}, {"users_per_day": 10_000}),
        ({"event": "DOWNGRADE", "max_daily_conversations_per_business": "TIER_250", "old_limit": "TIER_2K"},
         {"users_per_day": 250}),
        ({"event": "ONBOARDING", "max_daily_conversations_per_business": "TIER_2K"}, {"users_per_day": 2000}),
        ({"event": "FLAGGED", "current_limit": "TIER_1K"}, {"users_per_day": 1000, "quality": "RED"}),
        ({"event": "UNFLAGGED"}, {"quality": "GREEN"}),
    ],
)  # fmt: skip
def test_news_of_a_number_tell_its_speed_its_portfolios_tier_and_its_quality(
    value: dict[str, Any], told: dict[str, Any]
) -> None:
    number = told_of_number("phone_number_quality_update", {"display_phone_number": "+55 81 3000-0000"} | value)
    expected = {"messages_per_second": 0, "users_per_day": 0, "quality": "", "event": value["event"]} | told
    assert {name: getattr(number, name) for name in expected} == expected
    assert number.phone_number == "558130000000"


@pytest.mark.parametrize(
    ("told", "users"), [(2000, 2000), ("TIER_100K", 100_000), (-1, -1), ("TIER_UNLIMITED", -1), (10**12, -1)]
)
def test_a_business_capability_is_the_limit_of_all_numbers_of_the_account(told: object, users: int) -> None:
    number = told_of_number("business_capability_update", {"max_daily_conversations_per_business": told})
    assert (number.phone_number, number.users_per_day) == ("", users)


@pytest.mark.parametrize(
    ("value", "state"),
    [
        ({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}}, "STOPPED"),
        ({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "REINSTATE"}}, "RESUMED"),
        ({"event": "ACCOUNT_OFFBOARDED"}, "STOPPED"),
        ({"event": "ACCOUNT_RECONNECTED"}, "RESUMED"),
    ],
)
def test_an_account_that_is_stopped_or_goes_on_is_told(value: dict[str, Any], state: str) -> None:
    assert told_of_number("account_update", value).account_state == state


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phone_number_quality_update", {"event": "THROUGHPUT_UPGRADE"}),
        ("phone_number_quality_update", {"display_phone_number": "1555", "event": "SOMETHING"}),
        ("phone_number_quality_update", {"display_phone_number": ["1555"], "event": {"no": 1}, "current_limit": 1.5}),
        ("business_capability_update", {"max_phone_numbers_per_waba": 25}),
        ("account_update", {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "SCHEDULE_FOR_DISABLE"}}),
        ("account_update", {"event": "ACCOUNT_VIOLATION", "violation_info": {"violation_type": "ALCOHOL"}}),
    ],
)
def test_what_says_nothing_of_what_may_be_sent_is_only_kept(field: str, value: dict[str, Any]) -> None:
    (entry,) = entries(field, value)
    assert entry.kept is not None
    assert entry.status is None


def test_what_comes_from_a_business_app_beside_tells_once_that_its_number_is_slow() -> None:
    echo = {"from": "558130000000", "to": "5581900000001", "type": "text", "text": {"body": "Oi"}, "timestamp": "1"}
    value = NUMBER | {"message_echoes": [echo | {"id": "wamid.1"}, echo | {"id": "wamid.2"}]}
    first, second = entries("smb_message_echoes", value)
    assert first.status is not None
    assert second.status is None
    number = events_pb2.MessageStatus.FromString(first.status.payload).notice.number
    assert (number.phone_number_id, number.event, number.messages_per_second) == ("100200300", "COEXISTENCE", 20)
