"""Nodes that speak and listen: message, question, end."""

import re
import unicodedata

from services.executor.domain.importers.aliases import FIELDS
from services.executor.domain.importers.nodes.menus import reply_buttons, time_limit
from services.executor.domain.importers.nodes.sayings import read_location
from services.executor.domain.importers.reading import Draft, NodeSource, label, part, type_name
from services.executor.domain.importers.values import (
    Object,
    as_flag,
    as_list,
    as_number,
    as_object,
    as_text,
    folded,
    present,
    variable_name,
)
from services.executor.domain.importers.vocabulary import KINDS, squash

_MEDIA_PREFIX = re.compile(r"msg_?(image|video|audio|document|sticker)", re.IGNORECASE)
_CAPTIONED = frozenset({"image", "video", "document"})
_LONGEST_PAUSE_MS = 10_000
_LENGTH_RULE = re.compile(r"(min|max)\s*:\s*(\d{1,9})")
_LIMITS = ("min", "max", "min_length", "max_length", "maxAttempts")


def read_message(node: NodeSource) -> Draft:
    media = _media_type(node)
    if media == "location":
        return read_location(node)
    data = present({"content": node.text("content")}) | _media(node, media)
    if not data.keys() & {"content", "mediaUrl", "mediaId"} and not node.take("buttons"):
        node.note("problem", "content", "The message has no text: fill 'content'.")
    return _with_answer(node, data | _pause(node))


def _media(node: NodeSource, media: str | None) -> Object:
    """Type, place, caption and file name of what a message sends beside or instead of its text."""
    place = present({"mediaUrl": node.text("mediaUrl") or None, "mediaId": node.text("mediaId") or None})
    more = present({"caption": node.text("caption"), "filename": node.text("filename")})
    if not media and not place:
        return more
    if not place:
        node.note("problem", "mediaUrl", f"The message sends a {media} but 'mediaUrl' is missing: give its address.")
    return {"mediaType": media or "document", **place, **more}


def read_question(node: NodeSource) -> Draft:
    options, kind = _options(node), _kind(node)
    if options and kind == "text":
        kind = "choice"
    if kind == "choice" and not options:
        node.note(
            "problem",
            "options",
            "The question asks for a choice but has no 'options': list them or make it a text question.",
        )
    content = _question_text(node)
    if not content:
        node.note("problem", "content", "The question has no text: fill 'content'.")
    _check_visible(node, content or "", options)
    _check_decorated(node, options)
    data: Object = {"content": content or "", "variableName": _answer_variable(node), "kind": kind}
    more = present({"options": options or None, "validation": _validation(node) or None})
    return Draft("question", data | more | time_limit(node, "question"))


def read_end(node: NodeSource) -> Draft:
    content, send, tag = node.text("content"), node.take("send"), node.text("tag")
    if content and as_flag(send) is False:
        node.note("dropped", "content", "'sendFarewell' is off, so the farewell text is not sent.")
        content = None
    closes = as_flag(node.take("closeConversation"))
    last = Draft("end", present({"content": content or None, "closeConversation": closes}))
    if folded(node.take("kind")) == "handoff" or as_flag(node.take("handoff")):
        message = "The end hands over to a person, so it is a handoff now: choose where the conversation goes."
        node.note("changed", "endType", message)
        last = Draft("handoff", present({"message": content or None}))
    if not tag:
        return last
    node.note("changed", "addTag", "The end adds a tag, so a contact node is before it now.")
    return Draft("contact", {"addTags": [tag]}, after=(last,))


def _media_type(node: NodeSource) -> str | None:
    written = folded(node.take("mediaType"))
    typed = _MEDIA_PREFIX.fullmatch(type_name(node.raw))
    media = written or (typed.group(1).casefold() if typed else "")
    return None if media in {"", "text"} else media


def _pause(node: NodeSource) -> Object:
    """`delay` is in milliseconds in every dialect that has it, `typing_duration` in seconds."""
    delay, typing = node.number("delay_ms"), node.number("typing_seconds")
    if delay is None and typing is not None:
        delay = typing * 1000
    if as_flag(node.take("auto_advance")) is False:
        node.note("problem", "autoAdvance", "The message waited for any reply: make it a question if it should.")
    if delay is not None and delay < 0:
        delay = None
    if delay is not None and delay > _LONGEST_PAUSE_MS:
        message = f"The pause is {_LONGEST_PAUSE_MS // 1000} seconds now, the longest of a message: use a delay node."
        node.note("changed", "delay", message)
        delay = _LONGEST_PAUSE_MS
    return present({"delay_ms": delay or None})


def _with_answer(node: NodeSource, data: Object) -> Draft:
    """A message with buttons shows reply buttons; one that captures the response is a question."""
    buttons, limit = reply_buttons(node, "message"), time_limit(node, "message")
    variable = variable_name(node.take("variableName"))
    if buttons:
        frame = {name: node.text(name) for name in ("header", "footer")}
        return Draft("message", data | {"buttons": buttons} | present({**frame, "variableName": variable}) | limit)
    if not as_flag(node.take("capture")):
        if limit:
            node.note("kept", "timeoutSeconds", "The message waits for no answer, so its time limit has no effect.")
        return Draft("message", _captioned(node, data))
    node.note(
        "changed",
        "capture_response",
        "The message waits for an answer, so it is a question that stores 'user_message'.",
    )
    data.pop("delay_ms", None)
    asked: Object = {"content": "", **data, "variableName": variable or "user_message", "kind": "text"}
    return Draft("question", asked | limit)


