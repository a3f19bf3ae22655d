"""Finds who answers a number, has the flow run, and sends the replies."""

from __future__ import annotations

import logging
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from tests.benchmarks.monolith.executor_service import ChatbotExecutor
from tests.benchmarks.monolith.models import Chatbot, Flow, WhatsAppNumber
from tests.benchmarks.monolith.whatsapp_sender import WhatsAppSender

logger = logging.getLogger(__name__)


class MessageRouter:
    """Serves the background task of one webhook."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession], sender: WhatsAppSender) -> None:
        self._sessions = sessions
        self._sender = sender

    async def process(self, payload: dict[str, Any]) -> None:
        """Answer every text of a webhook; nobody waits for this, so what fails is only logged."""
        for entry in payload.get("entry", []):
            for change in entry.get("changes", []):
                value = change.get("value", {})
                for message in value.get("messages", []):
                    try:
                        await self._answer(value["metadata"]["phone_number_id"], message)
                    except Exception:
                        logger.exception("message %s was not processed", message.get("id"))

    async def _answer(self, phone_number_id: str, message: dict[str, Any]) -> None:
        """One transaction for the turn; the connection goes back to the pool before the network is used."""
        async with self._sessions() as session:
            number = await self._number(session, phone_number_id)
            chatbot = await self._chatbot(session, number) if number else None
            flow = await self._main_flow(session, chatbot) if chatbot else None
            if number is None or flow is None:
                logger.warning("nobody answers number %s", phone_number_id)
                return
            replies = await ChatbotExecutor(session).execute(flow, message["from"], message["text"]["body"])
            await session.commit()
        for reply in replies:
            await self._sender.send_text(number.phone_number_id, number.access_token, message["from"], reply)

    async def _number(self, session: AsyncSession, phone_number_id: str) -> WhatsAppNumber | None:
        query = select(WhatsAppNumber).where(
            WhatsAppNumber.phone_number_id == phone_number_id, WhatsAppNumber.is_active.is_(True)
        )
        return (await session.execute(query)).scalar_one_or_none()

    async def _chatbot(self, session: AsyncSession, number: WhatsAppNumber) -> Chatbot | None:
        if number.default_chatbot_id is not None:
            return await session.get(Chatbot, number.default_chatbot_id)
        query = select(Chatbot).where(Chatbot.organization_id == number.organization_id, Chatbot.is_fallback.is_(True))
        return (await session.execute(query)).scalar_one_or_none()

    async def _main_flow(self, session: AsyncSession, chatbot: Chatbot) -> Flow | None:
        query = select(Flow).where(Flow.chatbot_id == chatbot.id, Flow.is_main.is_(True), Flow.is_active.is_(True))
        return (await session.execute(query)).scalar_one_or_none()
