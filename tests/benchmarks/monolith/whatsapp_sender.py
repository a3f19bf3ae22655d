"""Sends texts by the Graph API, with httpx as the seed's templates do, or with aiohttp."""

from __future__ import annotations

from typing import Any, Protocol

import aiohttp
import httpx

TIMEOUT_SECONDS = 30.0
CONNECTIONS = 256


class WhatsAppSender(Protocol):
    """Posts one text; raises when the answer is not 2xx."""

    async def send_text(self, phone_number_id: str, access_token: str, to: str, text: str) -> None: ...

    async def close(self) -> None: ...


class HttpxSender:
    """One AsyncClient with kept connections for the life of the process."""

    def __init__(self, graph_api_base: str) -> None:
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        self._base = graph_api_base
        self._client = httpx.AsyncClient(limits=limits, timeout=TIMEOUT_SECONDS, trust_env=False)

    async def send_text(self, phone_number_id: str, access_token: str, to: str, text: str) -> None:
        response = await self._client.post(
            f"{self._base}/{phone_number_id}/messages", json=_body(to, text), headers=_headers(access_token)
        )
        response.raise_for_status()

    async def close(self) -> None:
        await self._client.aclose()


class AiohttpSender:
    """One ClientSession with kept connections for the life of the process."""

    def __init__(self, graph_api_base: str) -> None:
        self._base = graph_api_base
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=CONNECTIONS),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
            raise_for_status=True,
        )

    async def send_text(self, phone_number_id: str, access_token: str, to: str, text: str) -> None:
        url = f"{self._base}/{phone_number_id}/messages"
        async with self._session.post(url, json=_body(to, text), headers=_headers(access_token)) as response:
            await response.read()

    async def close(self) -> None:
        await self._session.close()


def make_sender(http_client: str, graph_api_base: str) -> WhatsAppSender:
    """Return the sender with the named client; call it with the event loop running."""
    return HttpxSender(graph_api_base) if http_client == "httpx" else AiohttpSender(graph_api_base)


def _body(to: str, text: str) -> dict[str, Any]:
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": to,
        "type": "text",
        "text": {"preview_url": False, "body": text},
    }


def _headers(access_token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {access_token}"}
