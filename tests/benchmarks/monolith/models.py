"""The monolith's tables as ORM classes: numbers, chatbots, flows, states and logs."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, ForeignKey, Index, String, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


def now() -> datetime:
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """Ids are random UUIDs made here; times know their zone; JSON is JSONB."""

    type_annotation_map = {  # noqa: RUF012  # the name and form that SQLAlchemy asks for
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[str]: JSONB,
        uuid.UUID: Uuid,
    }


class WhatsAppNumber(Base):
    """A business number and the chatbot that answers it."""

    __tablename__ = "whatsapp_numbers"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    organization_id: Mapped[uuid.UUID]
    phone_number_id: Mapped[str] = mapped_column(String(64), unique=True)
    access_token: Mapped[str]
    default_chatbot_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("chatbots.id", ondelete="SET NULL"))
    is_active: Mapped[bool] = mapped_column(default=True)


class Chatbot(Base):
    """A chatbot; the fallback one answers numbers that have none."""

    __tablename__ = "chatbots"
    __table_args__ = (Index("ix_chatbots_organization", "organization_id", "is_fallback"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    organization_id: Mapped[uuid.UUID]
    name: Mapped[str]
    is_active: Mapped[bool] = mapped_column(default=True)
    is_fallback: Mapped[bool] = mapped_column(default=False)


class Flow(Base):
    """A flow as the builder drew it: nodes and edges."""

    __tablename__ = "flows"
    __table_args__ = (Index("ix_flows_chatbot", "chatbot_id", "is_main"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    organization_id: Mapped[uuid.UUID]
    chatbot_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("chatbots.id", ondelete="CASCADE"))
    name: Mapped[str]
    canvas_data: Mapped[dict[str, Any]]
    is_main: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)


class ConversationState(Base):
    """Where one person is in one flow."""

    __tablename__ = "conversation_states"
    __table_args__ = (
        UniqueConstraint("organization_id", "phone_number", "flow_id", name="uq_conv_org_phone_flow"),
        Index("ix_states_flow", "organization_id", "flow_id", "is_active"),
        Index("ix_states_expiry", "session_expires_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    organization_id: Mapped[uuid.UUID]
    phone_number: Mapped[str] = mapped_column(String(20))
    flow_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("flows.id", ondelete="CASCADE"))
    current_node_id: Mapped[str | None] = mapped_column(String(255))
    variables: Mapped[dict[str, Any]] = mapped_column(default=dict)
    execution_path: Mapped[list[str]] = mapped_column(default=list)
    is_active: Mapped[bool] = mapped_column(default=True)
    last_message_at: Mapped[datetime] = mapped_column(default=now)
    session_expires_at: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)


class ConversationLog(Base):
    """One turn: what the person wrote and what the bot answered."""

    __tablename__ = "conversation_logs"
    __table_args__ = (
        Index("ix_logs_flow", "organization_id", "flow_id", "timestamp"),
        Index("ix_logs_phone", "organization_id", "phone_number", "timestamp"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    organization_id: Mapped[uuid.UUID]
    phone_number: Mapped[str] = mapped_column(String(20))
    flow_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("flows.id", ondelete="CASCADE"))
    user_message: Mapped[str | None]
    bot_response: Mapped[str]
    node_id: Mapped[str] = mapped_column(String(255))
    timestamp: Mapped[datetime] = mapped_column(default=now)
