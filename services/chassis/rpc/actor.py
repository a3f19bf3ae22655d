"""Who stands behind the call that is being worked on, in the words of the audit log.

"operator", "service:<room>", "user:<id>", "api_key:<id>", or "team:<subject>" for a token that names neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from urllib.parse import quote

from services.chassis.tenancy import Principal

ACTOR_HEADER = "x-pytake-actor"

_PEOPLE = ("user:", "api_key:", "team:")
# Ingress alone speaks for people (REST); from anybody else the header says nothing.
_SPEAKER = "ingress"
_LONGEST_SUBJECT = 200

_actor: ContextVar[str] = ContextVar("pytake_actor", default="")
_principal: ContextVar[Principal | None] = ContextVar("pytake_principal", default=None)


def current_actor() -> str:
    """Who stands behind this call; empty outside of one."""
    return _actor.get()


def current_principal() -> Principal:
    """Who makes this call, with what he may do. Raises LookupError outside of one: then nobody may anything."""
    principal = _principal.get()
    if principal is None:
        raise LookupError("nobody calls")
    return principal


def act_as(actor: str) -> None:
    """Say who stands behind everything this task, and the tasks it starts, will do."""
    _actor.set(actor)


def called_by(principal: Principal) -> None:
    """Say who makes the call this task works on."""
    _principal.set(principal)


def actor_of(principal: Principal) -> str:
    """The principal itself. A team's token may name anybody: it never passes for the operator or a service."""
    if principal.name == "operator":
        return principal.name
    if principal.is_service:
        return f"service:{principal.name}"
    subject = quote(principal.subject[:_LONGEST_SUBJECT], safe="@:._+-")
    return subject if subject.startswith(_PEOPLE) else f"team:{subject}"


def actor_behind(principal: Principal, metadata: Mapping[str, object]) -> str:
    """The person ingress says it speaks for, or else the principal itself."""
    named = str(metadata.get(ACTOR_HEADER, ""))
    if principal.name == _SPEAKER and named.startswith(_PEOPLE):
        return named
    return actor_of(principal)


def header_for_person() -> tuple[tuple[str, str], ...]:
    """Metadata that tells a peer of the person behind this call; none when there is no person."""
    actor = current_actor()
    return ((ACTOR_HEADER, actor),) if actor.startswith(_PEOPLE) else ()
