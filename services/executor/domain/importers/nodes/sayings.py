"""Nodes that say something other than text: places, contacts, approved templates."""

from services.executor.domain.importers.reading import Draft, NodeSource
from services.executor.domain.importers.values import (
    Object,
    as_list,
    as_object,
    as_text,
    folded,
    present,
)

_MEDIA = frozenset({"image", "video", "document", "location"})


def read_location(node: NodeSource) -> Draft:
    data = {name: node.take(name, "message") for name in ("latitude", "longitude", "name", "address")}
    for name in ("latitude", "longitude"):
        if data[name] is None:
            node.note("problem", name, f"The place has no '{name}': fill it in degrees.")
    return Draft("location", present(data))


def read_contacts(node: NodeSource) -> Draft:
    people = [item for item in as_list(node.take("contacts")) if isinstance(item, dict)]
    if not people:
        node.note("problem", "contacts", "The node names nobody: list each with 'name' and 'phones'.")
    return Draft("contacts", {"contacts": people})


def read_template(node: NodeSource) -> Draft:
    name = node.text("templateName")
    if not name:
        node.note("problem", "templateName", "The template has no name: fill 'templateName'.")
    data: Object = {"templateName": name or "", "languageCode": node.text("languageCode") or "pt_BR"}
    components = as_list(node.take("components"))
    parameters = as_object(node.take("parameters")) or _listed(node) or _of_components(components)
    if components and not parameters:
        node.note("kept", "components", "The components are of an unusual form and are sent as they are.")
        data["components"] = components
    if node.take("fallbackOnError") is not None:
        message = "'fallbackOnError' is not taken over: draw an edge from 'failed' to what should happen then."
        node.note("dropped", "fallbackOnError", message)
    return Draft("template", data | present({"parameters": parameters or None}))


def _listed(node: NodeSource) -> Object:
    """Parameters from `headerParams` and `bodyParams`."""
    found = {name: as_list(node.take(f"{name}Params")) for name in ("header", "body")}
    return {name: [_parameter(value) for value in values] for name, values in found.items() if values}


def _parameter(value: object) -> object:
    """A text, or a medium as an object of its own."""
    fields = as_object(value)
    if folded(fields.get("type")) in _MEDIA:
        return fields
    text = as_text(value)
    return text if text is not None else value


def _of_components(components: list[object]) -> Object:
    """Graph's components as parameters; empty when a part of them has no such form."""
    found: Object = {}
    for component in map(as_object, components):
        kind, listed = folded(component.get("type")), as_list(component.get("parameters"))
        part = _button(component, listed) if kind == "button" else _texts(kind, listed)
        if part is None:
            return {}
        if kind == "button":
            found.setdefault("buttons", [])
            as_list(found["buttons"]).append(part)
        else:
            found[kind] = part
    return found


def _texts(kind: str, listed: list[object]) -> object:
    """Values of a header or a body, by name when they have names; None when one is neither text nor medium."""
    fields = [as_object(item) for item in listed]
    if kind not in {"header", "body"} or not all(_is_plain(item) for item in fields):
        return None
    values: list[object] = [item.get("text") if folded(item.get("type")) == "text" else item for item in fields]
    names = [as_text(item.get("parameter_name")) for item in fields]
    if kind == "body" and names and all(names):
        return dict(zip([str(name) for name in names], values, strict=True))
    return values


def _is_plain(parameter: Object) -> bool:
    kind = folded(parameter.get("type"))
    return kind in _MEDIA or (kind == "text" and isinstance(parameter.get("text"), str))


def _button(component: Object, listed: list[object]) -> Object | None:
    """{index, type, value} of a button; None when it carries another kind of value."""
    kind, parameter = folded(component.get("sub_type")), as_object(listed[0] if listed else None)
    value = next((parameter[key] for key in ("payload", "text", "coupon_code") if key in parameter), None)
    index = as_text(component.get("index"))
    if len(listed) != 1 or index is None or not isinstance(value, str) or not index.isdigit() or len(index) > 2:
        return None
    return {"index": int(index), "type": kind, "value": value}
