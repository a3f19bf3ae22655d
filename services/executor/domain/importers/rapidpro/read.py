"""From a RapidPro or Glific definition to a native flow.

A node of actions becomes a chain of nodes. A text right before a wait becomes the question that is waited for, and the
router behind it a condition; a wait that no text comes right before is a question that says nothing.
"""

import re

from services.executor.domain.importers.canvas import Canvas
from services.executor.domain.importers.rapidpro.cases import Patterns
from services.executor.domain.importers.rapidpro.container import (
    dialect_of,
    draw_remarks,
    draw_start,
    head_of,
    open_container,
    report_beside,
)
from services.executor.domain.importers.rapidpro.keeping import language_of
from services.executor.domain.importers.rapidpro.paths import Paths, key_of
from services.executor.domain.importers.rapidpro.source import Step, Story, steps_of, texts_in
from services.executor.domain.importers.rapidpro.weaving import Weaving
from services.executor.domain.importers.report import Findings
from services.executor.domain.importers.values import Object, as_id, as_list, as_object, as_text

__all__ = ["dialect_of", "read"]

_READ_CATEGORY = re.compile(r"results\.(\w{1,100})\.category")
_CHILD_RESULT = re.compile(r"\bchild\.results\.(\w{1,100})|results\.child\.(\w{1,100})")
_CALLS = frozenset({"call_webhook", "call_resthook", "link_webhook"})


def read(document: Object, name: str | None, findings: Findings) -> Object:
    """The native flow. UnreadableFlow for definitions before version 13."""
    container = open_container(document, name)
    definition = container.definition
    canvas = Canvas(findings)
    report_beside(document, container, findings)
    story = _story(document, definition, canvas)
    start = canvas.claim(None, "start")
    draw_start(document, container, canvas, start)
    canvas.connect(start, next(iter(story.steps)))
    Weaving(story, Patterns()).weave(first=next(iter(story.steps)))
    draw_remarks(definition, canvas)
    for written, native in story.paths.names.renamed():
        message = f"The value '{written}' is '{native}' here, for its own name cannot be used."
        canvas.note("changed", "", f"variables.{written}", message)
    head = head_of(container, name) | {"variables": _settings(story)}
    return canvas.finish(head, _rest(document, definition))


def _story(document: Object, definition: Object, canvas: Canvas) -> Story:
    steps = steps_of(definition, canvas)
    paths = Paths()
    read_categories = {key for text in texts_in(definition.get("nodes")) for key in _READ_CATEGORY.findall(text)}
    tested = {key for step in steps.values() for key in _tested_categories(step)}
    language = language_of(as_text(definition.get("language")) or "")
    read = frozenset(read_categories | tested)
    story = Story(canvas, paths, steps, dialect_of(document) or "", language, read)
    for step in steps.values():
        _collect(step, story)
    for template in map(as_object, as_list(document.get("interactive_templates"))):
        identity = as_id(template.get("source_id")) or as_id(template.get("id"))
        if identity is not None:
            story.interactives.setdefault(identity, as_object(template.get("interactive_content")))
    return story


def _collect(step: Step, story: Story) -> None:
    """Names of all results first, so that whatever is read may speak of them."""
    named = as_text(step.router.get("result_name")) or ""
    if named.strip():
        story.add_result(named)
    for action in step.actions:
        kind = as_text(action.get("type"))
        name = as_text(action.get("name" if kind == "set_run_result" else "result_name"))
        # Tickets, classifiers and the like leave nothing here.
        if name and name.strip() and (kind in _CALLS or kind == "set_run_result"):
            story.add_result(name)
        if kind in _CALLS:
            story.paths.calls.append(story.paths.result(name) if name else "webhook")
    # What comes back from flows must be known before the first of them is entered.
    for text in texts_in(step.raw):
        for pair in _CHILD_RESULT.findall(text):
            story.paths.children.add(key_of("".join(pair)))


def _tested_categories(step: Step) -> list[str]:
    """Results whose category a router compares without naming it."""
    operand = (as_text(step.router.get("operand")) or "").strip().split(".")
    cases = [as_object(case).get("type") for case in as_list(step.router.get("cases"))]
    return [operand[1]] if "has_category" in cases and operand[0] == "@results" and len(operand) == 2 else []


def _settings(story: Story) -> Object:
    """Constants of the house, which the flow must know itself here."""
    for name, written in story.paths.settings.items():
        message = f"The constant '{written}' of the house is the flow's variable '{name}': fill it."
        story.canvas.note("problem", "", f"variables.{name}", message)
    return dict.fromkeys(story.paths.settings, "")


def _rest(document: Object, definition: Object) -> Object:
    """The document without the nodes that were read."""

    def without(value: object, level: int) -> object:
        if value is definition:
            return {key: inner for key, inner in definition.items() if key != "nodes"}
        if isinstance(value, dict) and level < 3:
            return {key: without(inner, level + 1) for key, inner in value.items()}
        return [without(inner, level + 1) for inner in value] if isinstance(value, list) and level < 3 else value

    return as_object(without(document, 0))
