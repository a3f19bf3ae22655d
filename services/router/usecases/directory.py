"""Organizations and what they set up. Every put is idempotent and says whether anything changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID, uuid5

from services.chassis.errors import InvalidArgument
from services.router.domain.organization import Chatbot, Number, Organization, Trigger, normal
from services.router.ports import DirectoryStore
from services.router.usecases.fields import app_of, number_id, stored_text, text_of, time_zone

DEFAULT_TIME_ZONE = "America/Sao_Paulo"
MOST_TRIGGERS = 1000


class Directory:
    """Checks what is put and stores it."""

    def __init__(self, store: DirectoryStore, new_id: Callable[[], UUID]) -> None:
        self._store = store
        self._new_id = new_id

    async def put_organization(
        self, *, name: str, fallback_flow_id: UUID | None, zone: str, replace_settings: bool
    ) -> tuple[UUID, bool]:
        """Create or find by name; an existing one's settings change only when `replace_settings`."""
        return await self._store.put_organization(
            organization_id=self._new_id(),
            name=text_of("name", name, most=120),
            fallback_flow_id=fallback_flow_id,
            time_zone=time_zone("time_zone", zone or DEFAULT_TIME_ZONE),
            replace=replace_settings,
        )

    async def list_organizations(self, *, name: str) -> Sequence[Organization]:
        """By name; an empty `name` means all."""
        return await self._store.list_organizations(name=stored_text("name", name, most=120))

    async def put_chatbot(
        self, *, organization_id: UUID, name: str, main_flow_id: UUID | None, is_active: bool
    ) -> tuple[UUID, bool]:
        """Create or replace by name; the id is made from the name."""
        text_of("name", name, most=120)
        chatbot = Chatbot(uuid5(organization_id, f"chatbot:{name}"), name, main_flow_id, is_active)
        return chatbot.chatbot_id, await self._store.put_chatbot(organization_id=organization_id, chatbot=chatbot)

    async def put_number(self, *, organization_id: UUID, number: Number) -> bool:
        """Create or replace by phone_number_id."""
        number_id("phone_number_id", number.phone_number_id)
        stored_text("display_phone_number", number.display_phone_number, most=60)
        app_of("app", number.app)
        return await self._store.put_number(organization_id=organization_id, number=number)

    async def list_numbers(self, *, organization_id: UUID) -> Sequence[Number]:
        """By phone_number_id."""
        return await self._store.list_numbers(organization_id=organization_id)

    async def put_triggers(self, *, organization_id: UUID, triggers: Sequence[Trigger]) -> bool:
        """Replace all; earlier ones win."""
        if len(triggers) > MOST_TRIGGERS:
            raise InvalidArgument(f"triggers has {len(triggers)} entries; use at most {MOST_TRIGGERS}")
        checked = [_checked(place, trigger) for place, trigger in enumerate(triggers)]
        return await self._store.put_triggers(organization_id=organization_id, triggers=checked)


def _checked(place: int, trigger: Trigger) -> Trigger:
    field = f"triggers[{place}]"
    text_of(f"{field}.keyword", trigger.keyword, most=200)
    if not normal(trigger.keyword):
        raise InvalidArgument(f"{field}.keyword is empty after trimming; give it a visible character")
    if trigger.phone_number_id:
        number_id(f"{field}.phone_number_id", trigger.phone_number_id)
    return replace(trigger, keyword=trigger.keyword.strip())
