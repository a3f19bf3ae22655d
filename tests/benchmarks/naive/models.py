"""The tables that the naive services have beside the monolith's."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from tests.benchmarks.monolith.models import Base, now


class Event(Base):
    """What came in; Meta's id counts once."""

    __tablename__ = "events"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    wamid: Mapped[str] = mapped_column(String(255), unique=True)
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime] = mapped_column(default=now)


class OutboundMessage(Base):
    """What went out."""

    __tablename__ = "messages"
    __table_args__ = (Index("ix_messages_to", "organization_id", "to", "sent_at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    organization_id: Mapped[uuid.UUID]
    to: Mapped[str] = mapped_column(String(20))
    text: Mapped[str]
    sent_at: Mapped[datetime] = mapped_column(default=now)
