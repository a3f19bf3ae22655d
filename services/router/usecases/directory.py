"""Organizations and what they set up. Every put is idempotent and says whether anything changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID, uuid5

from services.chassis.errors import InvalidArgument
from services.router.domain.opt_out import MOST_CHARACTERS, Language, clashes, folded
from services.router.domain.organization import (
    Chatbot,
    Number,
    Organization,
    Trigger,
    languages_as_text,
)
from services.router.domain.texts import normal
from services.router.ports import DirectoryStore
from services.router.usecases.fields import app_of, number_id, stored_text, text_of, time_zone

DEFAULT_TIME_ZONE = "America/Sao_Paulo"
MOST_TRIGGERS = 1000
MOST_LANGUAGES = 20
MOST_TEXT = 1024


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
        if number.waba_id:
            number_id("waba_id", number.waba_id)
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

    async def put_opt_out_words(
        self, *, organization_id: UUID, languages: Sequence[tuple[str, Language]], is_off: bool
    ) -> bool:
        """Replace the words that stop messages and bring them back; none of them: the usual ones."""
        by_name = _checked_languages(languages)
        if is_off and by_name:
            raise InvalidArgument("is_off is set and languages is not empty; choose one of them")
        words = languages_as_text(by_name) if by_name or is_off else None
        return await self._store.put_opt_out_words(organization_id=organization_id, words=words)


def _checked_languages(languages: Sequence[tuple[str, Language]]) -> dict[str, Language]:
    if len(languages) > MOST_LANGUAGES:
        raise InvalidArgument(f"languages has {len(languages)} entries; use at most {MOST_LANGUAGES}")
    by_name: dict[str, Language] = {}
    for place, (name, language) in enumerate(languages):
        field = f"languages[{place}]"
        text_of(f"{field}.language", name, most=20)
        if name in by_name:
            raise InvalidArgument(f"{field}.language is {name!r} a second time; put both together")
        for word in (*language.stop_words, *language.start_words):
            if not folded(text_of(f"{field}: a word", word, most=MOST_CHARACTERS)):
                raise InvalidArgument(f"{field}: {word!r} has no letter or digit; take it out")
        stored_text(f"{field}.stopped_text", language.stopped_text, most=MOST_TEXT)
        stored_text(f"{field}.started_text", language.started_text, most=MOST_TEXT)
        by_name[name] = language
    if twice := clashes(by_name):
        raise InvalidArgument(f"{twice[0]!r} both stops messages and starts them; keep one")
    return by_name


def _checked(place: int, trigger: Trigger) -> Trigger:
    field = f"triggers[{place}]"
    text_of(f"{field}.keyword", trigger.keyword, most=200)
    if not normal(trigger.keyword):
        raise InvalidArgument(f"{field}.keyword is empty after trimming; give it a visible character")
    if trigger.phone_number_id:
        number_id(f"{field}.phone_number_id", trigger.phone_number_id)
    return replace(trigger, keyword=trigger.keyword.strip())
