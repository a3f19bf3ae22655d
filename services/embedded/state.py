"""What a running house tells others: one JSON file, and a lock that says whether it is true."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.embedded.errors import HouseError

DEFAULT_DATA = Path(".pytake")
State = dict[str, object]


def state_file(data: Path) -> Path:
    """Return where the house in this data folder writes its state."""
    return data / "run" / "state.json"


def write_state(data: Path, state: State) -> None:
    """Replace the state at once: a reader sees the old one or the new one (it holds passwords: 0600)."""
    path = state_file(data)
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(state, file, indent=2)
    draft.replace(path)


def read_state(data: Path) -> State:
    """Return the state of the house running on this data folder; raises HouseError when none runs."""
    if not is_running(data) or not state_file(data).exists():
        raise HouseError(f"no house is running on {data}: start one with `pytake up` (or name its --data)")
    state: State = json.loads(state_file(data).read_text())
    return state


def lock_file(data: Path) -> Path:
    return data / "run" / "lock"


def is_running(data: Path) -> bool:
    """Say whether somebody holds the house's lock; the kernel lets go of it when its holder dies."""
    try:
        with lock_file(data).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


@contextmanager
def house_lock(data: Path) -> Iterator[None]:
    """Hold the data folder for one house; raises HouseError naming the process that has it."""
    with lock_file(data).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise HouseError(
                f"a house is already running on {data} (process {file.read().strip() or 'unknown'}). "
                "Stop it first, or start another one with --data DIR"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
        state_file(data).unlink(missing_ok=True)
