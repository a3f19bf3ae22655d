"""What looks into a contact's file before it is kept: nothing, a program, or a clamd daemon."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Sequence
from pathlib import Path

from services.sender.ports.media import ScannerAway

_PIECE_BYTES = 64 * 1024
_LONGEST_VERDICT = 1000
_SECONDS = 120.0


class NoScanner:
    """Everything is taken for harmless."""

    async def complaint(self, content: Path) -> str | None:
        """See ports.media.VirusScanner."""
        return None


class ProgramScanner:
    """A program that gets the file's path as its last argument: it ends with 0 (harmless), 1 (not), else no verdict."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = tuple(command)

    async def complaint(self, content: Path) -> str | None:
        """See ports.media.VirusScanner."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                str(content),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
        except OSError as error:
            raise ScannerAway(f"the scanner cannot be started ({type(error).__name__})") from error
        try:
            async with asyncio.timeout(_SECONDS):
                status = await process.wait()
        except TimeoutError:
            raise ScannerAway(f"the scanner gave no verdict within {_SECONDS:g} seconds") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if status not in (0, 1):
            raise ScannerAway(f"the scanner ended with status {status}")
        return "its program says so" if status else None


class ClamdScanner:
    """A clamd daemon on a socket of this machine, which gets the content itself (clamd(8), INSTREAM)."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    async def complaint(self, content: Path) -> str | None:
        """See ports.media.VirusScanner."""
        try:
            async with asyncio.timeout(_SECONDS):
                verdict = await self._ask(content)
        except (OSError, TimeoutError, asyncio.LimitOverrunError) as error:
            raise ScannerAway(f"clamd gave no verdict ({type(error).__name__})") from error
        if verdict.endswith("OK"):
            return None
        if verdict.endswith("FOUND"):
            return verdict.removeprefix("stream: ").removesuffix(" FOUND")
        raise ScannerAway(f"clamd gave no verdict ({verdict})")

    async def _ask(self, content: Path) -> str:
        reader, writer = await asyncio.open_unix_connection(str(self._socket), limit=_LONGEST_VERDICT)
        try:
            writer.write(b"zINSTREAM\0")
            with await asyncio.to_thread(content.open, "rb") as file:
                while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
                    writer.write(struct.pack("!I", len(piece)) + piece)
                    await writer.drain()
            writer.write(struct.pack("!I", 0))
            await writer.drain()
            return (await reader.read(_LONGEST_VERDICT)).rstrip(b"\0").decode(errors="replace").strip()
        finally:
            writer.close()
