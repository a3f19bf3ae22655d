"""What a supervised process is, and how one is started."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TETHER = Path(__file__).with_name("tether.py")
LOG_KEPT_BYTES = 10_000_000
TAIL_BYTES = 8_192


@dataclass(frozen=True, slots=True)
class User:
    """The numeric user and group a process runs as, when we are root and it must not be."""

    uid: int
    gid: int

    def __str__(self) -> str:
        return f"{self.uid}:{self.gid}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Everything needed to start a process again and again.

    `arguments[0]` is the program's absolute path. `stop_signal` asks it to end within `stop_seconds`;
    `orphan_signal` is what the kernel sends it when we die without a word.
    """

    name: str
    arguments: tuple[str, ...]
    log_file: Path
    working_directory: Path
    environment: Mapping[str, str]
    user: User | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0
    orphan_signal: signal.Signals = signal.SIGKILL


def tethered(command: Command) -> list[str]:
    """Return the argument vector that starts the command tied to this process."""
    user = str(command.user) if command.user else "-"
    tie = [str(command.orphan_signal.value), str(os.getpid()), user]
    return [sys.executable, "-I", "-S", str(TETHER), *tie, *command.arguments]


async def spawn(command: Command) -> asyncio.subprocess.Process:
    """Start the command in a session of its own (Ctrl-C reaches us alone), its output going to its log.

    Must be called from the main thread: the kernel ties the child to the thread that starts it.
    """
    with command.log_file.open("ab") as log:
        return await asyncio.create_subprocess_exec(
            *tethered(command),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=dict(command.environment),
            cwd=command.working_directory,
            start_new_session=True,
        )


def rotate_log(log_file: Path) -> None:
    """Keep one older file once a log has grown past LOG_KEPT_BYTES; done at start, nobody writes then."""
    log_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if log_file.exists() and log_file.stat().st_size > LOG_KEPT_BYTES:
        log_file.replace(log_file.with_suffix(".log.1"))


def last_lines(log_file: Path, count: int = 8) -> str:
    """Return the end of a log, for people to read; an absent log is empty."""
    if not log_file.exists():
        return ""
    with log_file.open("rb") as log:
        log.seek(max(0, log_file.stat().st_size - TAIL_BYTES))
        lines = log.read().decode(errors="replace").splitlines()
    return "\n".join(lines[-count:])


def command_line(pid: int) -> str:
    """Return a process's command line, its words parted by spaces; empty when there is none (or a zombie)."""
    if not Path("/proc/self").exists():  # macOS
        ps = ["/bin/ps", "-o", "args=", "-p", str(pid)]
        return subprocess.run(ps, capture_output=True, check=False, text=True).stdout  # noqa: S603 - a number
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
