"""Rich text of a bubble as WhatsApp writes it: *bold*, _italic_, ~strike~, lists by line, links in full."""

from collections.abc import Iterator

from services.executor.domain.importers.values import Object, as_list, as_object, as_text

_MARKS = (("bold", "*"), ("italic", "_"), ("strikethrough", "~"), ("code", "`"))
# Their children are parts of one line; every other element is a line of its own.
_INLINE = frozenset({"a", "inline-variable", "variable", "mention", "emoji"})
_MOST_LEVELS = 30


def plain_text(content: Object) -> tuple[str, tuple[str, ...]]:
    """(text, what of it WhatsApp has no sign for); older bubbles bring their text as plainText or html."""
    if not isinstance(content.get("richText"), list):
        return as_text(content.get("plainText")) or as_text(content.get("html")) or "", ()
    lost: list[str] = []
    lines = _blocks(content["richText"], lost, 0)
    return "\n".join(lines).strip("\n"), tuple(dict.fromkeys(lost))


def _blocks(children: object, lost: list[str], level: int) -> Iterator[str]:
    """The lines of some elements; neighbours within a line are joined."""
    line: list[str] = []
    for number, child in enumerate(as_list(children), start=1):
        element = as_object(child)
        if _is_inline(element):
            line.append(_inline(element, lost, level))
            continue
        if line:
            yield "".join(line)
            line = []
        yield from _lines(element, number, lost, level)
    if line or not as_list(children):
        yield "".join(line)


def _is_inline(element: Object) -> bool:
    if "text" in element or "children" not in element:
        return True
    # A variable that was filled with text holds whole paragraphs.
    holds_lines = any("children" in as_object(child) for child in as_list(element["children"]))
    kind = as_text(element.get("type"))
    return kind == "a" or (kind in _INLINE and not holds_lines)


def _lines(element: Object, number: int, lost: list[str], level: int) -> Iterator[str]:
    if level >= _MOST_LEVELS:
        lost.append("text nested too deep")
        return
    kind = element.get("type")
    if kind in ("ul", "ol"):
        for place, item in enumerate(as_list(element.get("children")), start=1):
            sign = f"{place}. " if kind == "ol" else "- "
            lines = list(_blocks(as_object(item).get("children"), lost, level + 1))
            yield from (sign + line if not index else "  " + line for index, line in enumerate(lines))
        return
    lines = list(_blocks(element.get("children"), lost, level + 1))
    if isinstance(kind, str) and len(kind) == 2 and kind[0] == "h" and kind[1].isdigit():
        lines = [_wrapped(line, "*") for line in lines]
    elif kind == "blockquote":
        lines = [f"> {line}" for line in lines]
    yield from lines


def _inline(element: Object, lost: list[str], level: int) -> str:
    if "text" in element or "children" not in element:
        return _leaf(element, lost)
    if level >= _MOST_LEVELS:
        lost.append("text nested too deep")
        return ""
    text = "".join(_inline(as_object(child), lost, level + 1) for child in as_list(element["children"]))
    url = as_text(element.get("url")) if element.get("type") == "a" else None
    if not url or text.strip() == url.strip():
        return url or text
    return f"{text} ({url})" if text.strip() else url


def _leaf(element: Object, lost: list[str]) -> str:
    text = as_text(element.get("text")) or ""
    if element.get("underline") is True and text.strip():
        lost.append("underlining")
    for name, sign in _MARKS:
        if element.get(name) is True and "\n" not in text:
            text = _wrapped(text, sign)
    return text


def _wrapped(text: str, sign: str) -> str:
    """The signs close to the words, for WhatsApp takes no sign before or after a blank."""
    words = text.strip()
    if not words or words.startswith(sign):
        return text
    begin = len(text) - len(text.lstrip())
    end = len(text.rstrip())
    return f"{text[:begin]}{sign}{words}{sign}{text[end:]}"
