"""Actions of the old builders: each is the node that does it; several in one node are several nodes."""

from dataclasses import replace

from services.executor.domain.importers.nodes.calls import read_http_request
from services.executor.domain.importers.nodes.effects import read_script, updated_variable
from services.executor.domain.importers.reading import Draft, NodeSource
from services.executor.domain.importers.values import (
    Object,
    as_list,
    as_object,
    as_template,
    as_text,
    entries,
    folded,
    present,
)

_MOST_ACTIONS = 20
_OF_CONTACT = frozenset({"save_contact", "add_tag", "remove_tag", "update_field", "update_contact"})


def read_action(node: NodeSource) -> Draft:
    """What the node does; several actions become nodes that follow each other."""
    listed = [as_object(item) for item in as_list(node.take("actions"))][:_MOST_ACTIONS]
    if not listed:
        return _one_action(node, folded(node.take("action")))
    drafts = [_listed_action(node, item) for item in listed]
    if len(drafts) > 1:
        node.note("changed", "actions", f"The node does {len(drafts)} actions; they are as many nodes now.")
    return replace(drafts[0], after=tuple(drafts[1:]))


def _listed_action(node: NodeSource, item: Object) -> Draft:
    """One entry {type, config} of `actions`; its own fields come before the node's."""
    inner = replace(node, fields={**item, **as_object(item.get("config"))}, taken={"type", "config", "id"})
    draft = _one_action(inner, folded(item.get("type", item.get("actionType"))), is_listed=True)
    if draft.type not in {"action", "script"}:
        for name in inner.rest():
            node.note("kept", name, f"Field '{name}' has no effect here; it stays with the node's source.")
    return draft


def _one_action(node: NodeSource, kind: str, *, is_listed: bool = False) -> Draft:
    if kind == "script":
        return read_script(node)
    if kind == "webhook":
        return read_http_request(node)
    if kind == "update_variable":
        return updated_variable(node)
    if kind in _OF_CONTACT:
        return Draft("contact", _contact(node, kind, are_variables=is_listed))
    if kind == "send_email":
        message = "E-mails are not sent: replace the node by an http_request to your mail service."
        node.note("problem", "actionType", message)
        return Draft("action", present({"actionType": kind, "email": node.take("email")}) | node.rest())
    node.note("problem", "actionType", f"Action '{kind}' is not known: replace the node by one that does it.")
    rest = node.rest()
    node.taken.update(rest)
    return Draft("action", present({"actionType": kind or None}) | rest)


def _contact(node: NodeSource, kind: str, *, are_variables: bool) -> Object:
    """Attributes and tags. The listed form maps an attribute to the name of a variable."""
    fields = dict(entries(node.take("contact", "action")))
    written = [*as_list(fields.pop("tags", None)), *as_list(node.take("tags", "action")), node.take("tag", "action")]
    tags = [tag for tag in map(as_text, written) if tag]
    name = as_text(node.take("field", "action"))
    value = node.take("field_value", "action")
    if name:
        fields[name] = value if value is not None else node.take("value")
    if are_variables:
        fields = {key: as_template(source) for key, source in fields.items()}
    return present({"attributes": fields or None, "removeTags" if kind == "remove_tag" else "addTags": tags or None})
