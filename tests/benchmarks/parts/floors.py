"""What a webhook server costs that does less than ingress: uvicorn --factory runs one of these.

None of them keeps anything: a crash after the 200 loses the message. They answer at ingress' webhook path.
"""

import hashlib
import hmac
import os
from typing import Any

from fastapi import FastAPI, Request
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from services.embedded.rooms import WEBHOOK_PATH

RECEIVED = b'{"status":"received"}'
_SIGNATURE = "x-hub-signature-256"


def plain_asgi() -> Any:
    """Read the body and answer: what uvicorn itself costs."""

    async def answer(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        while (await receive()).get("more_body", False):
            pass
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(RECEIVED)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": RECEIVED})

    return answer


async def _take(request: Request) -> Response:
    await request.body()
    return Response(RECEIVED, media_type="application/json")


def starlette_route() -> Starlette:
    """Starlette with the webhook as its one route."""
    return Starlette(routes=[Route(WEBHOOK_PATH, _take, methods=["POST"])])


def fastapi_raw() -> FastAPI:
    """A FastAPI app with the webhook as a raw route: verifies nothing, parses nothing, stores nothing."""
    app = FastAPI()
    app.add_route(WEBHOOK_PATH, _take, methods=["POST"])
    return app


def fastapi_raw_signed() -> FastAPI:
    """The same, with the signature looked at."""
    secret = os.environ["META_APP_SECRET"].encode()

    async def take(request: Request) -> Response:
        expected = "sha256=" + hmac.new(secret, await request.body(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, request.headers.get(_SIGNATURE, "")):
            return Response(status_code=403)
        return Response(RECEIVED, media_type="application/json")

    app = FastAPI()
    app.add_route(WEBHOOK_PATH, take, methods=["POST"])
    return app


def pywa_fastapi() -> FastAPI:
    """pywa's webhook server on FastAPI: its signature check, its parsing, a handler that does next to nothing.

    pywa answers 200 first and handles the update in a background task of the same process.
    """
    from pywa_async.client import WhatsApp
    from pywa_async.types import Message

    app = FastAPI()
    whatsapp = WhatsApp(
        phone_id="108000000000000",
        token="EAA-of-nobody",
        server=app,
        webhook_endpoint=WEBHOOK_PATH,
        verify_token="verify",
        app_secret=os.environ["META_APP_SECRET"],
        filter_updates=False,  # all hundred numbers are ours
    )
    heard = 0

    @whatsapp.on_message()
    async def hear(_: WhatsApp, message: Message) -> None:
        nonlocal heard
        heard += len(message.text or "") > 0

    @app.get("/heard")
    async def tell() -> int:
        return heard

    return app
