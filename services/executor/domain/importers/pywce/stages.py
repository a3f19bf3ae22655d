"""What each kind of stage is here, and by which handle each of its routes leaves."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from services.executor.domain.importers.pywce.answers import Routes
from services.executor.domain.importers.pywce.asked import Drawn, read_text, wait_after
from services.executor.domain.importers.pywce.menus import read_buttons, read_list
from services.executor.domain.importers.pywce.texts import Voice
from services.executor.domain.importers.reading import Draft
from services.executor.domain.importers.values import (
    Object,
    as_flag,
    as_id,
    as_list,
    as_object,
    as_text,
    folded,
    present,
)

_MEDIA = frozenset({"image", "video", "audio", "document", "sticker"})
# What pywce does around a stage and a flow here has no word for.
_SILENT = frozenset({"prop", "session", "isStart", "isReport", "trigger"})


def read_stage(voice: Voice, routes: Routes) -> Drawn:
    """A stage as a node with its ways out; code it names and what has no effect are reported."""
    for kind, path in voice.stage.hooks.items():
        message = f"The code '{as_text(path) or kind}' ({kind}) is not run: do its work by an http_request."
        voice.note("problem", kind, message)
    if as_flag(voice.stage.settings.get("authenticated")):
        voice.note("problem", "authenticated", "Nobody logs in here: check who the contact is by an http_request.")
    for name, value in voice.stage.settings.items():
        if name not in _SILENT and name != "authenticated" and value not in (None, "", False, {}, []):
            voice.note("kept", name, f"'{name}' has no effect here; it stays with the node's source.")
    return _READERS.get(voice.stage.kind, _read_other)(voice, routes)


def _answered(voice: Voice, draft: Draft, routes: Routes) -> Drawn:
    """A node that waits for something that is no text, so that only one way can be taken."""
    leading = [*([routes.others] if routes.others else []), *routes.patterns, *routes.exact]
    return Drawn(
        draft, _one_way(voice, list(dict.fromkeys(route.target for route in leading if route.target)), "answered")
    )


def _one_way(voice: Voice, targets: list[str], handle: str | None) -> tuple[tuple[str | None, str], ...]:
    if len(targets) > 1:
        others = ", ".join(targets[1:])
        voice.note("problem", "routes", f"Only one way leaves this node; those to {others} are kept and not taken.")
    return tuple((handle if index == 0 else f"route-{index + 1}", target) for index, target in enumerate(targets))


def _read_link(voice: Voice, routes: Routes) -> Drawn:
    url = voice.text("url")
    if not url:
        voice.note("problem", "url", "The button leads nowhere: fill 'url'.")
    data = voice.frame() | {"buttonText": voice.button("Link"), "url": url or ""}
    return wait_after(voice, Draft("cta_url", data), routes)


def _read_media(voice: Voice, routes: Routes) -> Drawn:
    kind = folded(voice.fields.get("kind")) or folded(voice.fields.get("type"))
    if kind not in _MEDIA:
        voice.note("problem", "kind", f"'{kind}' is no kind of media: choose image, video, audio or document.")
    found = {"mediaUrl": voice.text("url"), "mediaId": as_id(voice.fields.get("id"))}
    if not any(found.values()):
        voice.note("problem", "url", "The message sends a medium but no address is given: fill 'mediaUrl'.")
    more = {"caption": voice.text("caption"), "filename": voice.text("filename")}
    return wait_after(voice, Draft("message", {"mediaType": kind} | present({**found, **more})), routes)


def _read_location(voice: Voice, routes: Routes) -> Drawn:
    names = {"latitude": "lat", "longitude": "lon", "name": "name", "address": "address"}
    data = {ours: voice.text(theirs) for ours, theirs in names.items()}
    return wait_after(voice, Draft("location", present(data)), routes)


def _read_template(voice: Voice, routes: Routes) -> Drawn:
    """An approved template; exact routes are the payloads of its quick replies."""
    name = voice.text("name")
    if not name:
        voice.note("problem", "name", "The template has no name: fill 'templateName'.")
    data: Object = {"templateName": name or "", "languageCode": voice.text("language") or "en_US"}
    values = [text for text in map(as_text, as_list(voice.fields.get("params"))) if text is not None]
    if values:
        data["parameters"] = {"body": [voice.translated(value, "params") for value in values]}
    replies = [route for route in routes.exact if route.target and route.pattern]
    if not replies:
        return wait_after(voice, Draft("template", data), routes)
    ways: list[tuple[str | None, str]] = [(route.pattern, str(route.target)) for route in replies]
    if routes.others and routes.others.target:
        ways.append(("else", routes.others.target))
    return Drawn(Draft("template", data), tuple(ways))


def _read_place(voice: Voice, routes: Routes) -> Drawn:
    data: Object = {"content": voice.plain() or voice.text("body") or "", "variableName": _kept(voice, "location")}
    return _answered(voice, Draft("location_request", data), routes)


def _read_form(voice: Voice, routes: Routes) -> Drawn:
    flow = as_id(voice.fields.get("flow_id")) or as_id(voice.fields.get("id"))
    if not flow:
        voice.note("problem", "id", "The form has no id: put the one WhatsApp gave it in 'flowId'.")
    data = voice.frame() | {
        "buttonText": voice.button("Form"),
        **present({"flowId": flow, "screen": voice.text("name"), "flowToken": voice.text("token")}),
        "mode": "draft" if as_flag(voice.fields.get("draft")) else "published",
        "variableName": _kept(voice, "form"),
    }
    return _answered(voice, Draft("whatsapp_flow", data), routes)


def _read_product(voice: Voice, routes: Routes) -> Drawn:
    fields = voice.fields
    sections = [
        {"title": title, "products": [text for text in map(as_id, as_list(listed)) if text]}
        for title, listed in as_object(fields.get("sections")).items()
    ]
    data = voice.frame() | present(
        {
            "catalogId": as_id(fields.get("catalog-id")) or as_id(fields.get("catalog_id")),
            "productId": as_id(fields.get("product-id")) or as_id(fields.get("product_id")),
            "sections": sections or None,
        }
    )
    if "catalogId" not in data:
        voice.note("problem", "catalog-id", "The node names no catalogue: fill 'catalogId'.")
    if not (routes.patterns or routes.exact or routes.others):
        return Drawn(Draft("product", data), ())
    return _answered(voice, Draft("product", data | {"variableName": _kept(voice, "order")}), routes)


def _read_other(voice: Voice, routes: Routes) -> Drawn:
    """A message that code makes, or of a kind nobody knows; it is kept as data and must be replaced."""
    kind = voice.stage.kind
    known = "The message is made by code" if kind == "dynamic" else f"The kind '{kind or 'none'}' is not known"
    voice.note("problem", "kind", f"{known}: replace the node by one that says it.")
    ways = [(route.pattern or None, route.target) for route in (*routes.patterns, *routes.exact) if route.target]
    if routes.others and routes.others.target:
        ways.append((None, routes.others.target))
    data = present({"actionType": kind or None, "message": voice.stage.message})
    return Drawn(Draft("action", data), tuple(ways))


def _kept(voice: Voice, what: str) -> str:
    return voice.variable() or voice.names.native(f"{voice.stage.caption or voice.stage.name}_{what}")


_READERS: Mapping[str, Callable[[Voice, Routes], Drawn]] = MappingProxyType(
    {
        "text": read_text,
        "button": read_buttons,
        "list": read_list,
        "cta": _read_link,
        "media": _read_media,
        "location": _read_location,
        "template": _read_template,
        "request-location": _read_place,
        "flow": _read_form,
        "catalog": _read_product,
        "product": _read_product,
        "products": _read_product,
    }
)
