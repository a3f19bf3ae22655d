"""The only module that talks to the Graph API."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime

import aiohttp
from aiohttp import payload
from aiohttp.abc import AbstractStreamWriter

from services.chassis import clock
from services.sender import metrics
from services.sender.domain.answers import Accepted, Ambiguous, Answer, NotSent, classify
from services.sender.ports import Freshness

# Meta's answers are some hundred bytes; whatever is larger is no answer of the Graph API.
_LARGEST_ANSWER = 256 * 1024
_LONGEST_RETRY_AFTER = 3600.0
# Shorter than what servers and load balancers keep: a connection that is closed under a request leaves a doubt.
_KEEP_ALIVE_SECONDS = 30.0


class TooOld(Exception):
    """The permission to send grew too old before the request was written; nothing was sent."""


class GuardedPayload(payload.BytesPayload):
    """A body that is written only while its permission is fresh, and remembers whether it was.

    aiohttp sends the headers together with the first byte of the body, so `is_written` False means that Meta cannot
    have seen a whole request: the failure is certain, whatever it was.
    """

    def __init__(self, value: bytes, is_fresh: Freshness) -> None:
        super().__init__(value, content_type="application/json")
        self._is_fresh = is_fresh
        self.is_written = False

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Write the body. Raises TooOld."""
        if not self._is_fresh():
            raise TooOld
        self.is_written = True
        await super().write_with_length(writer, content_length)


class GraphApi:
    """Posts messages over kept-alive connections; no proxies, no redirects, no repeats of its own (ports.Graph)."""

    def __init__(self, base: str, *, timeout_seconds: float, connections: int) -> None:
        self._base = base.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Open the pool."""
        connector = aiohttp.TCPConnector(
            limit=self._connections, keepalive_timeout=_KEEP_ALIVE_SECONDS, ttl_dns_cache=60
        )
        self._session = aiohttp.ClientSession(
            connector=connector, timeout=self._timeout, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()
        )

    async def stop(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()

    async def post(self, *, phone_number_id: str, token: str, body: bytes, is_fresh: Freshness) -> Answer:
        """Post a message; never raises but CancelledError."""
        guarded = GuardedPayload(body, is_fresh)
        started = clock.monotonic()
        answer = await self._post(f"{self._base}/{phone_number_id}/messages", token, guarded)
        metrics.graph_seconds.observe(clock.monotonic() - started)
        metrics.answers_total.labels(type(answer).__name__).inc()
        return answer

    async def _post(self, url: str, token: str, guarded: GuardedPayload) -> Answer:
        assert self._session is not None
        headers = {"Authorization": f"Bearer {token}"}
        try:
            async with self._session.post(url, data=guarded, headers=headers, allow_redirects=False) as response:
                content = await response.content.read(_LARGEST_ANSWER)
                while not response.content.at_eof() and len(content) < _LARGEST_ANSWER:
                    content += await response.content.read(_LARGEST_ANSWER - len(content))
                return classify(response.status, content, retry_after(response.headers.get("Retry-After")))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            if guarded.is_written:
                return Ambiguous(0, f"no answer from the Graph API ({type(error).__name__})")
            return NotSent(f"the Graph API could not be reached ({type(error).__name__})")

    async def check(self, *, phone_number_id: str, token: str) -> str:
        """Ask for the number itself: nothing when all is well, else one sentence with the mend."""
        assert self._session is not None
        url, headers = f"{self._base}/{phone_number_id}", {"Authorization": f"Bearer {token}"}
        try:
            async with self._session.get(
                url, params={"fields": "id"}, headers=headers, allow_redirects=False
            ) as response:
                if response.status == 200:
                    return ""
                answer = classify(response.status, await response.content.read(_LARGEST_ANSWER))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            return "the Graph API did not answer; check META_GRAPH_API_BASE and the way out to it"
        text = "" if isinstance(answer, Accepted) else answer.text
        return f"the Graph API refused the token for this number ({text}); put a new one with `pytake apply`"


def retry_after(header: str | None) -> float | None:
    """Retry-After in seconds; it may be a number or a date (RFC 9110, section 10.2.3). Meta documents neither."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), _LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - clock.now()).total_seconds(), 0.0), _LONGEST_RETRY_AFTER)
