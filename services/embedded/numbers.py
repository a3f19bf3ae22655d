"""The business number the simulated Meta has from its start, so that it is still there after a restart."""

import json
from collections.abc import Mapping
from pathlib import Path

from services.embedded.keys import write_private

PHONE_NUMBER_ID = "100000000000001"
WABA_ID = "200000000000001"
DISPLAY_PHONE_NUMBER = "+55 11 5550-0100"
NAME = "PyTake demo"


def demo_number(secrets: Mapping[str, str], environment: Mapping[str, str], webhook_url: str) -> dict[str, object]:
    """Return the number as the simulator's configuration wants it; the user's META_* variables win."""
    chosen = dict(secrets) | {name: value for name, value in environment.items() if value}
    return {
        "phone_number_id": chosen.get("META_PHONE_NUMBER_ID", PHONE_NUMBER_ID),
        "display_phone_number": DISPLAY_PHONE_NUMBER,
        "waba_id": WABA_ID,
        "access_tokens": [chosen["META_ACCESS_TOKEN"]],
        "app_secret": chosen["META_APP_SECRET"],
        "webhook_url": webhook_url,
        "verified_name": NAME,
    }


def simulator_file(data: Path) -> Path:
    """Return the simulator's configuration in a data folder."""
    return data / "run" / "simulator.json"


def write_simulator_file(data: Path, number: Mapping[str, object]) -> Path:
    """Write the configuration with this one number (it holds secrets) and return where."""
    write_private(simulator_file(data), json.dumps({"numbers": [number]}, indent=2))
    return simulator_file(data)


def read_demo_number(data: Path) -> dict[str, object]:
    """Return the number that the house running on this data folder gave its simulator."""
    number: dict[str, object] = json.loads(simulator_file(data).read_text())["numbers"][0]
    return number
