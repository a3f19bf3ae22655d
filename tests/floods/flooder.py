"""One flooding process: `python -m tests.floods.flooder KIND PORT SECONDS SHARE`; prints what was answered, as JSON.

A bare client, so that the machine is left to what is flooded. SHARE divides connections and rate.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections import Counter
from dataclasses import replace
from typing import cast

import uvloop

from tests.floods.kinds import KINDS, Kind

_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
# Requests are made beforehand: making them would cost more than sending them.
MADE = 200
MADE_BYTES = 64 * 1024 * 1024
TICK_SECONDS = 0.005
RETRY_SECONDS = 0.05


class Flood:
    """All connections of one process, and what came of them."""

    def __init__(self, kind: Kind, port: int, seconds: float) -> None:
        self.kind = kind
        self._port = port
        self._seconds = seconds
        size = len(kind.make(kind.number))
        self.requests = [kind.make(kind.number) for _ in range(max(1, min(MADE, MADE_BYTES // size)))]
        self.sent = 0
        self.answers: Counter[str] = Counter()
        self.idle: list[Connection] = []
        self.is_over = False
        self._opening: set[asyncio.Task[None]] = set()

    async def run(self) -> dict[str, object]:
        """Flood for the time given."""
        began = time.monotonic()
        for _ in range(self.kind.connections):
            self.open()
        if self.kind.manner == "requests" and self.kind.per_second:
            await self._pace(began)
        await asyncio.sleep(max(0.0, began + self._seconds - time.monotonic()))
        self.is_over = True
        for task in self._opening:
            task.cancel()
        seconds = time.monotonic() - began
        return {"sent": self.sent, "answers": dict(self.answers), "seconds": seconds}

    async def _pace(self, began: float) -> None:
        """Send as many as are due by now over the connections that are idle."""
        while (passed := time.monotonic() - began) < self._seconds:
            due = int(passed * self.kind.per_second)
            while self.sent < due and self.idle:
                self.idle.pop().send()
            await asyncio.sleep(TICK_SECONDS)

    def open(self) -> None:
        """Open a connection, after a moment when nobody lets it in."""
        if not self.is_over:
            task = asyncio.get_running_loop().create_task(self._open())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _open(self) -> None:
        while not self.is_over:
            try:
                await asyncio.get_running_loop().create_connection(lambda: Connection(self), "127.0.0.1", self._port)
            except OSError:
                self.answers["not let in"] += 1
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return

    def is_answered(self, connection: Connection, status: str) -> None:
        """Count an answer, and go on as the kind wants it."""
        self.answers[status] += 1
        if self.is_over or connection.transport.is_closing():
            return
        if self.kind.is_fresh:
            connection.transport.close()
        elif self.kind.manner == "drips":
            return
        elif self.kind.per_second:
            self.idle.append(connection)
        else:
            connection.send()


class Connection(asyncio.Protocol):
    """One request at a time; a connection that ends makes room for another one."""

    transport: asyncio.Transport

    def __init__(self, flood: Flood) -> None:
        self._flood = flood
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio.Protocol."""
        self.transport = cast("asyncio.Transport", transport)
        flood = self._flood
        if flood.kind.manner == "requests" and flood.kind.per_second and not flood.kind.is_fresh:
            flood.idle.append(self)
        else:
            self.send()

    def send(self) -> None:
        """Send the next request, or its beginning."""
        flood = self._flood
        request = flood.requests[flood.sent % len(flood.requests)]
        flood.sent += 1
        if flood.kind.manner == "requests":
            self.transport.write(request)
            return
        self.transport.write(request[: flood.kind.begins])
        self._rest = request[flood.kind.begins :]
        asyncio.get_running_loop().call_later(1.0, self._drip)

    def _drip(self) -> None:
        if self.transport.is_closing() or self._flood.is_over:
            return
        self.transport.write(self._rest[:1])
        self._rest = self._rest[1:]
        asyncio.get_running_loop().call_later(1.0, self._drip)

    def data_received(self, data: bytes) -> None:
        """asyncio.Protocol: an answer; they are small and come in one piece."""
        for status in _STATUS.findall(data):
            self._flood.is_answered(self, status.decode())

    def eof_received(self) -> None:
        """asyncio.Protocol: the server says no more."""

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio.Protocol."""
        flood = self._flood
        if self in flood.idle:
            flood.idle.remove(self)
        if not flood.is_over:
            flood.answers["closed"] += 1
            flood.open()


def main() -> None:
    """Flood and tell."""
    name, port, seconds, share = sys.argv[1:]
    kind = next(kind for kind in KINDS if kind.name == name)
    connections, per_second = kind.connections / float(share), kind.per_second / float(share)
    kind = replace(kind, connections=max(1, round(connections)), per_second=round(per_second))
    print(json.dumps(uvloop.run(Flood(kind, int(port), float(seconds)).run())))


if __name__ == "__main__":
    main()
