"""Message templates of the simulated accounts: listed by pages, made, deleted, and told about."""

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from .plans import BusinessNumber, InputError
from .refusals import ErrorKind, GraphError

JsonObject = Mapping[str, object]

CATEGORIES = frozenset({"MARKETING", "UTILITY", "AUTHENTICATION"})
STATUSES = frozenset({"APPROVED", "PENDING", "REJECTED", "PAUSED", "DISABLED"})
_NAME = re.compile(r"[a-z0-9_]{1,512}")
_LANGUAGE = re.compile("[a-z]{2,3}(_[A-Za-z]{2,4})?")
_MOST_IN_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One template in one language."""

    id: str
    waba_id: str
    name: str
    language: str
    category: str
    components: tuple[JsonObject, ...]
    status: str = "APPROVED"
    quality: str = "UNKNOWN"
    reason: str = "NONE"

    def to_json(self) -> dict[str, object]:
        """The template as Meta lists it."""
        return {
            "id": self.id,
            "name": self.name,
            "language": self.language,
            "status": self.status,
            "category": self.category,
            "components": list(self.components),
            "quality_score": {"score": self.quality, "date": 0},
            "rejected_reason": self.reason,
        }


class Templates:
    """All templates of all accounts, in the order they were made. A new one is approved at once."""

    def __init__(self) -> None:
        self._templates: dict[tuple[str, str, str], Template] = {}
        self._ids = itertools.count(10**14)

    def page(self, waba_id: str, *, name: str, after: str, limit: int) -> dict[str, object]:
        """Meta's list from a cursor on; `next` is there while there is more."""
        found = [each for each in self._of(waba_id) if name in ("", each.name)]
        begin = int(after) if after.isdecimal() else 0
        size = min(max(limit, 1), _MOST_IN_PAGE)
        chosen = found[begin : begin + size]
        paging: dict[str, object] = {"cursors": {"before": str(begin), "after": str(begin + len(chosen))}}
        if begin + size < len(found):
            paging["next"] = f"after={begin + size}"
        return {"data": [each.to_json() for each in chosen], "paging": paging}

    def create(self, waba_id: str, values: JsonObject) -> Template:
        """Take a template. Raises GraphError for what Meta would refuse."""
        name, language, category = (_text(values, key) for key in ("name", "language", "category"))
        components = values.get("components")
        if not _NAME.fullmatch(name) or not _LANGUAGE.fullmatch(language) or category not in CATEGORIES:
            raise GraphError(ErrorKind.INVALID_PARAMETER, "name, language or category is not valid")
        parts = tuple(part for part in components if isinstance(part, Mapping)) if isinstance(components, list) else ()
        if not any(_text(part, "type").upper() == "BODY" for part in parts):
            raise GraphError(ErrorKind.INVALID_PARAMETER, "a template has a BODY")
        if (waba_id, name, language) in self._templates:
            raise GraphError(ErrorKind.INVALID_PARAMETER, "there is already content in this language for the template")
        template = Template(
            id=str(next(self._ids)), waba_id=waba_id, name=name, language=language, category=category, components=parts
        )
        self._templates[waba_id, name, language] = template
        return template

    def delete(self, waba_id: str, *, name: str, template_id: str) -> int:
        """Remove a template, in the language of `template_id` or in all. Raises GraphError when there is none."""
        gone = [each for each in self._of(waba_id) if each.name == name and template_id in ("", each.id)]
        if not gone:
            raise GraphError(ErrorKind.INVALID_PARAMETER, "message template not found")
        for each in gone:
            del self._templates[each.waba_id, each.name, each.language]
        return len(gone)

    def change(self, waba_id: str, name: str, language: str, values: JsonObject) -> list[JsonObject]:
        """Change status, quality, category or components; gives the values of the webhooks that tell it."""
        template = self._templates.get((waba_id, name, language))
        if template is None:
            raise InputError(f"the account {waba_id} has no template {name} in {language}")
        told: list[JsonObject] = []
        for key, read in _CHANGES.items():
            if key in values:
                template, value = read(template, values[key], _text(values, "reason") or "NONE")
                told.append(_naming(template) | value)
        self._templates[waba_id, name, language] = template
        return told

    def known(self, waba_id: str, name: str, language: str) -> Template | None:
        """The template a message names; None when the account has none of this name and language."""
        return self._templates.get((waba_id, name, language))

    def is_empty(self, waba_id: str) -> bool:
        """Whether the account has no templates: then the simulator does not know which there are."""
        return not any(self._of(waba_id))

    def _of(self, waba_id: str) -> Iterator[Template]:
        return (each for each in self._templates.values() if each.waba_id == waba_id)


def refuse_unsendable(templates: Templates, number: BusinessNumber, body: JsonObject) -> None:
    """Refuse what Meta refuses of a template: unknown, paused, disabled. Of an account without any all are taken."""
    template = body.get("template")
    if not isinstance(template, Mapping) or templates.is_empty(number.waba_id):
        return
    language = template.get("language")
    code = _text(language, "code") if isinstance(language, Mapping) else ""
    known = templates.known(number.waba_id, _text(template, "name"), code)
    if known is None or known.status in ("PENDING", "REJECTED"):
        raise GraphError(ErrorKind.NO_TEMPLATE, "Template name does not exist in the translation")
    if known.status == "PAUSED":
        raise GraphError(ErrorKind.TEMPLATE_PAUSED)
    if known.status == "DISABLED":
        raise GraphError(ErrorKind.TEMPLATE_DISABLED)


def _status(template: Template, value: object, reason: str) -> tuple[Template, dict[str, object]]:
    if value not in STATUSES:
        raise InputError(f"status is one of {', '.join(sorted(STATUSES))}")
    changed = replace(template, status=str(value), reason=reason)
    return changed, {"event": str(value), "reason": reason, "message_template_category": template.category}


def _quality(template: Template, value: object, _reason: str) -> tuple[Template, dict[str, object]]:
    changed = replace(template, quality=str(value))
    return changed, {"previous_quality_score": template.quality, "new_quality_score": str(value)}


def _category(template: Template, value: object, _reason: str) -> tuple[Template, dict[str, object]]:
    if value not in CATEGORIES:
        raise InputError(f"category is one of {', '.join(sorted(CATEGORIES))}")
    return replace(template, category=str(value)), {"previous_category": template.category, "new_category": str(value)}


def _components(template: Template, value: object, _reason: str) -> tuple[Template, dict[str, object]]:
    parts = tuple(part for part in value if isinstance(part, Mapping)) if isinstance(value, list) else ()
    return replace(template, components=parts), {"message_template_element": "changed"}


_CHANGES: Mapping[str, Callable[[Template, object, str], tuple[Template, dict[str, object]]]] = {
    "status": _status,
    "quality": _quality,
    "category": _category,
    "components": _components,
}


def _naming(template: Template) -> dict[str, object]:
    return {
        "message_template_id": int(template.id),
        "message_template_name": template.name,
        "message_template_language": template.language,
    }


def _text(values: JsonObject, key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) else ""
