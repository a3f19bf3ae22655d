"""Ask a process whether it is ready, in the fewest bytes: no HTTP library is loaded for that."""

import asyncio
import contextlib

PROBE_SECONDS = 2.0


async def is_ready(ops_address: str) -> bool:
    """Say whether GET /readyz answers 200; anything else, also silence, is no."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            status_line = await first_line(ops_address, "/readyz")
    except (OSError, TimeoutError):
        return False
    return status_line.split(b" ")[1:2] == [b"200"]


async def is_listening(address: str) -> bool:
    """Say whether something accepts connections at host:port."""
    host, _, port = address.rpartition(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


async def first_line(address: str, path: str) -> bytes:
    """Send a GET and return the status line."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n".encode())
        return await reader.readline()
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
