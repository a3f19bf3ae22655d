"""What sender knows as the Graph API: requests out, meanings back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Literal

import orjson

from services.chassis import clock
from services.chassis.errors import Unavailable
from services.pb.common.v1 import errors_pb2
from services.sender import metrics
from services.sender.domain.answers import Accepted, Ambiguous, Answer, NotSent, classify
from services.sender.graph.client import Client, NotWritten
from services.sender.graph.connection import NoAnswer
from services.sender.graph.endpoint import Endpoint
from services.sender.ports import Freshness, Managed

_LONGEST_RETRY_AFTER = 3600.0
# Shorter than what servers and load balancers keep: a connection that is closed under a request leaves a doubt.
_KEEP_ALIVE_SECONDS = 30.0


class GraphApi:
    """Posts messages over kept-alive connections; no proxies, no redirects, no repeats of its own (ports.Graph)."""

    def __init__(self, base: str, *, timeout_seconds: float, connections: int) -> None:
        """Raises ValueError when `base` is no address."""
        self._endpoint = Endpoint.parse(base)
        self._client = Client(
            self._endpoint,
            timeout_seconds=timeout_seconds,
            connections=connections,
            keep_alive_seconds=_KEEP_ALIVE_SECONDS,
        )

    async def start(self) -> None:
        """Open the pool."""
        self._client.start()

    async def stop(self) -> None:
        """Close the pool."""
        await self._client.stop()

    async def post(self, *, phone_number_id: str, token: str, body: bytes, is_fresh: Freshness) -> Answer:
        """Post a message; never raises but CancelledError."""
        started = clock.monotonic()
        answer = await self._post(phone_number_id, token, body, is_fresh)
        metrics.graph_seconds.observe(clock.monotonic() - started)
        metrics.answers_total.labels(type(answer).__name__).inc()
        return answer

    async def _post(self, phone_number_id: str, token: str, body: bytes, is_fresh: Freshness) -> Answer:
        try:
            request = self._endpoint.post(phone_number_id, token, body)
        except ValueError as error:
            return NotSent(str(error))
        try:
            response = await self._client.send(request, is_fresh)
        except NotWritten as error:
            return NotSent(f"the Graph API could not be reached ({error})")
        except NoAnswer as error:
            return Ambiguous(0, f"no answer from the Graph API ({error})")
        return classify(response.status, response.body, retry_after(response.retry_after))

    async def ask(self, path: Sequence[str], query: Mapping[str, str], *, token: str) -> Mapping[str, object] | str:
        """Ask for something; what the Graph API tells, or why it does not, one sentence with the mend."""
        try:
            request = self._endpoint.get(path, query, token)
            response = await self._client.send(request, lambda: True)
        except (NoAnswer, NotWritten, ValueError):
            return "the Graph API did not answer; check META_GRAPH_API_BASE and the way out to it"
        if response.status != 200:
            answer = classify(response.status, response.body)
            text = "" if isinstance(answer, Accepted) else answer.text
            return f"the Graph API refused the token for this number ({text}); put a new one with `pytake apply`"
        try:
            told = orjson.loads(response.body)
        except orjson.JSONDecodeError:
            told = None
        return told if isinstance(told, dict) else "the Graph API answered something that is no JSON object"

    async def manage(
        self,
        method: Literal["GET", "POST", "DELETE"],
        path: Sequence[str],
        *,
        token: str,
        query: Mapping[str, str],
        body: bytes = b"",
    ) -> Managed:
        """Ask for `path`. Raises errors.Unavailable when no answer comes: then nobody knows what was done."""
        try:
            request = self._endpoint.manage(method, path, token, query, body)
            response = await self._client.send(request, lambda: True)
        except (NoAnswer, NotWritten, ValueError) as error:
            raise Unavailable(
                "the Graph API did not answer; try again, or check META_GRAPH_API_BASE and the way out to it",
                reason=errors_pb2.ERROR_REASON_PEER_UNAVAILABLE,
            ) from error
        try:
            document = orjson.loads(response.body)
        except orjson.JSONDecodeError:
            document = None
        return Managed(response.status, document if isinstance(document, dict) else None)


def retry_after(header: str | None) -> float | None:
    """Retry-After in seconds; it may be a number or a date (RFC 9110, section 10.2.3). Meta documents neither."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), _LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - clock.now()).total_seconds(), 0.0), _LONGEST_RETRY_AFTER)
