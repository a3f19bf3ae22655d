"""The three forms of pywce as one list of stages: a map stage → template, the builder's list, triggers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from services.executor.domain.importers.report import Findings
from services.executor.domain.importers.values import (
    Object,
    as_flag,
    as_id,
    as_list,
    as_number,
    as_object,
    as_text,
    folded,
)

KINDS: Final = frozenset(
    {
        "text", "button", "cta", "list", "template", "dynamic", "media", "flow", "location", "request-location",
        "catalog", "product", "products",
    }
)  # fmt: skip
_REGEX: Final = "re:"
_HOOKS: Final = ("template", "on-receive", "on-generate", "router", "middleware", "validator")


@dataclass(frozen=True, slots=True)
class Route:
    """Where an answer leads: `pattern` is a regular expression, or the answer itself; `target` None leads nowhere."""

    pattern: str
    is_regex: bool
    target: str | None


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: what it says in `message`, what pywce was told about it in `settings`, code in `hooks`."""

    name: str
    caption: str
    kind: str
    message: object
    routes: tuple[Route, ...]
    settings: Object
    hooks: Object
    position: tuple[int | float | None, int | float | None]
    raw: Object


def is_stage_map(document: Object) -> bool:
    """Whether most values are stages {kind, message, routes}."""
    stages = [value for value in document.values() if _is_stage(value)]
    others = [value for value in document.values() if not _is_stage(value) and not isinstance(value, str)]
    return bool(stages) and len(stages) > len(others)


def is_trigger_map(document: Object) -> bool:
    """Whether every value is a pattern `re:…`."""
    values = list(document.values())
    return bool(values) and all(isinstance(value, str) and value.startswith(_REGEX) for value in values)


def is_built(document: Object) -> bool:
    """Whether it is an export of the visual builder."""
    templates = [item for item in as_list(document.get("templates")) if isinstance(item, dict)]
    return any(folded(item.get("type")) in KINDS and "message" in item for item in templates)


def mapped_stages(document: Object, findings: Findings) -> Iterator[Stage]:
    for name, value in document.items():
        if not _is_stage(value):
            if not isinstance(value, str):
                findings.add(
                    "dropped", "", name, f"'{name}' is no stage and was dropped: give it a kind and a message."
                )
            continue
        raw = as_object(value)
        routes = tuple(_mapped_routes(as_object(raw.get("routes"))))
        settings = {
            key: inner for key, inner in raw.items() if key not in {"kind", "type", "message", "routes", *_HOOKS}
        }
        hooks = {key: raw[key] for key in _HOOKS if raw.get(key)}
        yield Stage(name, "", _kind(raw), raw.get("message"), routes, settings, hooks, (None, None), raw)


def built_stages(document: Object, findings: Findings) -> Iterator[Stage]:
    for index, item in enumerate(as_list(document.get("templates"))):
        if not isinstance(item, dict):
            findings.add("dropped", "", f"templates[{index}]", f"`templates[{index}]` is no template and was dropped.")
            continue
        hooks = {
            as_text(hook.get("type")) or "": hook.get("path") for hook in map(as_object, as_list(item.get("hooks")))
        }
        place = as_object(item.get("position"))
        yield Stage(
            as_id(item.get("id")) or f"template-{index + 1}",
            as_text(item.get("name")) or "",
            _kind(item),
            item.get("message"),
            tuple(_built_routes(as_list(item.get("routes")))),
            as_object(item.get("settings")),
            hooks,
            (as_number(place.get("x")), as_number(place.get("y"))),
            item,
        )


def triggers(document: Object) -> Iterator[tuple[str, str]]:
    """(stage, pattern) of a map of triggers, or of the strings between stages."""
    for name, value in document.items():
        if isinstance(value, str) and value.startswith(_REGEX):
            yield name, value.removeprefix(_REGEX).strip()


def begins(stage: Stage) -> bool:
    """Whether the builder marks the stage as the start."""
    return as_flag(stage.settings.get("isStart")) is True


def _is_stage(value: object) -> bool:
    fields = as_object(value)
    return _kind(fields) in KINDS and ("message" in fields or "routes" in fields)


def _kind(fields: Mapping[str, object]) -> str:
    return folded(fields.get("kind")) or folded(fields.get("type"))


def _mapped_routes(written: Object) -> Iterator[Route]:
    for pattern, target in written.items():
        is_regex = pattern.startswith(_REGEX)
        yield Route(pattern.removeprefix(_REGEX).strip() if is_regex else pattern, is_regex, as_id(target))


def _built_routes(written: list[object]) -> Iterator[Route]:
    for fields in map(as_object, written):
        pattern = (as_text(fields.get("pattern")) or "").strip()
        is_regex = as_flag(fields.get("isRegex")) is True or pattern.startswith(_REGEX)
        yield Route(pattern.removeprefix(_REGEX).strip(), is_regex, as_id(fields.get("connectedTo")))
