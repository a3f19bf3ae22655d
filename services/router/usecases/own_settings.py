"""What an organization's own people set up: the organization, numbers, chatbots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar
from uuid import UUID, uuid5

from services.chassis.errors import AlreadyExists, InvalidArgument
from services.pb.common.v1 import errors_pb2
from services.router.domain.organization import Chatbot, Number, Organization
from services.router.ports.people import NumberProof, SettingsStore
from services.router.usecases.fields import number_id, stored_text, text_of, time_zone
from services.router.usecases.unknown import unknown_chatbot, unknown_number

MOST_NUMBER = 60
# The app that META_APP_SECRET describes (ingress' apps.py). A number that its own people made is never open to every
# app of the house: a neighbour's would sign what is said to it, and read it if the number was claimed first.
HOUSE_APP = f"{UUID(int=0)}/house"

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Unchanged:
    """What stays as it is."""


UNCHANGED = Unchanged()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationChange:
    """What changes of an organization."""

    fallback_flow_id: UUID | Unchanged | None = UNCHANGED
    time_zone: str | Unchanged = UNCHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberChange:
    """What changes of a number."""

    display_phone_number: str | Unchanged = UNCHANGED
    chatbot_id: UUID | Unchanged | None = UNCHANGED
    default_flow_id: UUID | Unchanged | None = UNCHANGED
    is_active: bool | Unchanged = UNCHANGED
    waba_id: str | Unchanged = UNCHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatbotChange:
    """What changes of a chatbot; its name stays, for its id is made from it."""

    main_flow_id: UUID | Unchanged | None = UNCHANGED
    is_active: bool | Unchanged = UNCHANGED


class OwnSettings:
    """What one organization has set up."""

    def __init__(self, store: SettingsStore, proof: NumberProof | None) -> None:
        """`proof` is None where whoever comes first has a number."""
        self._store = store
        self._proof = proof

    async def organization(self, *, organization_id: UUID) -> Organization:
        """The organization. Raises NotFound."""
        return await self._store.organization(organization_id=organization_id)

    async def change_organization(
        self, *, organization_id: UUID, change: OrganizationChange
    ) -> tuple[Organization, bool]:
        """Change it; tells whether anything changed. Raises InvalidArgument or NotFound."""
        if not isinstance(change.time_zone, Unchanged):
            time_zone("time_zone", change.time_zone)

        def edit(before: Organization) -> Organization:
            return replace(
                before,
                fallback_flow_id=_or(change.fallback_flow_id, before.fallback_flow_id),
                time_zone=_or(change.time_zone, before.time_zone),
            )

        return await self._store.edit_organization(organization_id=organization_id, edit=edit)

    async def numbers(self, *, organization_id: UUID) -> Sequence[Number]:
        """By phone_number_id."""
        return await self._store.list_numbers(organization_id=organization_id)

    async def number(self, *, organization_id: UUID, phone_number_id: str) -> Number:
        """One number. Raises NotFound."""
        numbers = await self._store.list_numbers(organization_id=organization_id)
        for number in numbers:
            if number.phone_number_id == phone_number_id:
                return number
        raise unknown_number()

    async def create_number(self, *, organization_id: UUID, number: Number, access_token: str) -> Number:
        """Make a number; the token proves that it is theirs.

        Raises InvalidArgument, AlreadyExists, NotFound for the chatbot, or Unavailable when nobody could be asked.
        """
        number_id("phone_number_id", number.phone_number_id)
        _checked_number(number)
        if number.app and number.app.partition("/")[0] != str(organization_id):
            raise InvalidArgument("app is another organization's; name one of your own, or leave it empty")

        if self._proof is not None:
            if not access_token:
                raise InvalidArgument("access_token is missing; a token that opens the number proves that it is yours")
            await self._proof.prove(
                organization_id=organization_id, phone_number_id=number.phone_number_id, access_token=access_token
            )

        def edit(before: Number | None) -> Number:
            if before is not None:
                raise AlreadyExists(
                    "the organization has this number already; change it", reason=errors_pb2.ERROR_REASON_NUMBER_EXISTS
                )
            return replace(number, app=number.app or HOUSE_APP)

        made, _ = await self._store.edit_number(
            organization_id=organization_id, phone_number_id=number.phone_number_id, edit=edit
        )
        return made

    async def change_number(
        self, *, organization_id: UUID, phone_number_id: str, change: NumberChange
    ) -> tuple[Number, bool]:
        """Change a number; tells whether anything changed. Raises InvalidArgument or NotFound."""
        number_id("phone_number_id", phone_number_id)

        def edit(before: Number | None) -> Number:
            if before is None:
                raise unknown_number()
            return _checked_number(
                replace(
                    before,
                    display_phone_number=_or(change.display_phone_number, before.display_phone_number),
                    chatbot_id=_or(change.chatbot_id, before.chatbot_id),
                    default_flow_id=_or(change.default_flow_id, before.default_flow_id),
                    is_active=_or(change.is_active, before.is_active),
                    waba_id=_or(change.waba_id, before.waba_id),
                )
            )

        return await self._store.edit_number(
            organization_id=organization_id, phone_number_id=phone_number_id, edit=edit
        )

    async def chatbots(self, *, organization_id: UUID) -> Sequence[Chatbot]:
        """By name."""
        return await self._store.list_chatbots(organization_id=organization_id)

    async def chatbot(self, *, organization_id: UUID, chatbot_id: UUID) -> Chatbot:
        """One chatbot. Raises NotFound."""
        for chatbot in await self._store.list_chatbots(organization_id=organization_id):
            if chatbot.chatbot_id == chatbot_id:
                return chatbot
        raise unknown_chatbot()

    async def create_chatbot(
        self, *, organization_id: UUID, name: str, main_flow_id: UUID | None, is_active: bool
    ) -> Chatbot:
        """Make a chatbot. Raises InvalidArgument or AlreadyExists."""
        text_of("name", name, most=120)
        chatbot = Chatbot(uuid5(organization_id, f"chatbot:{name}"), name, main_flow_id, is_active)

        def edit(before: Chatbot | None) -> Chatbot:
            if before is not None:
                raise AlreadyExists(
                    "a chatbot of the organization has this name already; change it, or choose another name",
                    reason=errors_pb2.ERROR_REASON_CHATBOT_EXISTS,
                )
            return chatbot

        made, _ = await self._store.edit_chatbot(
            organization_id=organization_id, chatbot_id=chatbot.chatbot_id, edit=edit
        )
        return made

    async def change_chatbot(
        self, *, organization_id: UUID, chatbot_id: UUID, change: ChatbotChange
    ) -> tuple[Chatbot, bool]:
        """Change a chatbot; tells whether anything changed. Raises NotFound."""

        def edit(before: Chatbot | None) -> Chatbot:
            if before is None:
                raise unknown_chatbot()
            return replace(
                before,
                main_flow_id=_or(change.main_flow_id, before.main_flow_id),
                is_active=_or(change.is_active, before.is_active),
            )

        return await self._store.edit_chatbot(organization_id=organization_id, chatbot_id=chatbot_id, edit=edit)

    async def delete_chatbot(self, *, organization_id: UUID, chatbot_id: UUID) -> None:
        """Remove a chatbot. Raises NotFound."""
        if not await self._store.delete_chatbot(organization_id=organization_id, chatbot_id=chatbot_id):
            raise unknown_chatbot()


def _checked_number(number: Number) -> Number:
    stored_text("display_phone_number", number.display_phone_number, most=MOST_NUMBER)
    if number.waba_id:
        number_id("waba_id", number.waba_id)
    return number


def _or(changed: Value | Unchanged, before: Value) -> Value:
    return before if isinstance(changed, Unchanged) else changed
