"""Where, when and how something was measured."""

import os
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def conditions(plan: "DataclassInstance") -> dict[str, object]:
    """Say it, before the run begins; `plan` is what the command line asked for."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_average": os.getloadavg()[0],
        "plan": asdict(plan),
    }
