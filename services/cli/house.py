"""Which house a command talks to: a deployment that the environment names, or that of `pytake up` on this machine."""

import os
from collections.abc import Mapping
from pathlib import Path

from services.chassis.settings import SettingsError, read_settings
from services.cli.ending import WrongInput
from services.cli.settings import Settings
from services.embedded.keys import ROOMS
from services.embedded.state import State, read_state


def house_of(data: Path, environment: Mapping[str, str] = os.environ) -> State:
    """The house; a deployment's state has its `targets` and the operator's `key_file`.

    Raises WrongInput, or HouseError when none runs on the data folder.
    """
    settings = operator_settings(environment)
    if not settings.service_key_file:
        return read_state(data)
    targets = {room: str(getattr(settings, f"{room}_target")) for room in ROOMS}
    missing = [f"{room.upper()}_TARGET" for room, target in targets.items() if not target]
    if missing:
        raise WrongInput(f"SERVICE_KEY_FILE is set, so {', '.join(missing)} must say where the services are too")
    return {"data": str(data), "targets": targets, "key_file": settings.service_key_file}


def operator_settings(environment: Mapping[str, str]) -> Settings:
    """What the environment says. Raises WrongInput."""
    try:
        return read_settings(Settings, environment)
    except SettingsError as error:
        raise WrongInput(str(error)) from None
