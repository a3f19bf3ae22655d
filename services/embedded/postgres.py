"""Embedded Postgres: make a cluster, say how to run it, know when it is ready."""

import asyncio
import contextlib
import enum
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from services.embedded.addresses import LOOPBACK, choose_port
from services.embedded.binaries import find_postgres, major_version
from services.embedded.errors import HouseError
from services.embedded.ownership import give, is_reachable, pick_user, private_folder, reachable_programs
from services.embedded.process import Command, User, command_line, last_lines
from services.embedded.waiting import wait_until

SUPERUSER = "postgres"
DATABASE = "pytake"
USUAL_PORT = 5432
BUILTIN_LOCALE_SINCE = 17

Say = Callable[[str], None]


class Durability(enum.Enum):
    """Whether a commit survives a power cut; tests give that up for speed (a killed process loses nothing)."""

    DURABLE = "durable"
    FAST_TESTS = "fast_tests"


SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u ",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "autovacuum_naptime": "60s",
    "idle_in_transaction_session_timeout": "60s",
}
# What people wrote and what is secret passes through statements: the log tells what the server does, never a statement,
# a parameter, or an error with the values it quotes. The service that asked logs its error, without values.
QUIET_LOG = {
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
DURABILITY_SETTINGS = {
    Durability.DURABLE: {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"},
    Durability.FAST_TESTS: {"fsync": "off", "synchronous_commit": "on", "full_page_writes": "off"},
}


class EmbeddedPostgres:
    """One cluster in `folder`: prepare it, hand `command()` to a Supervisor, then wait until it is ready."""

    def __init__(
        self,
        folder: Path,
        *,
        log_folder: Path,
        password: str,
        durability: Durability = Durability.DURABLE,
        preferred_port: int | None = USUAL_PORT,
        programs: Path | None = None,
    ) -> None:
        self.port = 0
        self._folder = folder
        self._log_folder = log_folder
        self._password = password
        self._durability = durability
        self._preferred_port = preferred_port
        self._given_programs = programs
        self._programs = Path()
        self._user: User | None = None

    @property
    def cluster(self) -> Path:
        """The data directory, once prepared."""
        return self._folder / "cluster"

    @property
    def url(self) -> str:
        """The superuser's URL of the house's database."""
        return self.url_for(SUPERUSER, self._password)

    @property
    def maintenance_url(self) -> str:
        """The superuser's URL of the database that always exists."""
        return self.url_for(SUPERUSER, self._password, database="postgres")

    def url_for(self, role: str, password: str, *, database: str = DATABASE) -> str:
        """Return a URL for a role."""
        return f"postgresql://{role}:{quote(password, safe='')}@{LOOPBACK}:{self.port}/{database}"

    async def prepare(self, say: Say) -> None:
        """Make everything ready to start: folder, cluster, a port; end what an earlier run left running."""
        self._user = pick_user(self._folder)
        self._folder = private_folder(self._folder, self._user)
        self._refuse_foreign_data()
        self._programs = reachable_programs(self._given_programs or find_postgres(), self._user)
        if not self.cluster.exists():
            await self._create_cluster()
        await self._end_orphan(say)
        self._choose_port(say)

    def command(self) -> Command:
        """Return how to run the prepared cluster: fast shutdown on stop, and when we die without a word."""
        settings = SETTINGS | QUIET_LOG | DURABILITY_SETTINGS[self._durability] | {"port": str(self.port)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return Command(
            name="postgres",
            arguments=(str(self._programs / "postgres"), "-D", str(self.cluster), *options),
            log_file=self._log_folder / "postgres.log",
            working_directory=Path("/"),
            environment=self._environment(),
            user=self._user,
            stop_signal=signal.SIGINT,
            stop_seconds=30.0,
            orphan_signal=self._orphan_signal(),
        )

    async def wait_until_ready(self, timeout_seconds: float = 60.0) -> None:
        """Wait until connections are accepted, as pg_ctl does: Postgres says so in its pid file."""
        log = self._log_folder / "postgres.log"
        await wait_until(
            self._says_ready,
            timeout_seconds=timeout_seconds,
            otherwise=lambda: f"Postgres was not ready after {timeout_seconds:g} s. {log}:\n{last_lines(log)}",
        )

    def kill_immediate(self) -> None:
        """Crash it on purpose (`pg_ctl stop -m immediate`); the supervisor starts it again."""
        pid = self._recorded_pid()
        if pid is not None:
            os.kill(pid, signal.SIGQUIT)

    def _orphan_signal(self) -> signal.Signals:
        return signal.SIGINT if self._durability is Durability.DURABLE else signal.SIGQUIT

    def _environment(self) -> dict[str, str]:
        """Nothing of ours but PATH: PG* variables and locales of the user must not leak in."""
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}

    def _refuse_foreign_data(self) -> None:
        if not os.access(self._folder, os.R_OK | os.W_OK | os.X_OK):
            owner = self._folder.stat().st_uid
            raise HouseError(f"{self._folder} belongs to user id {owner}: run as that user, or choose another --data")
        if not is_reachable(self.cluster.parent, self._user):
            raise HouseError(
                f"the user who owns {self._folder} cannot reach it any more: a folder above it was closed. "
                "Open that one (chmod o+x), or choose another --data folder"
            )

    async def _create_cluster(self) -> None:
        """Run initdb beside the final place and rename: an interrupted one is never taken for whole."""
        draft = self._folder / "cluster.new"
        shutil.rmtree(draft, ignore_errors=True)
        password_file = self._folder / "password.tmp"
        password_file.unlink(missing_ok=True)
        password_file.touch(mode=0o600)
        password_file.write_text(self._password)
        give(password_file, self._user)
        try:
            await self._initdb(draft, password_file)
        finally:
            password_file.unlink(missing_ok=True)
        draft.rename(self.cluster)

    async def _initdb(self, draft: Path, password_file: Path) -> None:
        arguments = ["-D", str(draft), "-U", SUPERUSER, f"--pwfile={password_file}", "--auth=scram-sha-256"]
        arguments += ["--data-checksums", "--encoding=UTF8", "--no-instructions", *await self._locale()]
        if self._durability is Durability.FAST_TESTS:
            arguments.append("--no-sync")
        returncode, output = await self._run("initdb", *arguments)
        if returncode != 0:
            raise HouseError(f"initdb could not create the database cluster:\n{output.strip()}")

    async def _locale(self) -> list[str]:
        """Sort by code point everywhere: the same order on every machine, and no ICU or libc versions."""
        _, output = await self._run("postgres", "--version")
        if major_version(output) < BUILTIN_LOCALE_SINCE:
            return ["--locale=C"]
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]

    async def _run(self, program: str, *arguments: str) -> tuple[int, str]:
        """Run one of Postgres's programs to its end; killed if we are cancelled."""
        process = await asyncio.create_subprocess_exec(
            str(self._programs / program),
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=self._environment(),
            cwd="/",
            start_new_session=True,
            user=self._user.uid if self._user else None,
            group=self._user.gid if self._user else None,
            extra_groups=[] if self._user else None,
        )
        try:
            output, _ = await process.communicate()
        except asyncio.CancelledError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            raise
        assert process.returncode is not None
        return process.returncode, output.decode(errors="replace")

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.cluster / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _recorded_pid(self) -> int | None:
        lines = self._pid_file_lines()
        return int(lines[0]) if lines and lines[0].isdigit() else None

    async def _says_ready(self) -> bool:
        """Line 4 is the port and line 8 the status; a stale file of an earlier run has another process id."""
        lines = self._pid_file_lines()
        is_ours = len(lines) >= 8 and lines[3] == str(self.port) and lines[7].strip() == "ready"
        return is_ours and self._is_running(int(lines[0]))

    def _is_running(self, pid: int) -> bool:
        """Say whether this process is a Postgres on our cluster: process ids are used again."""
        return str(self.cluster) in command_line(pid)

    async def _end_orphan(self, say: Say) -> None:
        """We hold the data folder's lock, so a Postgres still on it lost its supervisor: stop it first.

        A pid file whose process is somebody else's by now is removed: Postgres would believe it.
        """
        pid = self._recorded_pid()
        if pid is None:
            return
        if not self._is_running(pid):
            self._forget_reused_pid(pid)
            return
        say("waiting for the Postgres of an earlier run to stop")
        os.kill(pid, signal.SIGINT)

        async def is_gone() -> bool:
            return not self._is_running(pid)

        await wait_until(
            is_gone,
            timeout_seconds=30.0,
            otherwise=lambda: f"an earlier Postgres (process {pid}) on {self.cluster} does not stop; end it first",
        )

    def _forget_reused_pid(self, pid: int) -> None:
        try:
            os.kill(pid, 0)
        except OSError:
            return  # gone, or another user's: Postgres sees that itself
        (self.cluster / "postmaster.pid").unlink(missing_ok=True)

    def _choose_port(self, say: Say) -> None:
        """Prefer the port of last time, so that noted URLs stay right; note it beside the cluster."""
        note = self._folder / "port"
        recorded = int(note.read_text()) if note.exists() else None
        wanted = recorded or self._preferred_port
        self.port = choose_port(recorded, self._preferred_port)
        note.write_text(str(self.port))
        if wanted and self.port != wanted:
            say(f"port {wanted} is in use; Postgres listens on {self.port}")
