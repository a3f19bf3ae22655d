"""Handing a conversation over to people."""

import re
from collections.abc import Mapping

from services.executor.domain.importers.reading import Draft, NodeSource
from services.executor.domain.importers.values import as_flag, as_id, as_seconds, as_text, folded, present

_PRIORITIES = {"low": "low", "normal": "normal", "medium": "normal", "high": "high", "urgent": "urgent"}
_IDS = {"queue": "queueId", "department": "departmentId", "agent": "agentId"}
# What people write where an id belongs: QUEUE_UUID_AQUI, YOUR_QUEUE_ID, <id>, {id}, xxx.
_PLACEHOLDER = re.compile(
    r".*(uuid_aqui|_aqui|id_here|_here|placeholder|changeme|seu_id|sua_fila|your[_-]).*|<.*>|\[.*\]|\{[^{].*|x{3,}|todo",
    re.IGNORECASE,
)


def read_handoff(node: NodeSource) -> Draft:
    ids = {name: as_id(node.take(name)) for name in _IDS.values()}
    names = {name: as_text(node.take(name)) for name in ("departmentName", "agentName")}
    message, send = node.text("message"), as_flag(node.take("send_message"))
    _check_target(node, ids, names)
    if message and send is False:
        node.note("dropped", "message", "'sendTransferMessage' is off, so the transfer text is not sent.")
        message = None
    data = {
        **ids,
        **names,
        "priority": _priority(node),
        "message": message,
        "contextMessage": node.text("contextMessage"),
        "timeoutSeconds": as_seconds(node.take("timeoutSeconds")),
    }
    return Draft("handoff", present(data))


def _check_target(node: NodeSource, ids: Mapping[str, str | None], names: Mapping[str, str | None]) -> None:
    for name, value in ids.items():
        if value and _PLACEHOLDER.fullmatch(value):
            node.note("problem", name, f"'{value}' in '{name}' is a placeholder: put the real id.")
    wanted = _IDS.get(folded(node.take("kind")))
    if wanted and not ids[wanted] and not names.get(wanted.replace("Id", "Name")):
        node.note("problem", wanted, f"The handoff has no '{wanted}': choose where the conversation goes.")
    elif not wanted and not any(ids.values()) and not any(names.values()):
        node.note(
            "problem",
            "queueId",
            "The handoff names no queue, department or agent: choose where the conversation goes.",
        )
    if names["departmentName"] and not ids["departmentId"]:
        node.note(
            "kept",
            "departmentId",
            f"Department '{names['departmentName']}' is named, not identified: it must exist under that name.",
        )


def _priority(node: NodeSource) -> object:
    written = node.take("priority")
    if written is None or isinstance(written, int | float):
        return written
    word = folded(written)
    if word in _PRIORITIES or "{{" in word:
        return as_text(written) if "{{" in word else _PRIORITIES[word]
    node.note(
        "changed",
        "priority",
        f"Priority '{as_text(written)}' is not known; it is normal now: choose low, normal, high or urgent.",
    )
    return "normal"
