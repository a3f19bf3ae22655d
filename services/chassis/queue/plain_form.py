"""What lies in a lane, for people: in an export of a contact's data, as a dead letter."""

from __future__ import annotations

import orjson
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message


def plain_form(message: Message) -> dict[str, object]:
    """Every field by its name in the contracts; bytes, which hold JSON there, as what it says, or else as text."""
    told: dict[str, object] = MessageToDict(message, preserving_proto_field_name=True)
    _open_json(message, told)
    return told


def _open_json(message: Message, told: dict[str, object]) -> None:
    """Put what JSON says in place of its bytes, which MessageToDict writes in base64."""
    for field, value in message.ListFields():
        shown = told[field.name]
        if field.type == FieldDescriptor.TYPE_BYTES:
            told[field.name] = _read(value)
        elif isinstance(shown, dict) and isinstance(value, Message):
            _open_json(value, shown)
        elif isinstance(shown, list):
            for part, form in zip(value, shown, strict=True):
                if isinstance(form, dict):
                    _open_json(part, form)


def _read(raw: bytes) -> object:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return raw.decode(errors="replace")
