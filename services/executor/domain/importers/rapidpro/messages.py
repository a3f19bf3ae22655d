"""Actions that say something: texts, attachments, templates, Glific's interactive messages."""

import json

from services.executor.domain.importers.menu_limits import MAX_DESCRIPTION, fits_buttons, fits_list
from services.executor.domain.importers.rapidpro.source import Action, Done
from services.executor.domain.importers.reading import Draft
from services.executor.domain.importers.values import Object, as_id, as_list, as_object, as_text, present

_KINDS = {"image": "image", "video": "video", "audio": "audio", "application": "document", "document": "document"}
_MOST_JSON = 100_000


def read_send_msg(action: Action) -> Done:
    _report_labels(action)
    if action.raw.get("all_urns") is True:
        action.note("dropped", "all_urns", "A contact is written to at the number that wrote.")
    if action.raw.get("topic"):
        action.note("dropped", "topic", "Messages have no topic here.")
    template = _template(action)
    if template is not None:
        return Done((template,))
    media = [_media(action, text) for text in map(as_text, as_list(action.raw.get("attachments"))) if text]
    text = action.text("text")
    replies = [reply for reply in map(_reply, as_list(action.raw.get("quick_replies"))) if reply]
    replies = [action.story.text(action.id, "quick_replies", reply) for reply in replies]
    if not text.strip() and media and not replies:
        return Done(tuple(media))
    if not text.strip():
        action.note("problem", "content", "The message has no text: fill 'content'.")
    return _with_replies(action, tuple(media), text, replies)


def read_say_msg(action: Action) -> Done:
    """What a voice flow says; the recording of it comes with it."""
    audio = action.text("audio_url")
    action.note("changed", "type", "A call is a chat here: what was spoken is written.")
    sounds = (Draft("message", {"mediaType": "audio", "mediaUrl": audio}),) if audio else ()
    return Done((*sounds, Draft("message", {"content": action.text("text")})), asks=True)


def read_play_audio(action: Action) -> Done:
    return Done((Draft("message", {"mediaType": "audio", "mediaUrl": action.text("audio_url")}),))


def read_interactive(action: Action) -> Done:
    """Buttons and lists of Glific; the content is in the action as JSON, or among the export's templates."""
    _report_labels(action)
    content = _interactive(action)
    kind = as_text(content.get("type"))
    if kind == "list":
        return _list(action, content)
    if kind == "location_request_message":
        data: Object = {"content": _said(action, content.get("body"))}
        return Done((Draft("location_request", data),), takes_answer=True)
    if kind == "quick_reply":
        return _quick_reply(action, content)
    message = "What the message says is not in the export: export the flow with its interactive messages, or fill it."
    action.note("problem", "content", message)
    return Done((Draft("message", {"content": ""}),))


def _with_replies(action: Action, before: tuple[Draft, ...], text: str, replies: list[str]) -> Done:
    if not replies:
        return Done((*before, Draft("message", {"content": text})), asks=True)
    if fits_buttons(text, replies):
        buttons = [{"id": reply, "title": reply} for reply in replies]
        return Done((*before, Draft("message", {"content": text, "buttons": buttons})))
    action.note("changed", "quick_replies", "The replies do not fit on WhatsApp's buttons; they are lines of the text.")
    lines = "\n".join([text, *(f"- {reply}" for reply in replies)])
    return Done((*before, Draft("message", {"content": lines})), asks=True)


def _reply(value: object) -> str | None:
    """A quick reply is a text, or since version 14 an object with one."""
    return as_text(value)


def _media(action: Action, written: str) -> Draft:
    """`image:https://…` or `image/jpeg:@(…)`."""
    kind, colon, address = written.partition(":")
    native = _KINDS.get(kind.partition("/")[0].strip().casefold())
    if not colon or native is None:
        message = f"The attachment '{written[:60]}' has no known type: fill 'mediaType' and 'mediaUrl'."
        action.note("problem", "attachments", message)
        address = written if not colon else address
    url = action.story.text(action.id, "attachments", address)
    return Draft("message", {"mediaType": native or "document", "mediaUrl": url})


