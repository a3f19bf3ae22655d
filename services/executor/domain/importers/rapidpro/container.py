"""Around the definition: which flow of an export is read, which versions are, what starts it, what else is there."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.executor.domain.importers.canvas import Canvas, Place
from services.executor.domain.importers.rapidpro.keeping import language_of
from services.executor.domain.importers.reading import Draft
from services.executor.domain.importers.report import Findings, UnreadableFlow
from services.executor.domain.importers.values import Object, as_id, as_list, as_number, as_object, as_text

RAPIDPRO, GLIFIC = "rapidpro", "glific"
_OLDEST, _KNOWN = 13, 13
_OLD_KEYS = frozenset({"action_sets", "rule_sets", "base_language", "flow_type"})
_GLIFIC_KEYS = frozenset({"interactive_templates", "contact_field", "collections", "vars"})
_GLIFIC_ACTIONS = frozenset(
    {"send_interactive_msg", "set_contact_profile", "wait_for_time", "wait_for_result", "link_google_sheet"}
)
_MINUTE = 60
_MATCHES = {"F": "starts_with", "O": "exact", "first_word": "starts_with", "only_word": "exact"}
_BESIDE = {
    "campaigns": "Campaigns are not taken over: they reach people by themselves, a flow answers them.",
    "fields": "Fields need no declaration: an attribute begins with the first value.",
    "groups": "Groups are tags here and need no declaration.",
}


@dataclass(frozen=True, slots=True)
class Container:
    """The definition that is read, what stands beside it, and the other definitions of the export."""

    definition: Object
    beside: Object
    others: tuple[Object, ...]


def dialect_of(document: Object) -> str | None:
    """The dialect of an export, of a definition alone, or of one too old to be read; None for anything else."""
    entries = [entry for entry, _ in _entries(document)] or ([document] if _is_definition(document) else [])
    if not any(_is_definition(entry) for entry in entries):
        return None
    marked = any(_GLIFIC_KEYS & holder.keys() for holder in (document, *entries))
    return GLIFIC if marked or any(_has_glific_action(entry) for entry in entries) else RAPIDPRO


def open_container(document: Object, wanted: str | None) -> Container:
    """Choose a definition: the one of the wanted name, else the first that no other enters. UnreadableFlow if old."""
    entries = list(_entries(document)) or [(document, {})]
    entries = [entry for entry in entries if _is_definition(entry[0])]
    definition, beside = _chosen(entries, wanted)
    _refuse_old(document, definition)
    if not any(isinstance(node, dict) for node in as_list(definition.get("nodes"))):
        raise UnreadableFlow("The definition has no nodes: export a flow that says something.")
    return Container(definition, beside, tuple(other for other, _ in entries if other is not definition))


def head_of(container: Container, name: str | None) -> Object:
    """Name, language and settings of the flow."""
    definition = container.definition
    head: Object = {"name": name or as_text(definition.get("name")) or "Imported flow"}
    language = language_of(as_text(definition.get("language")) or "")
    if language:
        head["language"] = language
    minutes = as_number(definition.get("expire_after_minutes"))
    return head | {"settings": {"session_ttl_seconds": int(minutes * _MINUTE)} if minutes and minutes > 0 else {}}


def report_beside(document: Object, container: Container, findings: Findings) -> None:
    """Say what of the export is in no node."""
    for name, message in _BESIDE.items():
        if as_list(document.get(name)):
            findings.add("dropped", "", name, message)
    for other in container.others:
        title = as_text(other.get("name")) or "another flow"
        count = len(as_list(other.get("nodes")))
        message = f"The export also holds '{title}' with {count} nodes, which was not read: import it by its name."
        findings.add("dropped", "", "flows", message)
    for language, texts in as_object(container.definition.get("localization")).items():
        if as_object(texts):
            message = f"{len(as_object(texts))} translations into '{language}' are not taken over: make a flow of them."
            findings.add("dropped", "", f"localization.{language}", message)
    version = _version(container.definition.get("spec_version"))
    if version is not None and version > _KNOWN:
        findings.add("kept", "", "spec_version", f"The definition is of version {version} and was read as version 13.")
    kind = as_text(container.definition.get("type"))
    if kind not in (None, "messaging"):
        findings.add("changed", "", "type", f"A flow of type '{kind}' is a chat here.")


def draw_start(document: Object, container: Container, canvas: Canvas, node_id: str) -> None:
    """The start, which the source does not have as a node, with its keywords."""
    found = [(words, match) for words, match in _keywords(document, container) if words]
    triggers: list[Object] = [{"kind": "keyword", "keywords": words, "match": match} for words, match in found]
    for trigger in _triggers(document, container.definition):
        kind = as_text(trigger.get("trigger_type"))
        if kind == "C":
            triggers.append({"kind": "any"})
        elif kind not in (None, "K"):
            message = "A trigger that is neither a keyword nor for any message was left out: start the flow otherwise."
            canvas.note("dropped", node_id, "triggers", message)
    canvas.note("changed", node_id, "nodes", "The source has no start node; this one leads to its first node.")
    canvas.draw(node_id, Draft("start", {"triggers": triggers} if triggers else {}), None)


def draw_remarks(definition: Object, canvas: Canvas) -> None:
    """The notes that stick to the author's canvas."""
    for remark, raw in as_object(as_object(definition.get("_ui")).get("stickies")).items():
        sticky = as_object(raw)
        at = as_object(sticky.get("position"))
        words = [as_text(sticky.get(name)) or "" for name in ("title", "body")]
        place = Place(as_number(at.get("left")), as_number(at.get("top")))
        draft = Draft("note", {"content": "\n".join(filter(None, words))})
        canvas.draw(canvas.claim(remark, "remark"), draft, raw, place)


