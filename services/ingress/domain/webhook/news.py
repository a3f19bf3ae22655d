"""What Meta tells of message templates, taken from the flat value of an account-wide change."""

from collections.abc import Mapping
from typing import NamedTuple

from .values import Json, identifier, mapping, text

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
