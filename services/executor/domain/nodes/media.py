"""Files that nodes send: by Meta's id or by a public address, either of which may hold placeholders."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from services.executor.domain.document import Node
from services.executor.domain.finding import Finding, error
from services.executor.domain.json_value import Json, text_at
from services.executor.domain.nodes import fields
from services.executor.domain.nodes.node_type import compile_text, limit
from services.executor.domain.says import Media, MediaKind
from services.executor.domain.turn import Turn

KINDS: Final[dict[str, MediaKind]] = {
    "image": "image", "video": "video", "audio": "audio", "document": "document", "sticker": "sticker",
}  # fmt: skip
# Kinds that may have words below them.
CAPTIONED: Final = frozenset({"image", "video", "document"})
MAX_CAPTION: Final = 1024
MAX_FILENAME: Final = 240
MAX_LINK: Final = 2048

FIELDS: Final[dict[str, fields.Schema]] = {
    "mediaType": fields.choice("What kind of file is sent.", "text", *KINDS),
    "mediaUrl": fields.template("Its public http or https address."),
    "mediaId": fields.template("Or Meta's id of an uploaded file."),
    "caption": fields.template("Words below it, at most 1,024 characters; the content when absent."),
    "filename": fields.template("The name shown for a document."),
}


def is_link(text: str) -> bool:
    """Whether a text is an http or https address that Meta takes."""
    return text.startswith(("http://", "https://")) and len(text) <= MAX_LINK and not any(map(str.isspace, text))


def compile_media(data: Mapping[str, Json], kind: MediaKind) -> Callable[[Turn], Media | None]:
    """Compile a file; None at run time when neither its id nor its address comes to anything."""
    file_id, link = compile_text(data.get("mediaId")), compile_text(data.get("mediaUrl"))
    filename = compile_text(data.get("filename"))

    def media(turn: Turn) -> Media | None:
        name = turn.render(filename).strip()[:MAX_FILENAME] if kind == "document" else ""
        if known := turn.render(file_id).strip():
            return Media(kind, id=known, filename=name)
        address = turn.render(link).strip()
        return Media(kind, link=address, filename=name) if is_link(address) else None

    return media


def check_media(node: Node) -> Iterator[Finding]:
    """Check the fields of a file."""
    kind = text_at(node.data, "mediaType")
    if kind not in KINDS:
        message = f'Node {node.id} sends a file of the unknown kind "{kind}".'
        yield error("bad_media", node.id, message, f'Write one of {", ".join(KINDS)} into "mediaType".')
    link = text_at(node.data, "mediaUrl").strip()
    if not link and not text_at(node.data, "mediaId").strip():
        message = f"Node {node.id} sends a file, but names none."
        yield error("bad_media", node.id, message, 'Write its address into "mediaUrl", or its id into "mediaId".')
    if link and "{{" not in link and not is_link(link):
        message = f'"mediaUrl" of node {node.id} is no http or https address.'
        yield error("bad_url", node.id, message, "Write an address that Meta can fetch.")
    yield from limit(node, "The caption", text_at(node.data, "caption"), MAX_CAPTION)
    yield from limit(node, "The file's name", text_at(node.data, "filename"), MAX_FILENAME)
