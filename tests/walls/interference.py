"""What one organization is answered, with its twin in the house and without: the two must be the same.

A script is a sequence of calls by both. Alone, only A's are made; beside its twin, all of them. Ids that were made by
chance and times are put aside; everything else of A's answers must be equal, and no tag of B may be among it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct
from google.protobuf.timestamp_pb2 import Timestamp

from services.chassis.errors import PytakeError
from tests.walls.requests import declared, methods, request_of
from tests.walls.tenants import NAMES, Tenant, twins
from tests.walls.world import World

Who = Literal["A", "B"]
BROKEN = "INTERNAL"

_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)|datetime\.datetime\([^()]*(?:\([^()]*\))?[^()]*\)"
    # Records of what was closed have the microsecond in their key.
    r"|(?<=:)1\d{15}\b"
)
# Tokens and keys that were made for this answer, and digests, which follow from them, from ids and from times; how
# often a job was looked at, which follows from how often this world looks; the second in which a try was made; and how
# long something took, to the microsecond.
# How fast the calls before were decides: seconds that are left, and whether two messages came in one second.
_OF_THE_CLOCK = frozenset({"probe_in_seconds", "is_unread"})
_BY_TIME = frozenset({"conversations"})
_CHANCE = re.compile(
    r"waits=\d+|pt[kri]_[\w-]+|[0-9a-f]{64}|(?<=_hash=)b?(?:'[^']*'|\"[^\"]*\")|"
    r"(?<=window_expires_at': )\d+|(?<=\"window_expires_at\":\")\d+|(?<=\"window_expires_at\":)\d+|"
    r"(?<=\"sent_at\":\")\d+|(?<=\"received_at_ms\":\")\d+|(?<=\"timestamp\":)\d+|"
    r"(?<=_us\":)\d+|(?<=_us\": )\d+|(?<=_us\":\")\d+|(?<=_us': )\d+|(?<=_us=)\d+|(?<=probe_in=)[\d.]+|"
    r"(?<=_seconds': )[\d.]+"
)
_DIGEST_BYTES = 32
_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a script; the same seed makes the same request."""

    who: Who
    path: str
    seed: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call came to, as a text that can be compared."""

    step: Step
    text: str


def in_order(script: Sequence[Step]) -> list[Step]:
    """The script with what erases at its end, and then everything that A can read.

    What was written in the very second of an erasure counts as older than it, and two worlds share no seconds.
    """
    erasing = [step for step in script if _method(step.path).startswith(("Erase", "RequestErasure", "Expire"))]
    others = [step for step in script if step not in erasing]
    reads = [path for path in declared() if _method(path).startswith(("Get", "List", "Find", "Export"))]
    return [*others, *erasing, *(Step("A", path, seed) for path in reads for seed in range(2))]


async def establish(world: World, tenant: Tenant) -> None:
    """What every organization begins with: its numbers, a chatbot and flows, one of them answering its numbers."""
    directory = world.stores["router"]["PostgresDirectory"]
    await directory.put_organization(
        organization_id=tenant.organization_id, name=f"Loja {tenant.tag}", fallback_flow_id=tenant.flow(NAMES[0]),
        time_zone="America/Sao_Paulo", replace=False,
    )  # fmt: skip
    for name, document in zip(NAMES, tenant.documents(), strict=True):
        await _call(world, "executor.v1.FlowService/PutFlow", tenant, name=name, document=document, publish=True)
    await open_numbers(world, tenant)


async def open_numbers(world: World, tenant: Tenant) -> None:
    """Both numbers are active, and answered by a flow; their chatbots are there, whoever deleted them before."""
    for number, name in zip(tenant.numbers, NAMES, strict=True):
        await _call(world, "router.v1.Directory/PutChatbot", tenant, name=name, is_active=True)
        await _call(
            world, "router.v1.Directory/PutNumber", tenant, phone_number_id=number, is_active=True,
            display_phone_number=f"+55 11 {tenant.tag}", default_flow_id=str(tenant.flow(name)),
            chatbot_id=str(tenant.chatbot(name)),
        )  # fmt: skip


async def play(world: World, script: Sequence[Step], *, settle: bool = True) -> list[Answer]:
    """Make a script's calls in order, with what they set going done after each, and give A's answers."""
    answers = []
    for step in script:
        text = await answer_of(world, step)
        if settle:
            text += await told(world.settle())
        if step.who == "A":
            answers.append(Answer(step, text))
    return answers


async def answer_of(world: World, step: Step) -> str:
    """The answer to one call, or the error."""
    a, b = twins()
    tenant, twin = (a, b) if step.who == "A" else (b, a)
    request = request_of(methods(world.wire.paths)[step.path], tenant, twin, step.seed)
    return await told(world.call(step.path, request))


async def told(call: Awaitable[object]) -> str:
    """What comes of a call, as its caller is told."""
    try:
        return text_of(await call)
    except PytakeError as error:
        return f"{type(error).__name__} {error.code}: {error.sentence}"
    except Exception as error:
        # A caller is told nothing but that something broke.
        return f"{BROKEN} {type(error).__name__}"


def text_of(answer: object) -> str:
    """An answer as a text: a message by its fields, values as Python writes them; times are left out."""
    written = repr(_written(answer) if isinstance(answer, Message) else answer)
    return _CHANCE.sub("<chance>", _TIME.sub("<time>", written))


def _written(value: Any) -> Any:
    """A message by its fields, bytes as the text that they mostly are."""
    if isinstance(value, Timestamp):
        return "<time>"
    if isinstance(value, Struct):
        return MessageToDict(value)
    if isinstance(value, Message):
        return {
            one.name: _in_order(_written(content)) if one.name in _BY_TIME else _written(content)
            for one, content in value.ListFields()
            if one.name not in _OF_THE_CLOCK
        }
    if isinstance(value, bytes):
        return value.decode(errors="replace") if len(value) != _DIGEST_BYTES else "<chance>"
    if isinstance(value, (str, int, float)):
        return value
    return [_written(each) for each in value]


def _in_order(content: Any) -> Any:
    """A list in the order of its texts; a figure of the same name stays as it is."""
    return sorted(content, key=repr) if isinstance(content, list) else content


def differences(alone: Sequence[Answer], beside: Sequence[Answer]) -> list[str]:
    """Where A's answers differ, where B's tag is among them, and where something broke."""
    names = [f"{number} {answer.step.path} #{answer.step.seed}" for number, answer in enumerate(alone)]
    one = dict(zip(names, (answer.text for answer in alone), strict=True))
    other = dict(zip(names, (answer.text for answer in beside), strict=True))
    return differences_of_texts(one, other)


def differences_of_texts(alone: Mapping[str, str], beside: Mapping[str, str]) -> list[str]:
    """The same of what came of anything, by name."""
    _, b = twins()
    found = [
        f"{name}:\n  alone  {one}\n  beside {other}"
        for (name, one), other in zip(_renamed(alone).items(), _renamed(beside).values(), strict=True)
        if one != other
    ]
    found += [f"{name} tells of B: {text}" for name, text in beside.items() if b.tag in text]
    return found + [f"{name} broke: {text}" for name, text in {**alone, **beside}.items() if BROKEN in text]


def _renamed(texts: Mapping[str, str]) -> dict[str, str]:
    """Ids by the order in which they appear: many are made by chance, or of what was. Organizations' stay."""
    names = {str(tenant.organization_id): str(tenant.organization_id) for tenant in twins()}

    def name(match: re.Match[str]) -> str:
        return names.setdefault(match.group(), f"<id {len(names)}>")

    return {key: _ID.sub(name, text) for key, text in texts.items()}


def _method(path: str) -> str:
    return path.rpartition("/")[2]


async def _call(world: World, method: str, tenant: Tenant, **fields: Any) -> None:
    path = f"/pytake.{method}"
    kind = methods(world.wire.paths)[path].input_type._concrete_class
    await world.call(path, kind(organization_id=str(tenant.organization_id), **fields))
