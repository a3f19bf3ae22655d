"""The supervisor with real processes: short Python programs that die in the ways services do."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

from services.embedded.process import LOG_KEPT_BYTES, Command, last_lines, spawn
from services.embedded.supervisor import Supervisor
from services.embedded.waiting import wait_until

ROOT = Path(__file__).resolve().parents[3]
LIVES = "import time; print('alive', flush=True); time.sleep(600)"
DIES = "raise SystemExit('the table is missing')"
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('alive', flush=True); time.sleep(600)"


class Told:
    """Collects what the supervisor says and the pids it had at each change."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.changes = 0

    def say(self, text: str) -> None:
        self.lines.append(text)

    def changed(self) -> None:
        self.changes += 1


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
async def supervisor(told: Told) -> AsyncIterator[Supervisor]:
    it = Supervisor(say=told.say, changed=told.changed)
    yield it
    it.hurry()
    await it.stop_in_order([])


def python(folder: Path, program: str, name: str = "it", stop_seconds: float = 10.0) -> Command:
    return Command(
        name=name,
        arguments=(sys.executable, "-I", "-S", "-c", program),
        log_file=folder / "log" / f"{name}.log",
        working_directory=folder,
        environment={},
        stop_seconds=stop_seconds,
    )


async def until(condition: Callable[[], object]) -> None:
    async def holds() -> bool:
        return bool(condition())

    await wait_until(holds, timeout_seconds=20, otherwise=lambda: "it never happened")


async def test_a_killed_process_is_started_again_at_once(tmp_path: Path, supervisor: Supervisor, told: Told) -> None:
    await supervisor.start(python(tmp_path, LIVES))
    first = supervisor.pid("it")
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await until(lambda: supervisor.pid("it") not in (None, first))
    assert told.lines == ["it was ended by SIGKILL; starting it again"]


async def test_a_process_that_keeps_dying_is_told_with_the_end_of_its_log(
    tmp_path: Path, supervisor: Supervisor, told: Told
) -> None:
    await supervisor.start(python(tmp_path, DIES))
    await until(lambda: supervisor.is_failing("it"))
    assert "3 times in a row" in told.lines[-1]
    assert "the table is missing" in told.lines[-1]


async def test_a_process_that_keeps_dying_is_told_once_and_no_more(
    tmp_path: Path, supervisor: Supervisor, told: Told
) -> None:
    await supervisor.start(python(tmp_path, DIES))
    await until(lambda: told.changes >= 11)  # the start, then an end and a start for each death
    assert len(told.lines) == 3


async def test_a_stopped_process_stays_stopped(tmp_path: Path, supervisor: Supervisor, told: Told) -> None:
    await supervisor.start(python(tmp_path, LIVES))
    await supervisor.stop("it")
    assert supervisor.pid("it") is None
    assert told.lines == []


async def test_a_process_can_be_stopped_while_its_restart_waits(tmp_path: Path, supervisor: Supervisor) -> None:
    await supervisor.start(python(tmp_path, DIES))
    await until(lambda: supervisor.is_failing("it"))
    await asyncio.wait_for(supervisor.stop("it"), timeout=5)
    assert supervisor.pid("it") is None


async def test_a_process_that_does_not_stop_is_killed_after_its_deadline(
    tmp_path: Path, supervisor: Supervisor, told: Told
) -> None:
    command = python(tmp_path, STUBBORN, stop_seconds=0.1)
    await supervisor.start(command)
    await until(lambda: "alive" in last_lines(command.log_file))
    await supervisor.stop("it")
    assert told.lines == ["it did not stop in 0.1 s and was killed"]


async def test_groups_are_stopped_in_the_order_given_and_the_rest_last(tmp_path: Path, supervisor: Supervisor) -> None:
    notes = tmp_path / "ends"
    program = (
        "import signal, sys, time\n"
        f"signal.signal(15, lambda *_: (open({str(notes)!r}, 'a').write(sys.argv[1] + ' '), sys.exit(0)))\n"
        "print('alive', flush=True)\n"
        "time.sleep(600)\n"
    )
    for name in ("last", "second", "first"):
        command = python(tmp_path, program, name)
        command = Command(
            name=name,
            arguments=(*command.arguments, name),
            log_file=command.log_file,
            working_directory=tmp_path,
            environment={},
        )
        await supervisor.start(command)
        await until(lambda log=command.log_file: "alive" in last_lines(log))
    await supervisor.stop_in_order([("first",), ("unknown", "second")])
    assert notes.read_text().split() == ["first", "second", "last"]


async def test_a_process_is_not_in_our_session_so_ctrl_c_reaches_us_alone(
    tmp_path: Path, supervisor: Supervisor
) -> None:
    await supervisor.start(python(tmp_path, LIVES))
    pid = supervisor.pid("it")
    assert pid is not None
    await until(lambda: os.getsid(pid) == pid)


async def test_nothing_survives_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from services.embedded.process import Command, spawn\n"
        "async def main():\n"
        f"    folder = Path({str(tmp_path)!r})\n"
        f"    child = Command(name='child', arguments=(sys.executable, '-c', {LIVES!r}), environment={{}},\n"
        "                    log_file=folder / 'child.log', working_directory=folder)\n"
        "    process = await spawn(child)\n"
        "    (folder / 'pid.new').write_text(str(process.pid))\n"
        "    (folder / 'pid.new').rename(folder / 'pid')\n"
        "    await process.wait()\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", program, cwd=ROOT)
    await until(lambda: "alive" in last_lines(tmp_path / "child.log"))
    await until((tmp_path / "pid").exists)
    child = psutil.Process(int((tmp_path / "pid").read_text()))
    parent.kill()
    await parent.wait()
    await until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


async def test_a_grown_log_makes_room_for_a_new_one(tmp_path: Path, supervisor: Supervisor) -> None:
    command = python(tmp_path, LIVES)
    command.log_file.parent.mkdir()
    command.log_file.write_bytes(b"x" * (LOG_KEPT_BYTES + 1))
    await supervisor.start(command)
    await until(lambda: last_lines(command.log_file) == "alive")
    assert (tmp_path / "log" / "it.log.1").stat().st_size == LOG_KEPT_BYTES + 1


async def test_a_program_that_cannot_be_executed_leaves_its_reason_in_the_log(tmp_path: Path) -> None:
    command = Command(
        name="absent",
        arguments=(str(tmp_path / "absent"),),
        log_file=tmp_path / "absent.log",
        working_directory=tmp_path,
        environment={},
    )
    process = await spawn(command)
    assert await process.wait() != 0
    assert "FileNotFoundError" in last_lines(command.log_file)
