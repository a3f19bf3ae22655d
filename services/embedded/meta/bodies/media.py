"""Where a file is: an uploaded id, or a link that Meta can fetch."""

from .fields import JsonObject, child, missing, web_link, words, wrong

MEDIA_HEADERS = ("image", "video", "document")


def check_media_source(media: JsonObject, path: str) -> None:
    """A media object names an uploaded id or a link that Meta can fetch."""
    if "id" in media:
        words(media, "id", f"{path}.id", 512)
    elif "link" in media:
        web_link(media, "link", f"{path}.link")
    else:
        missing(f"{path}.id or {path}.link")


def check_header(header: JsonObject, path: str, kinds: tuple[str, ...]) -> str:
    """A text, or a file of one of these kinds; gives which."""
    kind = words(header, "type", f"{path}.type", 64)
    if kind not in kinds:
        wrong(f"{path}.type", f"{kind} is not allowed here")
    if kind == "text":
        words(header, "text", f"{path}.text", 60)
    else:
        check_media_source(child(header, kind, f"{path}.{kind}"), f"{path}.{kind}")
    return kind
