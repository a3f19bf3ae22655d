"""Calls on behalf of flows: one deadline, bounded answers, no proxies, redirects checked like the first URL."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urljoin

import httpcore

from services.chassis.egress.addresses import Network
from services.chassis.egress.dialler import CheckedDialler, Resolve, system_addresses
from services.chassis.egress.refusals import Answer, Forbidden, NoAnswer, TooSlow, Unreachable
from services.chassis.egress.target import Target, read_target

SECONDS = 10.0
MOST_ANSWER_BYTES = 1024 * 1024
MOST_BODY_BYTES = 256 * 1024
MOST_HEADER_BYTES = 16 * 1024
MOST_REDIRECTS = 3
PORTS = frozenset({80, 443})
CONNECTIONS = 50
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})

_KEEP_ALIVE_SECONDS = 10.0
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
# What says how the connection is used is ours to say.
_OURS = frozenset(
    {
        "accept-encoding", "connection", "content-length", "expect", "host", "keep-alive", "te", "trailer",
        "transfer-encoding", "upgrade",
    }
)  # fmt: skip
# All that another origin may see of what was meant for the first one.
_HARMLESS = frozenset({"accept", "accept-language", "content-type", "user-agent"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEEP_METHOD = frozenset({307, 308})


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    target: Target
    headers: Mapping[str, str]
    body: bytes


class Egress:
    """A pool of connections to public addresses. `allowed` networks may be called though they are not public."""

    def __init__(
        self,
        *,
        allowed: Sequence[Network] = (),
        ports: Collection[int] = PORTS,
        resolve: Resolve = system_addresses,
        network: httpcore.AsyncNetworkBackend | None = None,
        seconds: float = SECONDS,
        connections: int = CONNECTIONS,
    ) -> None:
        self._ports = frozenset(ports)
        self._seconds = seconds
        dialler = CheckedDialler(resolve=resolve, network=network or httpcore.AnyIOBackend(), allowed=allowed)
        # A kept connection leads to a checked address; nothing of a call is kept with it.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(),
            max_connections=connections,
            keepalive_expiry=_KEEP_ALIVE_SECONDS,
            network_backend=dialler,
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.aclose()

    async def call(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b"", seconds: float | None = None
    ) -> Answer:
        """Make a call and follow its redirects, within `seconds`. Raises Forbidden or NoAnswer."""
        seconds = self._seconds if seconds is None else seconds
        call = _Call(_checked_method(method), read_target(url, self._ports), _checked_headers(headers), body)
        if len(body) > MOST_BODY_BYTES:
            raise Forbidden(f"the body has {len(body)} bytes; at most {MOST_BODY_BYTES} are allowed")
        try:
            async with asyncio.timeout(seconds):
                return await self._follow(call, seconds)
        except (TimeoutError, httpcore.TimeoutException):
            raise TooSlow(f"no whole answer came within {seconds:g} seconds") from None
        except (httpcore.NetworkError, httpcore.RemoteProtocolError) as error:
            raise Unreachable(f"the connection failed ({type(error).__name__})") from error
        except httpcore.ProtocolError as error:
            raise NoAnswer("the answer is no HTTP") from error

    async def _follow(self, call: _Call, seconds: float) -> Answer:
        for _ in range(MOST_REDIRECTS + 1):
            answer = await self._once(call, seconds)
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTS or location is None:
                return answer
            call = self._redirected(call, answer.status, location)
        raise NoAnswer(f"the call was redirected more than {MOST_REDIRECTS} times")

    def _redirected(self, call: _Call, status: int, location: str) -> _Call:
        try:
            url = urljoin(call.target.url, location)
        except ValueError:
            raise NoAnswer("the call was redirected to something that is no URL") from None
        target = read_target(url, self._ports)
        if call.target.scheme == "https" and target.scheme != "https":
            raise Forbidden("the call was redirected from https to http")
        headers = call.headers
        if target.origin != call.target.origin:
            headers = {name: value for name, value in headers.items() if name.lower() in _HARMLESS}
        if status in _KEEP_METHOD or call.method in ("GET", "HEAD"):
            return replace(call, target=target, headers=headers)
        headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
        return _Call("GET", target, headers, b"")

    async def _once(self, call: _Call, seconds: float) -> Answer:
        target = call.target
        host = str(target.address) if target.address is not None else target.host
        url = httpcore.URL(
            scheme=target.scheme.encode(), host=host.encode(), port=target.port, target=target.path.encode()
        )
        # Nothing is unpacked here, so nothing packed is asked for: a small answer cannot become a large one.
        own = {"Host": target.authority, "Accept-Encoding": "identity"}
        if call.body or call.method in ("POST", "PUT", "PATCH"):
            own["Content-Length"] = str(len(call.body))
        sent = [(name.encode(), value.encode("latin-1")) for name, value in {**own, **call.headers}.items()]
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), seconds)
        async with self._pool.stream(
            call.method, url, headers=sent, content=call.body or None, extensions={"timeout": timeouts}
        ) as response:
            return await _read(response)


async def _read(response: httpcore.Response) -> Answer:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
    if response.status < 200:
        raise NoAnswer("the answer asks for another protocol")
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise NoAnswer("the answer is packed, which was not asked for")
    body = bytearray()
    async for chunk in response.aiter_stream():
        body += chunk
        if len(body) > MOST_ANSWER_BYTES:
            raise NoAnswer(f"the answer is larger than {MOST_ANSWER_BYTES} bytes")
    return Answer(response.status, headers, bytes(body))


def _checked_method(method: str) -> str:
    if method.upper() not in METHODS:
        raise Forbidden(f"the method {method[:20]!r} may not be used; use one of {', '.join(sorted(METHODS))}")
    return method.upper()


def _checked_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    """Headers as they are, if they may be sent: each once, within the limit, none that begins another one."""
    size = 0
    seen: set[str] = set()
    for name, value in headers.items():
        lower = name.lower()
        if not _NAME.fullmatch(name) or lower in seen:
            raise Forbidden(f"the header {name[:60]!r} is no header's name, or is there twice")
        if lower in _OURS or lower.startswith("proxy-"):
            raise Forbidden(f"the header {name} may not be set; it follows from the call")
        if not _VALUE.fullmatch(value):
            raise Forbidden(f"the header {name} holds a sign that no header may hold")
        seen.add(lower)
        size += len(name) + len(value)
    if size > MOST_HEADER_BYTES:
        raise Forbidden(f"the headers have {size} characters; at most {MOST_HEADER_BYTES} are allowed")
    return headers
