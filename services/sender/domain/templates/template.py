"""A template in one language, and the news of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

# What can be sent again, in other words of Meta's.
_STATUSES = {"REINSTATED": "APPROVED", "UNARCHIVED": "APPROVED"}
# A warning: the template can be sent as before.
_WARNINGS = frozenset({"FLAGGED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """What is known of a template; `components` is JSON, empty while it has only been told of.

    category, status and quality are Meta's words in capitals; empty when not known.
    """

    waba_id: str
    name: str
    language: str
    template_id: str = ""
    category: str = ""
    status: str = ""
    quality: str = ""
    reason: str = ""
    components: str = ""
    synced_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a webhook told of a template; what is empty was not told. `told_at_ms` in milliseconds since 1970."""

    waba_id: str
    name: str
    language: str
    template_id: str = ""
    category: str = ""
    status: str = ""
    quality: str = ""
    reason: str = ""
    is_edited: bool = False
    told_at_ms: int = 0


class TemplateKey(NamedTuple):
    """A template of an organization; an empty `waba_id` is any account's. `template` is NAME/LANGUAGE."""

    organization_id: UUID
    waba_id: str
    template: str


class TemplateState(NamedTuple):
    """How a template stands, in Meta's words; empty when not known."""

    status: str = ""
    reason: str = ""
    quality: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Templates of an organization as they are kept; `is_synced`: some account's have been read from Meta."""

    templates: Sequence[Template]
    is_synced: bool


class Account(NamedTuple):
    """An account whose templates are to be read, with numbers of it to ask with."""

    organization_id: UUID
    waba_id: str
    phone_number_ids: tuple[str, ...]


def status_of(event: str) -> str:
    """The status an event of Meta's leaves a template in; empty when it leaves it as it is."""
    word = event.strip().upper()
    return "" if word in _WARNINGS else _STATUSES.get(word, word)


def language_of(code: str) -> str:
    """A language as sends have to name it; webhooks write en-US for en_US."""
    return code.strip().replace("-", "_")


def template_in(waba_id: str, told: Mapping[str, object], components: str) -> Template | None:
    """One element of Meta's list; None when it names no template. `components` is the same element's, as JSON."""
    name, language = _text(told, "name"), language_of(_text(told, "language"))
    if not name or not language:
        return None
    quality = told.get("quality_score")
    reason = _text(told, "rejected_reason")
    return Template(
        waba_id=waba_id,
        name=name,
        language=language,
        template_id=_text(told, "id"),
        category=_text(told, "category").upper(),
        status=status_of(_text(told, "status")),
        quality=_text(quality, "score").upper() if isinstance(quality, Mapping) else "",
        reason="" if reason.upper() == "NONE" else reason,
        components=components,
    )


def _text(values: Mapping[str, object], key: str) -> str:
    value = values.get(key)
    return value.replace("\0", "")[:512] if isinstance(value, str) else ""
