"""What Meta tells of message templates and numbers, taken from the flat value of an account-wide change."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from .values import Json, identifier, integer, mapping, text

TEMPLATE_FIELDS = frozenset(
    {
        "message_template_components_update",
        "message_template_quality_update",
        "message_template_status_update",
        "template_category_update",
        "template_correct_category_detection",
    }
)


class TemplateNews(NamedTuple):
    """How a template stands; what was not told is empty. `status`, `quality`, `category` are Meta's words."""

    name: str
    language: str
    template_id: str
    status: str
    quality: str
    category: str
    reason: str
    is_edited: bool


def template_news(field: str | None, value: Mapping[str, Json]) -> TemplateNews | None:
    """Read a change; None when it is of another field or names no template. Quality may come under the status field."""
    if field not in TEMPLATE_FIELDS:
        return None
    name, language = text(value.get("message_template_name")), text(value.get("message_template_language"))
    if not name or not language:
        return None
    reason = text(value.get("reason")) or ""
    rejection = text(mapping(value.get("rejection_info")).get("reason")) or ""
    return TemplateNews(
        name=name,
        language=language,
        template_id=identifier(value.get("message_template_id")) or "",
        status=text(value.get("event")) or "",
        quality=text(value.get("new_quality_score")) or "",
        # `correct_category` is only announced: `new_category` holds until its moment.
        category=text(value.get("new_category")) or "",
        reason=rejection or ("" if reason.upper() == "NONE" else reason),
        is_edited=field == "message_template_components_update",
    )


NO_LIMIT: Final = -1
# Meta: 80 messages a second, 1,000 after the upgrade, 20 while the number is used in the WhatsApp Business app as well.
_AFTER_UPGRADE: Final = 1000
_BESIDE_THE_APP: Final = 20
# What only comes of numbers that the WhatsApp Business app uses as well.
_COEXISTENCE_FIELDS: Final = frozenset({"smb_app_state_sync", "smb_message_echoes", "history"})
_TIER: Final = re.compile(r"TIER_(\d{1,7})(K?)")
_MOST_USERS: Final = 10_000_000
_QUALITIES: Final = {"FLAGGED": "RED", "UNFLAGGED": "GREEN"}
_ACCOUNT_STATES: Final = {
    "DISABLE": "STOPPED",
    "REINSTATE": "RESUMED",
    "ACCOUNT_DELETED": "STOPPED",
    "ACCOUNT_OFFBOARDED": "STOPPED",
    "ACCOUNT_RECONNECTED": "RESUMED",
}


class NumberNews(NamedTuple):
    """What a number (`phone_number`, in digits, or the change's own), or an empty one a whole account, may send.

    What was not told is empty or 0; `users_per_day` is NO_LIMIT where Meta sets none.
    """

    phone_number: str = ""
    event: str = ""
    messages_per_second: int = 0
    users_per_day: int = 0
    quality: str = ""
    account_state: str = ""


def number_news(field: str | None, value: Mapping[str, Json]) -> NumberNews | None:
    """Read a change; None when it tells nothing of what may be sent."""
    match field:
        case "phone_number_quality_update":
            return _of_number(value)
        case "business_capability_update":
            users = _users(value)
            return NumberNews(users_per_day=users) if users else None
        case "account_update":
            banned = text(mapping(value.get("ban_info")).get("waba_ban_state"))
            event = banned or text(value.get("event")) or ""
            state = _ACCOUNT_STATES.get(event)
            return NumberNews(event=event, account_state=state) if state else None
        case _:
            return None


def coexistence_news(field: str | None) -> NumberNews | None:
    """What it means that a change of this field came for a number; None when it means nothing."""
    if field not in _COEXISTENCE_FIELDS:
        return None
    return NumberNews(event="COEXISTENCE", messages_per_second=_BESIDE_THE_APP)


def _of_number(value: Mapping[str, Json]) -> NumberNews | None:
    phone_number = "".join(filter(_is_digit, text(value.get("display_phone_number")) or ""))
    event = (text(value.get("event")) or "").upper()
    quality = (text(value.get("new_quality_score")) or _QUALITIES.get(event, "")).upper()
    per_second = _AFTER_UPGRADE if event == "THROUGHPUT_UPGRADE" else 0
    users = _users(value)
    if not phone_number or not (quality or per_second or users):
        return None
    return NumberNews(phone_number, event, per_second, users, quality)


def _users(value: Mapping[str, Json]) -> int:
    """Users a day, as a number, as TIER_2K, or (until February 2026) as `current_limit`; 0 when none are told."""
    told = value.get("max_daily_conversations_per_business") or value.get("current_limit")
    number = integer(told)
    if number is not None:
        return number if 0 < number <= _MOST_USERS else NO_LIMIT
    word = (text(told) or "").upper()
    tier = _TIER.fullmatch(word)
    if tier is not None:
        return int(tier[1]) * (1000 if tier[2] else 1)
    return NO_LIMIT if word == "TIER_UNLIMITED" else 0


def _is_digit(sign: str) -> bool:
    return sign.isascii() and sign.isdigit()
