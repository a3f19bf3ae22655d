"""The shapes of organizations, numbers and chatbots."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from services.ingress.domain.people import (
    ChatbotView,
    NewNumber,
    NumberChange,
    NumberView,
    OrganizationView,
)
from services.ingress.http.rest.people_requests import given, given_id
from services.ingress.http.rest.rules import NO_SPACES, PLACE_OF_TIME, Flag

_FLOW = "4c1d3c6e-1a1e-4a57-9d0b-2f6f5f1e0b11"
_CHATBOT = "8f2a6c1e-0b7d-5b4e-9c33-7a1e5d2f4b66"

DisplayNumber = Annotated[str, Field(max_length=60, examples=["+55 11 3333-4444"])]
AccountId = Annotated[str, Field(pattern="^[0-9]{0,32}$", description="The WhatsApp Business Account; may be empty.")]
AccessToken = Annotated[
    str,
    Field(
        max_length=4096,
        description="For the Graph API; kept encrypted and never told. Left out, it stays.",
        json_schema_extra=NO_SPACES,
    ),
]


class Organization(BaseModel):
    """An organization."""

    id: str = Field(examples=["0b8e4a4e-7a0c-4a44-9a53-8f3e7f5f1c11"])
    name: str = Field(examples=["Padaria da Bia"])
    fallback_flow_id: str | None = Field(description="The flow used when nothing else answers.", examples=[_FLOW])
    time_zone: str = Field(examples=["America/Sao_Paulo"])

    @classmethod
    def of(cls, found: OrganizationView) -> Organization:
        """From an organization."""
        return cls(
            id=found.id, name=found.name, fallback_flow_id=found.fallback_flow_id or None, time_zone=found.time_zone
        )


class OrganizationList(BaseModel):
    """Organizations by name."""

    organizations: list[Organization]


class OrganizationPatch(BaseModel):
    """What changes; what is left out stays."""

    fallback_flow_id: UUID | None = Field(default=None, description="null means none.", examples=[_FLOW])
    time_zone: str = Field(default="", max_length=60, examples=["America/Sao_Paulo"], json_schema_extra=PLACE_OF_TIME)


class Number(BaseModel):
    """A business number."""

    id: str = Field(description="Meta's id of the number.", examples=["106540352242922"])
    phone_number_id: str = Field(description="The same.", examples=["106540352242922"])
    display_phone_number: str = Field(examples=["+55 11 3333-4444"])
    default_chatbot_id: str | None = Field(description="The chatbot that answers.", examples=[_CHATBOT])
    default_flow_id: str | None = Field(description="The flow that answers before the chatbot's.", examples=[None])
    app: str | None = Field(
        description="The Meta app that must sign for it, as organization_id/app; null takes any of the house.",
        examples=[None],
    )
    is_active: bool = Field(description="Whether it takes part at all.", examples=[True])
    waba_id: str | None = Field(description="The WhatsApp Business Account.", examples=["102290129340398"])

    @classmethod
    def of(cls, number: NumberView) -> Number:
        """From a number."""
        return cls(
            id=number.phone_number_id,
            phone_number_id=number.phone_number_id,
            display_phone_number=number.display_phone_number,
            default_chatbot_id=number.chatbot_id or None,
            default_flow_id=number.default_flow_id or None,
            app=number.app or None,
            is_active=number.is_active,
            waba_id=number.waba_id or None,
        )


class NumberList(BaseModel):
    """Numbers by id."""

    numbers: list[Number]


class NumberRequest(BaseModel):
    """A number to be made."""

    phone_number_id: str = Field(pattern="^[0-9]{1,32}$", examples=["106540352242922"])
    display_phone_number: DisplayNumber = ""
    default_chatbot_id: UUID | None = Field(default=None, examples=[_CHATBOT])
    default_flow_id: UUID | None = Field(default=None, examples=[None])
    app: str = Field(
        default="",
        max_length=120,
        pattern=r"^[^/\x00]*$",
        description="One of your Meta apps, by name; left out, the house's own.",
        examples=[""],
    )
    is_active: Flag = True
    waba_id: AccountId = ""
    access_token: AccessToken = Field(
        default="",
        description="For the Graph API; kept encrypted and never told. It must open the number: so it is yours.",
    )

    def read(self) -> NewNumber:
        """As the service behind takes it."""
        return NewNumber(
            phone_number_id=self.phone_number_id,
            display_phone_number=self.display_phone_number,
            chatbot_id=self.default_chatbot_id,
            default_flow_id=self.default_flow_id,
            app=self.app,
            is_active=self.is_active,
            waba_id=self.waba_id,
            access_token=self.access_token,
        )


class NumberPut(BaseModel):
    """What changes of a number; what is left out stays, null means none."""

    display_phone_number: DisplayNumber = ""
    default_chatbot_id: UUID | None = Field(default=None, examples=[_CHATBOT])
    default_flow_id: UUID | None = Field(default=None, examples=[None])
    is_active: Flag = True
    waba_id: AccountId = ""
    access_token: AccessToken = ""

    def read(self) -> NumberChange:
        """As the service behind takes it."""
        return NumberChange(
            display_phone_number=given(self, "display_phone_number"),
            chatbot_id=given_id(self, "default_chatbot_id"),
            default_flow_id=given_id(self, "default_flow_id"),
            is_active=given(self, "is_active"),
            waba_id=given(self, "waba_id"),
        )


class Chatbot(BaseModel):
    """A chatbot."""

    id: str = Field(examples=[_CHATBOT])
    name: str = Field(examples=["Encomendas"])
    main_flow_id: str | None = Field(description="The flow it runs when no keyword fits.", examples=[_FLOW])
    is_active: bool = Field(description="Whether it answers at all.", examples=[True])

    @classmethod
    def of(cls, chatbot: ChatbotView) -> Chatbot:
        """From a chatbot."""
        return cls(
            id=chatbot.id,
            name=chatbot.name,
            main_flow_id=chatbot.main_flow_id or None,
            is_active=chatbot.is_active,
        )


class ChatbotList(BaseModel):
    """Chatbots by name."""

    chatbots: list[Chatbot]


class ChatbotRequest(BaseModel):
    """A chatbot to be made; its name stays."""

    name: str = Field(min_length=1, max_length=120, examples=["Encomendas"])
    main_flow_id: UUID | None = Field(default=None, examples=[_FLOW])
    is_active: Flag = True


class ChatbotPatch(BaseModel):
    """What changes; what is left out stays, null means none."""

    main_flow_id: UUID | None = Field(default=None, examples=[_FLOW])
    is_active: Flag = True
