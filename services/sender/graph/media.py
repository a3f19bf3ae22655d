"""Files at the Graph API: uploaded, looked up, downloaded, deleted. No proxies, no redirects, no repeats of its own.

Messages have a lean client of their own (decision 0013); files are few and large, and are streamed in both directions.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
import ssl
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpcore

from services.sender.domain.answers import Accepted, Done, Refused, classify
from services.sender.domain.media import MediaRefused, is_allowed_source, media_type
from services.sender.graph.endpoint import Endpoint
from services.sender.ports.media import Announced, Fetched, LinkExpired, MediaAway, MediaGone

HOSTS = frozenset({"graph.facebook.com", "lookaside.fbsbx.com"})
"""Where Meta keeps files; a token is shown to nobody else."""

_PIECE_BYTES = 256 * 1024
_CONNECTIONS = 8
_KEEP_ALIVE_SECONDS = 10.0
_MOST_ANSWER_BYTES = 64 * 1024
_LONGEST_TEXT = 300
# Meta's word for an id it does not know, or knows no longer.
_NO_SUCH_OBJECT = 33
_FAILED = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError)

Headers = Sequence[tuple[str, str]]


class GraphMedia:
    """See ports.media.MediaGraph. `seconds` is for each wait of a call, not for all of it: files are large."""

    def __init__(self, base: str, *, seconds: float, hosts: Collection[str] = HOSTS) -> None:
        """Raises ValueError when `base` is no address."""
        self._endpoint = Endpoint.parse(base)
        parts = urlsplit(base)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._hosts = frozenset(hosts)
        self._timeouts = dict.fromkeys(("connect", "read", "write", "pool"), seconds)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=_CONNECTIONS,
            keepalive_expiry=_KEEP_ALIVE_SECONDS,
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.aclose()

    async def upload(self, content: Path, *, phone_number_id: str, token: str, mime_type: str) -> str:
        """See ports.media.MediaGraph."""
        boundary = secrets.token_hex(16)
        opening, closing = _form(boundary, mime_type)
        size = (await asyncio.to_thread(content.stat)).st_size
        headers = [
            ("Content-Type", f"multipart/form-data; boundary={boundary}"),
            ("Content-Length", str(len(opening) + size + len(closing))),
        ]
        url = f"{self._base}/{quote(phone_number_id, safe='')}/media"
        status, body = await self._ask("POST", url, token, headers, _wrapped(opening, content, closing))
        media_id = _object(body).get("id")
        if status == 200 and isinstance(media_id, str | int) and str(media_id).isdigit():
            return str(media_id)
        raise _refusal(status, body)

    async def look_up(self, media_id: str, *, phone_number_id: str, token: str) -> Announced:
        """See ports.media.MediaGraph."""
        status, body = await self._ask("GET", self._place(media_id, phone_number_id), token)
        found = _object(body)
        if status != 200:
            raise _gone_or_refused(status, body)
        url, size = found.get("url"), found.get("file_size")
        if not isinstance(url, str):
            raise MediaAway("the Graph API gave no address for the file")
        return Announced(
            url=url,
            mime_type=media_type(str(found.get("mime_type", ""))),
            sha256=str(found.get("sha256", "")),
            size=int(size) if isinstance(size, int | str) and str(size).isdigit() else 0,
        )

    async def download(self, url: str, into: Path, *, token: str, most_bytes: int) -> Fetched:
        """See ports.media.MediaGraph."""
        if not is_allowed_source(url, self._hosts, self._origin):
            raise MediaRefused("the file lies at an address that may not see the token")
        async with self._answer("GET", url, token) as response:
            if response.status in (404, 410):
                raise LinkExpired(f"the file's address answered {response.status}")
            if response.status != 200:
                raise MediaAway(f"the file's address answered {response.status}")
            return await _save(response, into, most_bytes)

    async def delete(self, media_id: str, *, phone_number_id: str, token: str) -> None:
        """See ports.media.MediaGraph."""
        status, body = await self._ask("DELETE", self._place(media_id, phone_number_id), token)
        if status != 200:
            raise _gone_or_refused(status, body)

    @property
    def _base(self) -> str:
        return f"{self._origin}{self._endpoint.path}"

    def _place(self, media_id: str, phone_number_id: str) -> str:
        return f"{self._base}/{quote(media_id, safe='')}?phone_number_id={quote(phone_number_id, safe='')}"

    async def _ask(
        self, method: str, url: str, token: str, headers: Headers = (), content: AsyncIterator[bytes] | None = None
    ) -> tuple[int, bytes]:
        async with self._answer(method, url, token, headers, content) as response:
            body = bytearray()
            async for piece in response.aiter_stream():
                body += piece
                if len(body) > _MOST_ANSWER_BYTES:
                    raise MediaAway("the Graph API answered more than it ever says of a file")
            return response.status, bytes(body)

    @asynccontextmanager
    async def _answer(
        self, method: str, url: str, token: str, headers: Headers = (), content: AsyncIterator[bytes] | None = None
    ) -> AsyncIterator[httpcore.Response]:
        if not token.isprintable() or not token.isascii():
            raise MediaAway("the access token holds a sign that no header may hold")
        sent = [
            ("Host", urlsplit(url).netloc),
            ("User-Agent", "PyTake"),
            # Nothing is unpacked here, so nothing packed is asked for: a small answer cannot become a large one.
            ("Accept-Encoding", "identity"),
            ("Authorization", f"Bearer {token}"),
            *headers,
        ]
        try:
            async with self._pool.stream(
                method, url, headers=sent, content=content, extensions={"timeout": self._timeouts}
            ) as response:
                yield response
        except _FAILED as error:
            raise MediaAway(f"no answer about the file ({type(error).__name__})") from error


def _form(boundary: str, mime_type: str) -> tuple[bytes, bytes]:
    """What stands before and behind the file. The name is ours: Meta shows the one that the message gives."""
    fields = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("messaging_product", "whatsapp"), ("type", mime_type))
    )
    file = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="file"\r\nContent-Type: {mime_type}'
    return f"{fields}{file}\r\n\r\n".encode(), f"\r\n--{boundary}--\r\n".encode()


async def _wrapped(opening: bytes, content: Path, closing: bytes) -> AsyncIterator[bytes]:
    yield opening
    with await asyncio.to_thread(content.open, "rb") as file:
        while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
            yield piece
    yield closing


async def _save(response: httpcore.Response, into: Path, most_bytes: int) -> Fetched:
    """Write and digest as it comes; what is too large is left in the middle."""
    digest, size = hashlib.sha256(), 0
    with await asyncio.to_thread(into.open, "wb") as file:
        async for piece in response.aiter_stream():
            size += len(piece)
            if size > most_bytes:
                raise MediaRefused(f"the file is larger than {most_bytes:,} bytes")
            digest.update(piece)
            await asyncio.to_thread(file.write, piece)
    return Fetched(digest.digest(), size)


def _object(body: bytes) -> dict[str, object]:
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _gone_or_refused(status: int, body: bytes) -> Exception:
    error = _object(body).get("error")
    if isinstance(error, dict) and _NO_SUCH_OBJECT in (error.get("code"), error.get("error_subcode")):
        return MediaGone("Meta keeps no such file, or keeps it no longer")
    return _refusal(status, body)


def _refusal(status: int, body: bytes) -> Exception:
    """For good when the code says so; whatever else went wrong may be otherwise later, and is safe to repeat."""
    answer = classify(status, body)
    if isinstance(answer, Refused):
        return MediaRefused(f"Meta refused the file ({answer.text[:_LONGEST_TEXT]})")
    if isinstance(answer, Accepted | Done):
        return MediaAway("the Graph API answered something else than was asked")
    return MediaAway(f"Meta did not take the call ({answer.text[:_LONGEST_TEXT]})")