def _captioned(node: NodeSource, data: Object) -> Object:
    """The text beside a medium is its caption, where it can have one."""
    media, text = data.get("mediaType"), data.get("content")
    if not media or not text or "caption" in data:
        return data
    if media in _CAPTIONED:
        return {("caption" if name == "content" else name): value for name, value in data.items()}
    node.note("problem", "content", f"A {media} has no caption: put a message with the text before it.")
    return data


def _question_text(node: NodeSource) -> str | None:
    """Only the plan's dialect writes the text into data.label; elsewhere a label is a caption, never sent.

    With mixed keys the plan's dialect looks like its neighbour A, so a question there that has no other
    text is taken for the plan's.
    """
    text = node.text("content")
    caption = as_text(as_object(node.raw.get("data")).get("label"))
    if text or not caption:
        return text
    is_captioned_outside = isinstance(node.raw.get("label"), str)
    return caption if node.dialect in {"P", "A"} or is_captioned_outside else None


def question_label(raw: Object, content: object) -> str | None:
    """The caption of a question, unless it became its text."""
    caption = label(raw)
    return None if caption == content else caption


def _answer_variable(node: NodeSource) -> str:
    name = variable_name(node.take("variableName"))
    if name is None:
        node.note("changed", "variableName", "No variable is named; the answer goes to 'response'.")
    return name or "response"


def _options(node: NodeSource) -> list[object]:
    options: list[object] = []
    for item in as_list(node.take("options")) or as_list(as_object(node.take("validation")).get("choices")):
        value = part(item, "option value") if isinstance(item, dict) else item
        text = part(item, "option label") if isinstance(item, dict) else item
        pair = [as_text(value if value is not None else text), as_text(text if text is not None else value)]
        if None in pair:
            node.note("dropped", "options", "An option without a text was dropped: give it a 'label'.")
        else:
            options.append({"value": pair[0], "label": pair[1]})
    return options


def _check_visible(node: NodeSource, content: str, options: list[object]) -> None:
    """The old runtime sent the text alone; say so where it does not name its options."""
    shown = content.casefold()
    named = [any(folded(text) in shown for text in as_object(option).values()) for option in options]
    if not all(named):
        message = (
            "The text does not name all options and only the text is sent: set 'presentation' to auto to show them."
        )
        node.note("kept", "options", message)


def _check_decorated(node: NodeSource, options: list[object]) -> None:
    """Say where options begin with an emoji, which nobody types."""
    first = next((str(as_object(option)["label"]) for option in options if _is_decorated(as_object(option))), None)
    if first is not None:
        message = f"Option '{first}' begins with a sign nobody types: an answer without it is understood too."
        node.note("kept", "options", message)


def _is_decorated(option: Object) -> bool:
    label = str(option["label"]).strip()
    return bool(label) and unicodedata.category(label[0]) in {"So", "Sk", "Cn"}


def _kind(node: NodeSource) -> str:
    rule = node.take("validation")
    written = node.take("kind")
    if written is None:
        written = as_object(rule).get("type") if isinstance(rule, dict) else rule
    name = as_text(written)
    if not name or _LENGTH_RULE.search(name):
        return "text"
    kind = KINDS.get(squash(name))
    if kind is None:
        node.note("changed", "kind", f"Answer type '{name}' is not known; the question accepts any text.")
    return kind or "text"


def _validation(node: NodeSource) -> Object:
    """Rules from `validation` (object, or text such as "min:10,max:500"), else from the node itself."""
    written = node.take("validation")
    rules = _length_rule(written) if isinstance(written, str) else as_object(written)
    own = {name: node.take(name) for name in ("required", "errorMessage", "regex", "accept", *_LIMITS)}
    found = present({name: _rule(rules, name) for name in own})
    merged = present(own) | found
    checked: Object = {name: _bound(name, merged[name]) for name in _LIMITS if name in merged}
    if "required" in merged:
        checked["required"] = as_flag(merged["required"]) is not False
    checked |= {name: as_text(merged[name]) for name in ("errorMessage", "regex") if name in merged}
    if as_list(merged.get("accept")):
        checked["accept"] = [kind for kind in map(as_text, as_list(merged["accept"])) if kind]
    return present(checked)


def _bound(name: str, value: object) -> object:
    """A number, or for min and max also a date as text."""
    number = as_number(value)
    return as_text(value) if number is None and name in {"min", "max"} else number


def _rule(rules: Object, name: str) -> object:
    return next((rules[key] for key in FIELDS["question"][name] if rules.get(key) is not None), None)


def _length_rule(text: str) -> Object:
    return {f"{bound}_length": int(size) for bound, size in _LENGTH_RULE.findall(text)}