def _template(action: Action) -> Draft | None:
    """The approved template of a message; RapidPro changed its form twice."""
    templating = as_object(action.raw.get("templating"))
    template = as_object(templating.get("template")) or as_object(action.raw.get("template"))
    name = as_text(template.get("name")) or as_text(template.get("uuid"))
    if not name:
        return None
    values = as_list(templating.get("variables")) or as_list(action.raw.get("template_variables"))
    parameters: Object = {"body": [action.story.text(action.id, "templating", value) for value in values]}
    for component in map(as_object, as_list(templating.get("components"))):
        part = (as_text(component.get("type")) or as_text(component.get("name")) or "body").partition("/")[0]
        filled = [action.story.text(action.id, "templating", value) for value in as_list(component.get("params"))]
        if part in ("header", "body") and filled:
            parameters[part] = filled
        elif filled:
            action.note("problem", "templating", f"The values of the template's {part} are not taken over: fill them.")
    message = f"The template is called '{name}' here: it must be approved under that name and in this language."
    action.note("kept", "templateName", message)
    language = action.story.language or "pt_BR"
    return Draft("template", {"templateName": name, "languageCode": language, "parameters": parameters})


def _interactive(action: Action) -> Object:
    written = action.raw.get("text")
    if isinstance(written, str) and len(written) <= _MOST_JSON and written.lstrip().startswith("{"):
        try:
            return as_object(json.loads(written))
        except (ValueError, RecursionError):
            action.note("problem", "text", "The interactive message is no JSON: fill 'content' and the choices.")
    found = action.story.interactives.get(as_id(action.raw.get("id")) or "")
    return found or as_object(written)


def _quick_reply(action: Action, content: Object) -> Done:
    frame = as_object(content.get("content"))
    kind = as_text(frame.get("type"))
    text, header = _said(action, frame.get("text")), _said(action, frame.get("header"))
    footer = _said(action, frame.get("caption"))
    titles = [_said(action, as_object(item).get("title")) for item in as_list(content.get("options"))]
    titles = [title for title in titles if title.strip()]
    url = _said(action, frame.get("url")) or _said(action, action.raw.get("attachment_url"))
    before: tuple[Draft, ...] = ()
    if kind in ("image", "video", "document", "file") and url:
        media = "document" if kind == "file" else kind
        before = (Draft("message", {"mediaType": media, "mediaUrl": url}),)
        action.note("changed", "content", f"The {media} over the buttons is a message of its own before them.")
    done = _with_replies(action, before, text or header, titles)
    frames = present({"header": header if text and header else None, "footer": footer or None})
    if "buttons" in done.drafts[-1].data:
        done.drafts[-1].data.update(frames)
    elif frames:
        action.note("dropped", "content", "Header and footer belong to buttons and are not sent.")
    return done


def _list(action: Action, content: Object) -> Done:
    body, title = _said(action, content.get("body")), _said(action, content.get("title"))
    buttons = [_said(action, as_object(item).get("title")) for item in as_list(content.get("globalButtons"))]
    sections = [_section(action, as_object(item)) for item in as_list(content.get("items"))]
    rows = [as_object(row) for section in sections for row in as_list(section["rows"])]
    titles = [str(row["title"]) for row in rows]
    text = body or title
    if not fits_list(text, titles):
        action.note("changed", "items", "The choices do not fit into a list of WhatsApp; they are lines of the text.")
        lines = "\n".join([text, *(f"- {row}" for row in titles)])
        return Done((Draft("message", {"content": lines}),), asks=True)
    data: Object = {"content": text, "sections": sections}
    data |= present({"header": title if body and title else None, "buttonText": next(iter(buttons), None)})
    return Done((Draft("list", data),), takes_answer=True)


def _section(action: Action, item: Object) -> Object:
    rows: list[Object] = []
    for option in map(as_object, as_list(item.get("options"))):
        title = _said(action, option.get("title"))
        if not title.strip():
            action.note("dropped", "items", "A choice without a text was dropped: give it one.")
            continue
        description = _said(action, option.get("description"))
        if len(description) > MAX_DESCRIPTION:
            message = f"The description of '{title}' is over {MAX_DESCRIPTION} characters: shorten it."
            action.note("problem", "items", message)
        # What was tapped is compared by its title, as an answer that was typed.
        row: Object = {"id": title, "title": title}
        rows.append(row | ({"description": description} if description else {}))
    return {"title": _said(action, item.get("title")), "rows": rows}


def _said(action: Action, value: object) -> str:
    return action.story.text(action.id, "content", value)


def _report_labels(action: Action) -> None:
    labels = action.all_named("labels")
    if labels:
        names = ", ".join(labels)
        message = f"The message is not labelled '{names}': put an analytics node beside it if you count them."
        action.note("dropped", "labels", message)
