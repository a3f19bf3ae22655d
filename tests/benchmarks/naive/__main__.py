"""The naive services: five processes, one unary RPC and one ORM transaction per message in each, nothing batched.

`python -m tests.benchmarks.naive ROLE`; models, flow engine and Graph client are the monolith's. The environment names
DATABASE_URL, META_GRAPH_API_BASE, META_APP_SECRET, ADDRESS (host:port of this role), and PEER_ROUTER and so on.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import sys
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

import grpc
import orjson
import uvicorn
import uvloop
from fastapi import BackgroundTasks, FastAPI, Header, HTTPException, Request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from tests.benchmarks.monolith.app import WEBHOOK_PATH
from tests.benchmarks.monolith.executor_service import ChatbotExecutor
from tests.benchmarks.monolith.models import ConversationLog, Flow, WhatsAppNumber
from tests.benchmarks.monolith.whatsapp_sender import AiohttpSender
from tests.benchmarks.naive.models import Event, OutboundMessage

METHOD = "/naive.Service/Handle"
POOL = 20
CALL_SECONDS = 30.0

Message = dict[str, Any]
Handle = Callable[[Message], Awaitable[None]]
Sessions = async_sessionmaker[AsyncSession]


def peer(role: str) -> Handle:
    """Return what calls another role and waits for its work."""
    channel = grpc.aio.insecure_channel(os.environ[f"PEER_{role.upper()}"], options=[("grpc.enable_http_proxy", 0)])
    method = channel.unary_unary(METHOD, request_serializer=orjson.dumps, response_deserializer=orjson.loads)

    async def call(message: Message) -> None:
        await method(message, timeout=CALL_SECONDS)

    return call


def ingress(sessions: Sessions) -> FastAPI:
    """The webhook: keep the event, answer 200, hand each message on."""
    app, route, secret = FastAPI(), peer("router"), os.environ["META_APP_SECRET"].encode()

    @app.post(WEBHOOK_PATH)
    async def receive(
        request: Request, background: BackgroundTasks, x_hub_signature_256: Annotated[str, Header()] = ""
    ) -> dict[str, str]:
        body = await request.body()
        expected = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), x_hub_signature_256.encode()):
            raise HTTPException(403, "Invalid signature")
        for entry in orjson.loads(body)["entry"]:
            for change in entry["changes"]:
                number = change["value"]["metadata"]["phone_number_id"]
                for message in change["value"].get("messages", ()):
                    async with sessions() as session, session.begin():
                        session.add(Event(wamid=message["id"], payload=message))
                    text = message["text"]["body"]
                    background.add_task(route, {"number": number, "from": message["from"], "text": text})
        return {"status": "received"}

    return app


def router(sessions: Sessions) -> Handle:
    """Find the number and its flow."""
    execute = peer("executor")

    async def handle(message: Message) -> None:
        async with sessions() as session, session.begin():
            query = select(WhatsAppNumber).where(WhatsAppNumber.phone_number_id == message["number"])
            number = (await session.execute(query)).scalar_one()
            main = select(Flow).where(Flow.chatbot_id == number.default_chatbot_id, Flow.is_main.is_(True))
            flow = (await session.execute(main)).scalar_one()
        await execute(message | {"flow_id": str(flow.id), "token": number.access_token})

    return handle


def executor(sessions: Sessions) -> Handle:
    """Run the turn, then say and record each reply."""
    send, record = peer("sender"), peer("analytics")

    async def handle(message: Message) -> None:
        async with sessions() as session, session.begin():
            flow = await session.get_one(Flow, uuid.UUID(message["flow_id"]))
            turn = await ChatbotExecutor(session).advance(flow, message["from"], message["text"])
        for node_id, reply in turn.replies:
            said = message | {"organization": str(flow.organization_id), "node": node_id, "reply": reply}
            await send(said)
            await record(said)

    return handle


def sender(sessions: Sessions) -> Handle:
    """Post a reply and keep it."""
    graph = AiohttpSender(os.environ["META_GRAPH_API_BASE"])

    async def handle(message: Message) -> None:
        await graph.send_text(message["number"], message["token"], message["from"], message["reply"])
        organization_id = uuid.UUID(message["organization"])
        async with sessions() as session, session.begin():
            session.add(OutboundMessage(organization_id=organization_id, to=message["from"], text=message["reply"]))

    return handle


def analytics(sessions: Sessions) -> Handle:
    """Keep the log."""

    async def handle(message: Message) -> None:
        log = ConversationLog(
            organization_id=uuid.UUID(message["organization"]),
            phone_number=message["from"],
            flow_id=uuid.UUID(message["flow_id"]),
            user_message=message["text"],
            bot_response=message["reply"],
            node_id=message["node"],
        )
        async with sessions() as session, session.begin():
            session.add(log)

    return handle


HANDLERS: Mapping[str, Callable[[Sessions], Handle]] = {
    "router": router,
    "executor": executor,
    "sender": sender,
    "analytics": analytics,
}


async def serve(handle: Handle, address: str) -> None:
    """Serve one role until it is ended."""

    async def answer(message: Message, context: object) -> dict[str, bool]:
        await handle(message)
        return {"ok": True}

    method = grpc.unary_unary_rpc_method_handler(
        answer, request_deserializer=orjson.loads, response_serializer=orjson.dumps
    )
    server = grpc.aio.server()
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("naive.Service", {"Handle": method})])
    server.add_insecure_port(address)
    await server.start()
    await server.wait_for_termination()


async def main(role: str) -> None:
    """Run one role of the five."""
    engine = create_async_engine(os.environ["DATABASE_URL"], pool_size=POOL, max_overflow=0)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    address = os.environ["ADDRESS"]
    if role != "ingress":
        await serve(HANDLERS[role](sessions), address)
        return
    host, _, port = address.rpartition(":")
    config = uvicorn.Config(
        ingress(sessions), host=host, port=int(port), http="httptools", access_log=False, log_level="warning",
        timeout_keep_alive=120,
    )  # fmt: skip
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(sys.argv[1]))