def _entries(document: Object) -> Iterator[tuple[Object, Object]]:
    """(definition, what stands beside it) of every flow in an export."""
    for item in as_list(document.get("flows")):
        entry = as_object(item)
        inner = as_object(entry.get("definition"))
        if inner:
            yield inner, {key: value for key, value in entry.items() if key != "definition"}
        elif entry:
            yield entry, {}
    inner = as_object(document.get("definition"))
    if inner and "flows" not in document:
        yield inner, {key: value for key, value in document.items() if key != "definition"}


def _is_definition(entry: Object) -> bool:
    if entry.keys() & {"action_sets", "rule_sets"}:
        return True
    nodes = [node for node in as_list(entry.get("nodes")) if isinstance(node, dict)]
    if "spec_version" in entry and isinstance(entry.get("nodes"), list):
        return True
    return any("uuid" in node and node.keys() & {"exits", "actions", "router"} for node in nodes)


def _has_glific_action(entry: Object) -> bool:
    nodes = [as_object(node) for node in as_list(entry.get("nodes"))]
    actions = [as_object(action) for node in nodes for action in as_list(node.get("actions"))]
    return any(as_text(action.get("type")) in _GLIFIC_ACTIONS for action in actions)


def _chosen(entries: list[tuple[Object, Object]], wanted: str | None) -> tuple[Object, Object]:
    named = next((entry for entry in entries if wanted and as_text(entry[0].get("name")) == wanted), None)
    if named is not None:
        return named
    entered = {as_id(flow.get("uuid")) for entry, _ in entries for flow in _flows_entered(entry)}
    return next((entry for entry in entries if as_id(entry[0].get("uuid")) not in entered), entries[0])


def _flows_entered(entry: Object) -> Iterator[Object]:
    for node in map(as_object, as_list(entry.get("nodes"))):
        for action in map(as_object, as_list(node.get("actions"))):
            if action.get("type") == "enter_flow":
                yield as_object(action.get("flow"))


def _refuse_old(document: Object, definition: Object) -> None:
    written = definition.get("spec_version", definition.get("version", document.get("version")))
    version = _version(written)
    if definition.keys() & _OLD_KEYS or (version is not None and version < _OLDEST):
        old = f" of version {as_text(written)}" if version is not None else ""
        raise UnreadableFlow(
            f"This is a RapidPro definition{old}, made of action sets and rule sets; version 13 and newer are read: "
            "open the flow in RapidPro of today and export it again."
        )


def _version(written: object) -> int | None:
    """The first number of a version; None when there is none."""
    first = (as_text(written) or "").split(".")[0].strip()
    return int(first) if first.isascii() and first.isdigit() and len(first) < 6 else None


def _keywords(document: Object, container: Container) -> Iterator[tuple[list[str], str]]:
    beside = [word for word in map(as_text, as_list(container.beside.get("keywords"))) if word]
    yield beside, "exact"
    for trigger in _triggers(document, container.definition):
        written = as_list(trigger.get("keywords")) or [trigger.get("keyword")]
        match = _MATCHES.get(as_text(trigger.get("match_type")) or "", "exact")
        yield [word for word in map(as_text, written) if word], match


def _triggers(document: Object, definition: Object) -> Iterator[Object]:
    for trigger in map(as_object, as_list(document.get("triggers"))):
        if as_id(as_object(trigger.get("flow")).get("uuid")) == as_id(definition.get("uuid")):
            yield trigger
