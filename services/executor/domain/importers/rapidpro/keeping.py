"""Actions that keep something: results of the run, attributes, groups and labels of the contact."""

from collections.abc import Callable

from services.executor.domain.importers.rapidpro.expressions import arithmetic, native_path, whole
from services.executor.domain.importers.rapidpro.paths import key_of
from services.executor.domain.importers.rapidpro.source import Action, Done
from services.executor.domain.importers.reading import Draft
from services.executor.domain.importers.values import Object, as_object, as_text, present

# Glific keeps consent in a field of this key.
_CONSENT = {"optin": True, "optout": False}
_LANGUAGES = {"eng": "en", "por": "pt_BR", "spa": "es", "fra": "fr", "base": ""}


def language_of(code: str) -> str:
    """RapidPro's three letters as WhatsApp writes languages; others as they are."""
    return _LANGUAGES.get(code, code)


def read_run_result(action: Action) -> Done:
    name = as_text(action.raw.get("name")) or ""
    if not name.strip():
        action.note("problem", "name", "The result has no name: fill it.")
        return Done((Draft("set_variable", {"assignments": []}),))
    assignments = [assigned(action, action.story.paths.result(name), action.raw.get("value"))]
    category = action.text("category")
    if category and key_of(name) in action.story.read_categories:
        assignments.append({"name": action.story.paths.category(name), "valueType": "static", "value": category})
    elif category:
        action.note("kept", "category", "Nothing in the flow reads the category, so it is not stored.")
    return Done((Draft("set_variable", {"assignments": assignments}),))


def read_run_local(action: Action) -> Done:
    name = action.story.paths.local(as_text(action.raw.get("local")) or as_text(action.raw.get("name")) or "")
    operation = as_text(action.raw.get("operation")) or "set"
    if operation == "clear":
        item: Object = {"name": name, "valueType": "static", "value": ""}
    elif operation == "increment":
        step = as_text(action.raw.get("value")) or "1"
        expression = whole(step)
        found = arithmetic(expression, action.story.paths.find) if expression else None
        item = {"name": name, "valueType": "expression", "value": f"{{{{{name}}}}} + {found or _number(action, step)}"}
    else:
        item = assigned(action, name, action.raw.get("value"))
    return Done((Draft("set_variable", {"assignments": [item]}),))


def assigned(action: Action, name: str, written: object) -> Object:
    """An assignment: a copy, arithmetic, or a text."""
    text = as_text(written) or ""
    expression = whole(text)
    if expression is not None:
        path = native_path(expression, action.story.paths.find)
        if path is not None:
            return {"name": name, "valueType": "variable", "value": path}
        result = arithmetic(expression, action.story.paths.find)
        if result is not None:
            return {"name": name, "valueType": "expression", "value": result}
    return {"name": name, "valueType": "static", "value": action.story.text(action.id, "value", text)}


def read_field(action: Action) -> Done:
    field = as_object(action.raw.get("field"))
    key = key_of(as_text(field.get("key")) or as_text(field.get("name")) or "")
    if not field:
        action.note("problem", "attributes", "The action names no field: fill 'attributes'.")
        return Done((Draft("contact", {}),))
    value = action.text("value")
    consent = _CONSENT.get(value.strip().casefold()) if key == "settings" and action.story.dialect == "glific" else None
    if consent is not None:
        message = f"Glific's setting '{value.strip()}' is the contact's consent here."
        action.note("changed", "optIn", message)
        return Done((Draft("contact", {"optIn": consent}),))
    return Done((Draft("contact", {"attributes": {key: value}}),))


def read_attribute(name: str, source: str) -> Callable[[Action], Done]:
    """A reader of an action that sets one attribute."""
    return lambda action: Done((Draft("contact", {"attributes": {name: action.text(source)}}),))


def read_language(action: Action) -> Done:
    return Done((Draft("contact", {"language": language_of(action.text("language"))}),))


def read_status(action: Action) -> Done:
    status = action.text("status").casefold()
    if status in ("blocked", "stopped"):
        action.note("changed", "status", f"A contact that is {status} has opted out here.")
        return Done((Draft("contact", {"optIn": False}),))
    return Done((Draft("contact", {"attributes": {"status": status}}),))


def read_urn(action: Action) -> Done:
    scheme, path = key_of(as_text(action.raw.get("scheme")) or "urn"), action.text("path")
    action.note("changed", "path", f"A further address of the contact is its attribute '{scheme}'.")
    return Done((Draft("contact", {"attributes": {scheme: path}}),))


def read_add_groups(action: Action) -> Done:
    return Done((Draft("contact", {"addTags": _groups(action)}),))


def read_remove_groups(action: Action) -> Done:
    if action.raw.get("all_groups") is True:
        message = "Tags are removed by name: list those that the contact shall lose."
        action.note("problem", "removeTags", message)
    return Done((Draft("contact", {"removeTags": _groups(action)}),))


def read_labels(action: Action) -> Done:
    """Labels of a message: what a flow found out about it, for whoever counts."""
    return Done((Draft("analytics", {"eventName": "label", "tags": action.all_named("labels")}),))


def read_without_effect(why: str) -> Callable[[Action], Done]:
    """A reader of an action that means nothing here; the node stays as a note."""

    def read(action: Action) -> Done:
        action.note("dropped", "type", why)
        return Done((Draft("note", {}),))

    return read


def read_opt_in(action: Action) -> Done:
    message = "Asking for consent has no action here: ask by buttons, and set 'optIn' by a contact node."
    action.note("problem", "type", message)
    return Done((Draft("action", present({"actionType": action.type, "name": action.named("optin") or None})),))


def _groups(action: Action) -> list[str]:
    names = action.all_named("groups")
    if not names and action.raw.get("all_groups") is not True:
        action.note("problem", "groups", "The action names no group: list its tags.")
    return names


def _number(action: Action, text: str) -> str:
    """A step that is a number, or a placeholder; anything else counts as 1 and is reported."""
    found = action.story.text(action.id, "value", text).strip()
    if found.lstrip("+-").replace(".", "", 1).isdigit() or (found.startswith("{{") and found.endswith("}}")):
        return found
    action.note("problem", "value", f"'{text[:60]}' is no number to count on by: write one.")
    return "1"
