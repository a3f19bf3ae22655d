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
