"""Bubbles: what a bot says."""

from urllib.parse import urlsplit

from services.executor.domain.importers.reading import Draft
from services.executor.domain.importers.typebot.richtext import plain_text
from services.executor.domain.importers.typebot.source import Block, Reading
from services.executor.domain.importers.values import Object, as_object, as_text, present

# Where a video stands that is no file of its own, by the name its bubble gives the place.
_VIDEO_PAGES = {
    "youtube": "https://www.youtube.com/watch?v={}",
    "vimeo": "https://vimeo.com/{}",
    "tiktok": "https://www.tiktok.com/embed/{}",
}


def text_of(block: Block) -> str:
    """The text of a text bubble in WhatsApp's markup; reports what the markup cannot say."""
    text, lost = plain_text(block.content)
    for what in lost:
        block.note("dropped", "content", f"WhatsApp has no {what}; the words stay.")
    return block.text("content", text)


def read_text(block: Block) -> Reading:
    return Reading(Draft("message", {"content": _filled(block, text_of(block))}))


def read_image(block: Block) -> Reading:
    url = block.text("url", block.content.get("url"))
    ending = urlsplit_path(url)
    if ending.endswith((".gif", ".svg", ".webp")):
        kind = ending.rpartition(".")[2].upper()
        block.note("problem", "mediaUrl", f"WhatsApp shows JPEG and PNG pictures, not {kind}: give another picture.")
    link = block.text("clickLink", as_object(block.content.get("clickLink")).get("url"))
    if link:
        block.note("changed", "clickLink", "A picture cannot be tapped; its link is the caption now.")
    return _media(block, "image", url, caption=link)


def read_audio(block: Block) -> Reading:
    return _media(block, "audio", block.text("url", block.content.get("url")))


def read_video(block: Block) -> Reading:
    kind, identity = as_text(block.content.get("type")), as_text(block.content.get("id"))
    url = block.text("url", block.content.get("url"))
    page = _VIDEO_PAGES.get(kind or "", "")
    if kind in (None, "url", "file"):
        return _media(block, "video", url)
    if page and identity:
        url = page.format(block.text("id", identity))
    block.note("changed", "content", f"WhatsApp plays no videos of {kind}; the message holds the link.")
    return Reading(Draft("message", {"content": _filled(block, url)}))


def read_embed(block: Block) -> Reading:
    if as_object(block.content.get("waitForEvent")).get("isEnabled") is True:
        block.note("dropped", "waitForEvent", "A page outside sends no event here; the flow goes on at once.")
    block.note("changed", "content", "WhatsApp shows no pages inside a chat; the message holds the link.")
    return Reading(Draft("message", {"content": _filled(block, block.text("url", block.content.get("url")))}))


def read_location(block: Block) -> Reading:
    fields: Object = {name: block.content.get(name) for name in ("latitude", "longitude", "name", "address")}
    fields |= {name: block.text(name, value) for name, value in fields.items() if isinstance(value, str)}
    return Reading(Draft("location", present(fields)))


def urlsplit_path(url: str) -> str:
    """The path of an address in lower case; empty when it is no address."""
    try:
        return urlsplit(url).path.casefold()
    except ValueError:
        return ""


def _media(block: Block, kind: str, url: str, *, caption: str = "") -> Reading:
    if not url:
        block.note("problem", "mediaUrl", f"The bubble has no address of its {kind}: fill 'mediaUrl'.")
    data: Object = {"mediaType": kind, "mediaUrl": url}
    data |= {"caption": caption} if caption else {}
    return Reading(Draft("message", data))


def _filled(block: Block, text: str) -> str:
    if not text.strip():
        block.note("problem", "content", "The bubble has no text: fill 'content'.")
    return text
