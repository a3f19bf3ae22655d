"""Calls of stores as they are, for one organization: every method that takes an organization_id and plain values.

What a parameter is given is found by its name and type, so that a new method is called too.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import psycopg

from services.chassis.errors import PytakeError
from tests.walls.interference import text_of
from tests.walls.requests import pools_of
from tests.walls.tenants import CONVERSATIONS, MESSAGES, Tenant

_PLAIN = {"UUID", "UUID | None", "str", "int", "bool", "bool | None", "Sequence[str]"}
# Names that stores use and contracts do not.
_NAMES = {"lane_id": "conversation_id", "flow": "flow_id", "token": "access_token", "record_id": "event_id"}


def calls_of(stores: Sequence[Any], tenant: Tenant, twin: Tenant) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """The name of each call, the method, and what it is given: once for every value a parameter may have."""
    pools = pools_of(tenant, twin)
    for store in stores:
        for name, method in inspect.getmembers(store, inspect.iscoroutinefunction):
            parameters = inspect.signature(method).parameters
            if name.startswith("_") or "organization_id" not in parameters:
                continue
            if {str(parameter.annotation) for parameter in parameters.values()} <= _PLAIN:
                for number in range(3):
                    values = {
                        key: _value(key, str(parameter.annotation), pools, number)
                        for key, parameter in parameters.items()
                    }
                    yield (
                        f"{type(store).__name__}.{name} {number}",
                        method,
                        values | {"organization_id": tenant.organization_id},
                    )


async def answers_of(stores: Sequence[Any], tenant: Tenant, twin: Tenant) -> dict[str, str]:
    """What every call came to."""
    answers = {}
    for name, method, values in calls_of(stores, tenant, twin):
        try:
            answers[name] = text_of(await method(**values))
        except (PytakeError, psycopg.Error) as error:
            answers[name] = type(error).__name__
    return answers


def _value(name: str, kind: str, pools: Any, number: int) -> Any:
    pool = pools.get(_NAMES.get(name, name), ())
    chosen = pool[number % len(pool)] if pool else None
    match kind:
        case "UUID" | "UUID | None":
            ids = [UUID(text) for text in map(str, pool) if _is_id(text)] or [*CONVERSATIONS, *MESSAGES]
            return ids[number % len(ids)]
        case "str":
            return "" if chosen is None else str(chosen)
        case "Sequence[str]":
            return list(map(str, MESSAGES))
        case "int":
            return 50 if chosen is None else int(chosen)
        case _:
            return None if "None" in kind else False


def _is_id(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False
