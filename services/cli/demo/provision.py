"""Gives a starting house its first organization and number."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from services.cli.demo.stamp import Stamp, digest_of
from services.embedded.keys import secrets_in_use
from services.embedded.numbers import DISPLAY_PHONE_NUMBER, PHONE_NUMBER_ID, WABA_ID
from services.embedded.state import State

if TYPE_CHECKING:
    from services.cli.apply.wanted import Organization
    from services.cli.rooms import Rooms

FOLDER = Path(__file__).parent
FIRST_ORGANIZATION = "default"
"""The organization that gets the number of META_* when there is none."""


async def provision(state: State, *, with_demo: bool, environment: Mapping[str, str] = os.environ) -> None:
    """Provide the demo, or else the number META_PHONE_NUMBER_ID and META_ACCESS_TOKEN name, and tell the simulator.

    With the demo, that number is the demo's. Raises what apply raises: WrongInput, Failed or PytakeError.
    """
    values = _values(state, environment)
    has_number = bool(environment.get("META_PHONE_NUMBER_ID") and environment.get("META_ACCESS_TOKEN"))
    if with_demo or has_number:
        stamp, digest = Stamp(state), digest_of(FOLDER, values | {"with_demo": str(with_demo)})
        if not stamp.says(digest):
            await _provide(state, values, with_demo=with_demo)
            stamp.note(digest)
    await asyncio.to_thread(_tell_simulator, state, values["META_APP_SECRET"])


def _values(state: State, environment: Mapping[str, str]) -> dict[str, str]:
    """What the documents' variables stand for: the user's META_* and WEBHOOK_*, else the house's own."""
    secrets = secrets_in_use(Path(str(state["data"])) / "secrets")
    usual = {
        "META_PHONE_NUMBER_ID": PHONE_NUMBER_ID,
        "DISPLAY_PHONE_NUMBER": DISPLAY_PHONE_NUMBER,
        "WABA_ID": WABA_ID,
    } | {name: secrets[name] for name in ("META_APP_SECRET", "META_ACCESS_TOKEN", "WEBHOOK_VERIFY_TOKEN")}
    return {name: environment.get(name) or value for name, value in usual.items()}


async def _provide(state: State, values: Mapping[str, str], *, with_demo: bool) -> None:
    # Lazily: gRPC takes a second to load, which a later start does not need.
    from services.cli.apply.house import House
    from services.cli.apply.memory import Memory
    from services.cli.apply.steps import apply
    from services.cli.rooms import Rooms, secrets_folder

    async with Rooms.of(state) as rooms:
        wanted = _demo(values) if with_demo else await _first_number(rooms, values)
        await apply(House(rooms), Memory.of(secrets_folder(state)), wanted, is_dry_run=False)


def _demo(values: Mapping[str, str]) -> "tuple[Organization, ...]":
    from services.cli.apply.document import read_documents

    return read_documents([FOLDER / "demo.yaml"], values)


async def _first_number(rooms: "Rooms", values: Mapping[str, str]) -> "tuple[Organization, ...]":
    """The number for the first organization; none when an organization has it, for apply decides about it then."""
    from services.cli.apply.document import read_documents
    from services.cli.apply.house import House

    names = [organization.name for organization in await rooms.organizations()]
    existing = await House(rooms).existing(names)
    if any(values["META_PHONE_NUMBER_ID"] in each.numbers for each in existing.values()):
        return ()
    first = names[0] if names else FIRST_ORGANIZATION
    (organization,) = read_documents([FOLDER / "first_number.yaml"], values)
    return (replace(organization, name=first),)


def _tell_simulator(state: State, house_secret: str) -> None:
    from services.cli.apply.memory import Memory
    from services.cli.apply.simulator import register_numbers

    folder = Path(str(state["data"])) / "secrets"
    register_numbers(state, Memory.of(folder), house_secret=house_secret)
