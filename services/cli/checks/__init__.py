"""The checks of `pytake doctor`, one file for each thing that is looked at."""

import asyncio
from collections.abc import Mapping

from services.cli.checks.databases import check_postgres, check_redis
from services.cli.checks.finding import Finding
from services.cli.checks.meta import check_meta
from services.cli.checks.services import check_door, check_services
from services.cli.checks.variables import check_variables
from services.embedded.state import State

__all__ = ["Finding", "examine"]


async def examine(state: State, environment: Mapping[str, str], organization: str) -> list[Finding]:
    """Make every check, each within seconds; `organization` narrows those of numbers, empty means all."""
    found = await asyncio.gather(
        check_postgres(state),
        check_redis(state),
        check_services(state),
        check_door(state),
        check_meta(state, organization),
    )
    return [*check_variables(environment), *(finding for each in found for finding in each)]
