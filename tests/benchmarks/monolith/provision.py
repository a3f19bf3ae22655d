"""Gives the monolith and the naive services their tables, and one organization with the road's numbers and flow."""

import uuid
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from tests.benchmarks.flows import workshop_flow
from tests.benchmarks.monolith.models import Base, Chatbot, Flow, WhatsAppNumber
from tests.benchmarks.naive.models import Event


async def provision(database_url: str, phone_number_ids: Sequence[str]) -> None:
    """Create everything in an empty database (a postgresql+psycopg URL)."""
    engine = create_async_engine(database_url)
    assert Event.metadata is Base.metadata  # both have all tables; the ones a variant does not use stay empty
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    organization_id = uuid.uuid4()
    async with AsyncSession(engine) as session, session.begin():
        chatbot = Chatbot(id=uuid.uuid4(), organization_id=organization_id, name="Oficina")
        session.add(chatbot)
        await session.flush()
        session.add(_flow(chatbot))
        session.add_all(_number(chatbot, phone_number_id) for phone_number_id in phone_number_ids)
    await engine.dispose()


def _flow(chatbot: Chatbot) -> Flow:
    document = workshop_flow()
    return Flow(
        organization_id=chatbot.organization_id,
        chatbot_id=chatbot.id,
        name=document["name"],
        canvas_data={"nodes": document["nodes"], "edges": document["edges"]},
        is_main=True,
    )


def _number(chatbot: Chatbot, phone_number_id: str) -> WhatsAppNumber:
    return WhatsAppNumber(
        organization_id=chatbot.organization_id,
        phone_number_id=phone_number_id,
        access_token=f"EAA-of-{phone_number_id}",
        default_chatbot_id=chatbot.id,
    )
