"""Keep processes running: start, watch, restart at once, stop in order."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from services.embedded.process import Command, last_lines, rotate_log, spawn

QUICK_DEATH_SECONDS = 3.0  # a service that cannot start has spent a second or two on its imports
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0
QUICK_DEATHS_TOLD = 3


@dataclass(slots=True)
class Child:
    """One supervised process and the task that watches it; `process` changes at each restart."""

    command: Command
    process: asyncio.subprocess.Process
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    watcher: asyncio.Task[None] | None = None
    quick_deaths: int = 0

    @property
    def is_alive(self) -> bool:
        return self.process.returncode is None

    def send(self, signal_number: signal.Signals) -> None:
        if self.is_alive:
            with suppress(ProcessLookupError):
                self.process.send_signal(signal_number)

    def kill(self) -> None:
        """End the process and whatever it started, which shares its session."""
        if self.is_alive:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


def is_quick_death(lived_seconds: float, returncode: int) -> bool:
    """Tell whether a process cannot live by itself: SIGKILL comes from outside, and waiting does not help it."""
    return lived_seconds < QUICK_DEATH_SECONDS and returncode != -signal.SIGKILL


def pause_seconds(quick_deaths: int) -> float:
    """Return how long to wait before a restart: nothing at first, then doubling while it dies at once."""
    if quick_deaths <= 1:
        return 0.0
    return min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** (quick_deaths - 2))


def describe_end(returncode: int) -> str:
    """Say how a process ended, in words."""
    if returncode >= 0:
        return f"ended with exit code {returncode}"
    try:
        return f"was ended by {signal.Signals(-returncode).name}"
    except ValueError:
        return f"was ended by signal {-returncode}"


class Supervisor:
    """Runs commands under their names; `say` tells people, `changed` is called after each start and end."""

    def __init__(self, *, say: Callable[[str], None], changed: Callable[[], None] = lambda: None) -> None:
        self._say = say
        self._changed = changed
        self._children: dict[str, Child] = {}

    async def start(self, command: Command) -> None:
        """Start the command and keep it running until it is stopped by name."""
        rotate_log(command.log_file)
        child = Child(command, await spawn(command))
        child.watcher = asyncio.create_task(self._keep(child), name=f"keep {command.name}")
        self._children[command.name] = child
        self._changed()

    def pid(self, name: str) -> int | None:
        """Return the process id, or None while it is dead or unknown."""
        child = self._children.get(name)
        return child.process.pid if child and child.is_alive else None

    def is_failing(self, name: str) -> bool:
        """Say whether it keeps dying right after its start, so that waiting for it is vain."""
        child = self._children.get(name)
        return child is not None and child.quick_deaths >= QUICK_DEATHS_TOLD

    async def stop(self, *names: str) -> None:
        """Stop these together, each by its own signal and deadline, then by force; unknown names pass."""
        children = [self._children.pop(name) for name in names if name in self._children]
        await asyncio.gather(*(self._stop_one(child) for child in children))
        self._changed()

    async def stop_in_order(self, groups: Iterable[tuple[str, ...]]) -> None:
        """Stop one group after the other, then whatever was in none of them."""
        for group in groups:
            await self.stop(*group)
        await self.stop(*self._children)

    def hurry(self) -> None:
        """Use force on everything that does not keep data: somebody pressed Ctrl-C twice."""
        for child in self._children.values():
            if child.command.orphan_signal is signal.SIGKILL:
                child.kill()

    async def _stop_one(self, child: Child) -> None:
        assert child.watcher is not None
        child.stopping.set()
        child.send(child.command.stop_signal)
        _, late = await asyncio.wait({child.watcher}, timeout=child.command.stop_seconds)
        if late:
            self._say(f"{child.command.name} did not stop in {child.command.stop_seconds:g} s and was killed")
            child.kill()
        await child.watcher

    async def _keep(self, child: Child) -> None:
        while True:
            began = asyncio.get_running_loop().time()
            returncode = await child.process.wait()
            self._changed()
            if child.stopping.is_set():
                return
            lived = asyncio.get_running_loop().time() - began
            child.quick_deaths = child.quick_deaths + 1 if is_quick_death(lived, returncode) else 0
            self._tell(child.command, returncode, child.quick_deaths)
            if not await self._restart(child):
                return

    async def _restart(self, child: Child) -> bool:
        """Start the process again after its pause; False when it was stopped meanwhile."""
        pause = pause_seconds(child.quick_deaths)
        if pause:
            with suppress(TimeoutError):
                await asyncio.wait_for(child.stopping.wait(), pause)
        if child.stopping.is_set():
            return False
        child.process = await spawn(child.command)
        if child.stopping.is_set():  # asked to stop while it was being started
            child.send(child.command.stop_signal)
        self._changed()
        return True

    def _tell(self, command: Command, returncode: int, quick_deaths: int) -> None:
        if quick_deaths < QUICK_DEATHS_TOLD:
            self._say(f"{command.name} {describe_end(returncode)}; starting it again")
        elif quick_deaths == QUICK_DEATHS_TOLD:
            self._say(
                f"{command.name} {describe_end(returncode)}, {quick_deaths} times in a row right after "
                f"its start; trying on. The last lines of {command.log_file}:\n{last_lines(command.log_file)}"
            )
