"""Findings about a flow's settings."""

from collections.abc import Iterator, Mapping
from typing import Final

from services.executor.domain.document import FlowDocument
from services.executor.domain.finding import Finding, error
from services.executor.domain.flow_settings import INACTIVITY_ACTIONS, LONGEST_SECONDS, read_zone
from services.executor.domain.json_value import Json, number_of, object_at, text_at
from services.executor.domain.templates import TemplateError, compile_template

POLICIES: Final = ("branch", "wait", "template")


def setting_findings(document: FlowDocument) -> Iterator[Finding]:
    """Check the values of the settings."""
    settings = document.settings
    try:
        read_zone(settings)
    except ValueError as reason:
        yield error("unknown_timezone", None, str(reason), 'Write a name such as "America/Sao_Paulo".')
    if text_at(settings, "on_window_closed") not in ("", *POLICIES):
        message = 'The setting "on_window_closed" is unknown.'
        yield error("bad_setting", None, message, f"Write one of {', '.join(POLICIES)}.")
    yield from _seconds(settings, "session_ttl_seconds", "session_ttl_seconds")
    if settings.get("inactivity") is not None:
        ids = {node.id for node in document.nodes}
        yield from _inactivity_findings(object_at(settings, "inactivity"), ids)


def _inactivity_findings(inactivity: Mapping[str, Json], ids: set[str]) -> Iterator[Finding]:
    for name in ("warnSeconds", "thenSeconds"):
        yield from _seconds(inactivity, name, f"inactivity.{name}")
    if number_of(inactivity.get("warnSeconds")) is None:
        message = 'The setting "inactivity" has no "warnSeconds": it does nothing.'
        yield error("bad_setting", None, message, "Write after how many seconds it begins.")
    action, node = text_at(inactivity, "then"), text_at(inactivity, "node")
    if action not in ("", *INACTIVITY_ACTIONS):
        message = 'The setting "inactivity.then" is unknown.'
        yield error("bad_setting", None, message, f"Write one of {', '.join(INACTIVITY_ACTIONS)}.")
    if (node or action in ("handoff", "fallback")) and node not in ids:
        message = f'The setting "inactivity.node" names the missing node {node or "…"}.'
        yield error("dangling_inactivity", None, message, "Name a node of this flow.")
    for name, text in _texts(inactivity):
        try:
            compile_template(text)
        except TemplateError as reason:
            message = f'The setting "inactivity.{name}" is no template: {reason}'
            yield error("bad_template", None, message, "Correct the braces.")


def inactivity_texts(document: FlowDocument) -> tuple[tuple[str, str], ...]:
    """What is said to a contact who stays silent, by its field."""
    return _texts(object_at(document.settings, "inactivity"))


def _texts(inactivity: Mapping[str, Json]) -> tuple[tuple[str, str], ...]:
    return tuple((field, text_at(inactivity, field)) for field in ("warnMessage", "message"))


def _seconds(holder: Mapping[str, Json], name: str, called: str) -> Iterator[Finding]:
    written = holder.get(name)
    seconds = number_of(written)
    if written is not None and (seconds is None or not 1 <= seconds <= LONGEST_SECONDS):
        message = f'The setting "{called}" is no number of seconds up to a year.'
        yield error("bad_setting", None, message, "Write whole seconds.")
