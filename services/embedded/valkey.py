"""Embedded Valkey: limits, caches and wake-up calls, all of which may be lost, so nothing is saved."""

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from services.embedded.addresses import LOOPBACK, choose_port
from services.embedded.binaries import find_valkey
from services.embedded.process import Command, last_lines
from services.embedded.waiting import wait_until

USUAL_PORT = 6379

CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
save ""
appendonly no
maxmemory 256mb
maxmemory-policy allkeys-lru
hz 1
dir {folder}
"""


class EmbeddedValkey:
    """One server whose `folder` holds only its configuration and the port of last time."""

    def __init__(
        self,
        folder: Path,
        *,
        log_folder: Path,
        password: str,
        preferred_port: int | None = USUAL_PORT,
        program: Path | None = None,
    ) -> None:
        self.port = 0
        self._folder = folder
        self._log_folder = log_folder
        self._password = password
        self._preferred_port = preferred_port
        self._program = program

    @property
    def url(self) -> str:
        """The URL clients use."""
        return f"redis://:{quote(self._password, safe='')}@{LOOPBACK}:{self.port}/0"

    def prepare(self, say: Callable[[str], None]) -> None:
        """Choose a port, last time's if it is free, and write the configuration (it holds the password)."""
        self._program = self._program or find_valkey()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        note = self._folder / "port"
        recorded = int(note.read_text()) if note.exists() else None
        wanted = recorded or self._preferred_port
        self.port = choose_port(recorded, self._preferred_port)
        note.write_text(str(self.port))
        if wanted and self.port != wanted:
            say(f"port {wanted} is in use; Valkey listens on {self.port}")
        self._write_configuration()

    def command(self) -> Command:
        """Return how to run the prepared server."""
        assert self._program is not None
        return Command(
            name="valkey",
            arguments=(str(self._program), str(self._configuration)),
            log_file=self._log_folder / "valkey.log",
            working_directory=self._folder,
            environment={"PATH": os.environ.get("PATH", os.defpath)},
            stop_seconds=5.0,
        )

    async def wait_until_ready(self, timeout_seconds: float = 20.0) -> None:
        """Wait until it answers PING on its port with our password."""
        log = self._log_folder / "valkey.log"
        await wait_until(
            self._answers,
            timeout_seconds=timeout_seconds,
            otherwise=lambda: f"Valkey was not ready after {timeout_seconds:g} s. {log}:\n{last_lines(log)}",
        )

    @property
    def _configuration(self) -> Path:
        return self._folder / "valkey.conf"

    def _write_configuration(self) -> None:
        self._configuration.touch(mode=0o600)
        text = CONFIGURATION.format(
            host=LOOPBACK, port=self.port, password=self._password, folder=f'"{self._folder.absolute()}"'
        )
        self._configuration.write_text(text)

    async def _answers(self) -> bool:
        """Speak the two lines of RESP ourselves: importing a client costs more than starting the server."""
        try:
            reader, writer = await asyncio.open_connection(LOOPBACK, self.port)
        except OSError:
            return False
        try:
            writer.write(f"AUTH {self._password}\r\nPING\r\n".encode())
            answers = [await reader.readline(), await reader.readline()]
        except OSError:
            return False
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        return answers == [b"+OK\r\n", b"+PONG\r\n"]
