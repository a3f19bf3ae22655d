"""Files in a bucket of a store that speaks S3: three requests, signed by us. No proxies, no redirects, no repeats.

A library for all of S3 would be larger than the rest of sender; what is needed are PUT, GET and DELETE of one object.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpcore

from services.sender.objects.signature import Credentials, canonical_path, signed_headers
from services.sender.ports.media import ObjectMissing, StoreAway

_PIECE_BYTES = 256 * 1024
_CONNECTIONS = 16
_KEEP_ALIVE_SECONDS = 10.0
_EMPTY = hashlib.sha256(b"").hexdigest()
_PORTS = {"http": 80, "https": 443}
_FAILED = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket, in the style of paths: `endpoint`/`name`/key. `authority` is what the Host header says."""

    scheme: str
    host: str
    port: int
    authority: str
    name: str

    @staticmethod
    def parse(endpoint: str, name: str) -> Bucket:
        """Read an endpoint such as https://s3.eu-west-1.example. Raises ValueError."""
        parts = urlsplit(endpoint)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("it must begin with https:// or http:// and name a host")
        if parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None:
            raise ValueError("it may hold a host and a port, nothing else")
        if not name or not name.isascii() or not name.replace("-", "").replace(".", "").isalnum():
            raise ValueError("the bucket's name has letters, digits, dots and hyphens only")
        return Bucket(parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme], parts.netloc, name)


class S3Store:
    """See ports.media.MediaStore. `seconds` is for each wait of a request, not for all of it: files are large."""

    def __init__(
        self, bucket: Bucket, credentials: Credentials, *, now: Callable[[], datetime], seconds: float
    ) -> None:
        self._bucket = bucket
        self._credentials = credentials
        self._now = now
        self._timeouts = dict.fromkeys(("connect", "read", "write", "pool"), seconds)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=_CONNECTIONS,
            keepalive_expiry=_KEEP_ALIVE_SECONDS,
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.aclose()

    async def put(self, key: str, content: Path, *, sha256: bytes, mime_type: str) -> None:
        """See ports.media.MediaStore; the store itself compares the digest, for it is signed."""
        size = (await asyncio.to_thread(content.stat)).st_size
        headers = {"Content-Length": str(size), "Content-Type": mime_type}
        async with self._answer("PUT", key, headers, sha256.hex(), _pieces(content)) as response:
            if response.status != 200:
                raise await _refusal(response)

    async def read(self, key: str) -> AsyncIterator[bytes]:
        """See ports.media.MediaStore."""
        async with self._answer("GET", key, {}, _EMPTY) as response:
            if response.status == 404:
                raise ObjectMissing(key)
            if response.status != 200:
                raise await _refusal(response)
            async for piece in response.aiter_stream():
                yield piece

    async def delete(self, key: str) -> None:
        """See ports.media.MediaStore."""
        async with self._answer("DELETE", key, {}, _EMPTY) as response:
            if response.status not in (200, 204, 404):
                raise await _refusal(response)

    @asynccontextmanager
    async def _answer(
        self,
        method: str,
        key: str,
        headers: Mapping[str, str],
        payload: str,
        content: AsyncIterator[bytes] | None = None,
    ) -> AsyncIterator[httpcore.Response]:
        bucket = self._bucket
        path = canonical_path(f"/{bucket.name}/{key}")
        sent = signed_headers(
            self._credentials,
            method=method,
            path=path,
            headers={"Host": bucket.authority, **headers},
            payload=payload,
            moment=self._now(),
        )
        url = httpcore.URL(scheme=bucket.scheme, host=bucket.host, port=bucket.port, target=path)
        try:
            async with self._pool.stream(
                method, url, headers=list(sent.items()), content=content, extensions={"timeout": self._timeouts}
            ) as response:
                yield response
        except _FAILED as error:
            raise StoreAway(f"the store of files did not answer ({type(error).__name__})") from error
        except OSError as error:
            raise StoreAway(f"the file could not be read ({type(error).__name__})") from error


async def _pieces(content: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(content.open, "rb") as file:
        while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
            yield piece


async def _refusal(response: httpcore.Response) -> StoreAway:
    """What the store said, without its text: that may hold keys."""
    await response.aclose()
    return StoreAway(f"the store of files answered {response.status}; check its bucket, its keys and its clock")
