"""Widgets that speak and listen in messages, and those of calls as the messages they come nearest to."""

import re
from dataclasses import replace

from services.executor.domain.importers.reading import Draft
from services.executor.domain.importers.twilio.widget import Widget
from services.executor.domain.importers.values import Object, as_number, present

_KINDS = (
    ("image", re.compile(r"\.(jpe?g|png|webp)$", re.IGNORECASE)),
    ("video", re.compile(r"\.(mp4|3gpp?)$", re.IGNORECASE)),
    ("audio", re.compile(r"\.(mp3|ogg|opus|m4a|aac|amr|wav)$", re.IGNORECASE)),
)


def read_message(widget: Widget) -> Draft:
    sent = _sent(widget)
    if not any(sent.data.values()):
        widget.note("problem", "body", "The message has no text: fill 'content'.")
    return sent


def read_question(widget: Widget) -> Draft:
    """A question; what is no plain text is sent first, and a question that says nothing waits after it."""
    sent, limit = _sent(widget), as_number(widget.take("timeout"))
    asked: Object = {"kind": "text", "variableName": widget.variable}
    if limit is not None and limit >= 1:
        asked["timeoutSeconds"] = int(limit)
    if sent.data.keys() != {"content"}:
        return replace(sent, after=(_silent(asked),))
    return Draft("question", {**sent.data, **asked}) if sent.data["content"] else _silent(asked)


def read_spoken(widget: Widget) -> Draft:
    """say-play: the words as a text, a recording as a voice message."""
    widget.note("changed", "type", "What was said in a call is a message now.")
    return _spoken(widget)


def read_gathered(widget: Widget) -> Draft:
    """gather-input-on-call: a question; the seconds a call waits for a key are too few for a message."""
    widget.note("changed", "type", "What was asked in a call is a question in a message now.")
    said = _spoken(widget)
    if widget.take("timeout") is not None and widget.leads("timeout"):
        widget.note("problem", "timeout", "A call waits for seconds: set 'timeoutSeconds' to what suits messages.")
    asked: Object = {"kind": "text", "variableName": widget.variable}
    if said.data.get("mediaUrl"):
        return replace(said, after=(_silent(asked),))
    return Draft("question", {**said.data, **asked})


def read_voicemail(widget: Widget) -> Draft:
    """What was said before has asked, so the question only waits."""
    widget.note("changed", "type", "A voice message is waited for in place of a recording.")
    asked: Object = {"kind": "file", "variableName": widget.variable, "validation": {"accept": ["audio/*"]}}
    return _silent(asked)


def _silent(asked: Object) -> Draft:
    return Draft("question", {"content": "", **asked, "silent": True})


def _sent(widget: Widget) -> Draft:
    """What a widget sends: a template, a medium with its text, or a text."""
    if widget.take("content_sid") is not None:
        return _template(widget)
    body, media = widget.text("body"), widget.text("media_url")
    if media:
        return Draft("message", _medium(media) | present({"caption": body}))
    return Draft("message", {"content": body or ""})


def _spoken(widget: Widget) -> Draft:
    said, recording = widget.text("say"), widget.text("play")
    if recording and not said:
        return Draft("message", {"mediaType": "audio", "mediaUrl": recording})
    if not said:
        widget.note("problem", "say", "Nothing is said: fill 'content'.")
    return Draft("message", {"content": said or ""})


def _template(widget: Widget) -> Draft:
    """A content template: Twilio names it by an id of its own, WhatsApp by name and language."""
    name, values = widget.text("content_sid") or "", widget.pairs("content_variables")
    widget.take("body")
    message = f"'{name}' is Twilio's id of the template: put its name and language at WhatsApp."
    widget.note("problem", "content_sid", message)
    data: Object = {"templateName": name, "languageCode": "pt_BR"}
    if all(key.isdigit() for key in values):
        body: object = [values[key] for key in sorted(values, key=int)]
    else:
        body = values
    return Draft("template", data | ({"parameters": {"body": body}} if values else {}))


def _medium(url: str) -> Object:
    place = url.partition("?")[0]
    kind = next((kind for kind, pattern in _KINDS if pattern.search(place)), "document")
    return {"mediaType": kind, "mediaUrl": url}
