"""Notices read into values; what cannot be is refused with a sentence."""

from __future__ import annotations

from typing import Literal, TypeAlias
from uuid import UUID

from services.chassis.errors import InvalidArgument
from services.pb.common.v1 import events_pb2
from services.pb.sender.v1 import sender_pb2
from services.sender.domain.number_news import NumberNews
from services.sender.domain.templates import News, language_of, status_of
from services.sender.ports import Wanted
from services.sender.server.reading import read_id, read_message
from services.sender.usecases import FASTEST, MOST_USERS

OrganizationNews: TypeAlias = tuple[UUID, News]
OrganizationNumberNews: TypeAlias = tuple[UUID, NumberNews]

# Beyond the year 9999 is no time.
_LATEST_MS = 253_402_300_799_000
_LONGEST_TEXT = 512
_NO_LIMIT = -1


def read_notice(item: sender_pb2.OrganizationNotice) -> Wanted | OrganizationNews | OrganizationNumberNews:
    """News of an organization. Raises InvalidArgument."""
    organization_id = read_id("organization_id", item.organization_id)
    match item.notice.WhichOneof("about"):
        case "preference":
            return _wanted(organization_id, item)
        case "template":
            return organization_id, _news(item.notice)
        case "number":
            return organization_id, _number_news(item.notice)
        case _:
            raise InvalidArgument("notice.about is empty, or of a kind this release does not know; upgrade sender")


def _wanted(organization_id: UUID, item: sender_pb2.OrganizationNotice) -> Wanted:
    preference = item.notice.preference
    names = tuple(filter(None, (preference.wa_id.removeprefix("+"), preference.user_id)))
    if not names:
        raise InvalidArgument("preference names nobody; set wa_id or user_id")
    return Wanted(
        organization_id=organization_id,
        recipients=tuple(_text("preference.wa_id or user_id", name) for name in names),
        kind=_kind(preference.kind),
        is_out=preference.is_out,
        said_at_ms=_moment("preference.said_at_ms", preference.said_at_ms),
        source=_text("preference.source", preference.source),
        confirmation=read_message(item.confirmation) if item.HasField("confirmation") else None,
    )


def _kind(kind: str) -> Literal["marketing", "all"]:
    match kind:
        case "marketing" | "all":
            return kind
        case _:
            raise InvalidArgument(f"preference.kind is {kind[:20]!r}; use marketing or all")


def _news(notice: events_pb2.Notice) -> News:
    told = notice.template
    if not told.name or not told.language or not notice.waba_id:
        raise InvalidArgument("template.name, template.language or waba_id is empty; set all of them")
    return News(
        waba_id=_text("waba_id", notice.waba_id),
        name=_text("template.name", told.name),
        language=_text("template.language", language_of(told.language)),
        template_id=_text("template.template_id", told.template_id),
        category=_text("template.category", told.category.upper()),
        status=_text("template.status", status_of(told.status)),
        quality=_text("template.quality", told.quality.upper()),
        reason=_text("template.reason", told.reason[:_LONGEST_TEXT]),
        is_edited=told.is_edited,
        told_at_ms=_moment("template.told_at_ms", told.told_at_ms),
    )


def _number_news(notice: events_pb2.Notice) -> NumberNews:
    told = notice.number
    if not notice.waba_id and not told.phone_number_id:
        raise InvalidArgument("number.phone_number_id and waba_id are empty; set one of them")
    if told.phone_number and not told.phone_number_id:
        raise InvalidArgument("number.phone_number_id is empty; only router knows which number is dialled so")
    if not 0 <= told.messages_per_second <= FASTEST:
        raise InvalidArgument(f"number.messages_per_second is {told.messages_per_second}; use 0 to {FASTEST}")
    if not _NO_LIMIT <= told.users_per_day <= MOST_USERS:
        raise InvalidArgument(f"number.users_per_day is {told.users_per_day}; use -1 to {MOST_USERS}")
    return NumberNews(
        waba_id=_text("waba_id", notice.waba_id),
        phone_number_id=_text("number.phone_number_id", told.phone_number_id),
        messages_per_second=told.messages_per_second,
        users_per_day=max(told.users_per_day, 0) if told.users_per_day else None,
        quality=_text("number.quality", told.quality.upper()),
        account_state=_state(told.account_state),
        told_at_ms=_moment("number.told_at_ms", told.told_at_ms),
    )


def _state(state: str) -> Literal["", "STOPPED", "RESUMED"]:
    match state:
        case "" | "STOPPED" | "RESUMED":
            return state
        case _:
            raise InvalidArgument(f"number.account_state is {state[:20]!r}; use STOPPED or RESUMED")


def _moment(field: str, value: int) -> int:
    if not 0 < value <= _LATEST_MS:
        raise InvalidArgument(f"{field} is {value}; give milliseconds since 1970")
    return value


def _text(field: str, text: str) -> str:
    if len(text) > _LONGEST_TEXT or "\x00" in text:
        raise InvalidArgument(f"{field} has more than {_LONGEST_TEXT} characters, or a NUL among them")
    return text
