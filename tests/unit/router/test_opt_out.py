"""Stop and start words: what is one, what it tells sender, and when the message goes on."""

from uuid import uuid5

import pytest

from services.chassis.errors import InvalidArgument
from services.router.domain.opt_out import DEFAULTS, Consent, Language, clashes, compile_words, folded
from services.router.domain.organization import languages_as_text, languages_in
from tests.unit.router.town import NOW, Town, message, number

WORDS = compile_words(DEFAULTS)
SECONDS = int(NOW.timestamp())


@pytest.mark.parametrize(
    "text", ["STOP", " stop. ", "Parar!", "PARE", "Não quero mensagens", "nao  quero mensagens", "baja"]
)
def test_a_stop_word_is_known_in_every_language_and_spelling(text: str) -> None:
    word = WORDS.meant_by(kind="text", text=text)
    assert word is not None
    assert word.is_out


@pytest.mark.parametrize("text", ["não pare", "stop sending shoes", "sair", "cancelar", "", "oi"])
def test_what_says_something_else_is_no_stop_word(text: str) -> None:
    assert WORDS.meant_by(kind="text", text=text) is None


def test_a_word_is_answered_in_its_language() -> None:
    stop, baja = (WORDS.meant_by(kind="button", text=text) for text in ("unsubscribe", "baja"))
    assert stop is not None
    assert baja is not None
    assert (stop.answer, baja.answer) == (DEFAULTS["en"].stopped_text, DEFAULTS["es"].stopped_text)


def test_a_caption_is_no_word() -> None:
    assert WORDS.meant_by(kind="image", text="stop") is None


def test_the_words_that_come_with_pytake_contradict_nobody() -> None:
    assert clashes(DEFAULTS) == []
    assert all(language.stopped_text and language.started_text for language in DEFAULTS.values())


def test_words_are_compared_without_accents_case_and_signs() -> None:
    assert folded("  ¡Não   Más! ") == "nao mas"


def test_words_are_stored_as_they_were_put() -> None:
    languages = {"pt": Language(("chega",), ("volta",), "Até logo", "")}
    assert languages_in(languages_as_text(languages)) == languages
    assert languages_in(None) is DEFAULTS


async def test_sender_has_a_stop_word_before_executor_has_the_message() -> None:
    town = Town()
    organization_id = await town.organization(number())
    seen: list[int] = []
    town.executor.answer = lambda _: seen.append(len(town.sender.heard))  # type: ignore[func-returns-value]
    assert await town.route(message("e1", text="Parar")) == ["ok"]
    (consent,) = town.sender.heard
    assert isinstance(consent, Consent)
    assert (consent.organization_id, consent.wa_id) == (organization_id, "5581900000001")
    assert (consent.kind, consent.is_out, consent.said_at_ms) == ("all", True, SECONDS * 1000)
    assert seen == [1]


async def test_a_stop_word_is_confirmed_once_however_often_it_comes() -> None:
    town = Town()
    await town.organization(number())
    for _ in range(2):
        await town.route(message("e1", text="Parar"))
    ids = {
        each.confirmation.message_id for each in town.sender.heard if isinstance(each, Consent) and each.confirmation
    }
    (conversation_id,) = town.store.rows.conversations
    assert ids == {uuid5(conversation_id, "consent:e1")}


async def test_the_flow_is_told_that_the_contact_wants_no_messages() -> None:
    town = Town()
    await town.organization(number())
    await town.route(message("e1", text="oi"), message("e2", text="stop"))
    await town.route(message("e3", text="start"))
    assert [routed.contact.profile.opted_in for routed in town.executor.taken] == [None, False, True]
    (contact,) = town.store.rows.contacts.values()
    assert contact.profile.opted_in is True


async def test_who_never_stopped_agrees_to_nothing_by_a_start_word() -> None:
    town = Town()
    await town.organization(number())
    await town.route(message("e1", text="start"))
    assert [routed.contact.profile.opted_in for routed in town.executor.taken] == [None]


async def test_a_stop_word_waits_for_sender_with_all_of_its_conversation() -> None:
    town = Town()
    await town.organization(number())
    town.sender.is_away = True
    outcomes = await town.route(
        message("e1", text="stop"), message("e2", text="oi"), message("e3", wa_id="5581900000002", text="oi")
    )
    assert outcomes == ["retry", "retry", "ok"]
    town.sender.is_away = False
    assert await town.route(message("e1", text="stop"), message("e2", text="oi")) == ["ok", "ok"]
    assert [routed.message.event_id for routed in town.executor.taken] == ["e3", "e1", "e2"]


async def test_an_organization_has_its_own_words_or_none() -> None:
    town = Town()
    organization_id = await town.organization(number())
    own = [("pt", Language(("chega",), ("volta",)))]
    put = town.directory.put_opt_out_words
    assert await put(organization_id=organization_id, languages=own, is_off=False)
    assert not await put(organization_id=organization_id, languages=own, is_off=False)
    await town.route(message("e1", text="Chega!"), message("e2", text="stop"))
    assert [each.confirmation for each in town.sender.heard if isinstance(each, Consent)] == [None]
    await put(organization_id=organization_id, languages=[], is_off=True)
    await town.route(message("e3", text="chega"))
    assert len(town.sender.heard) == 1
    await put(organization_id=organization_id, languages=[], is_off=False)
    await town.route(message("e4", text="stop"))
    assert len(town.sender.heard) == 2


@pytest.mark.parametrize(
    "languages",
    [
        [("pt", Language(("chega",), ("Chega!",)))],
        [("pt", Language(("...",)))],
        [("pt", Language(("x" * 61,)))],
        [("pt", Language()), ("pt", Language())],
        [("", Language())],
    ],
)
async def test_words_that_cannot_be_are_refused(languages: list[tuple[str, Language]]) -> None:
    town = Town()
    organization_id = await town.organization(number())
    with pytest.raises(InvalidArgument):
        await town.directory.put_opt_out_words(organization_id=organization_id, languages=languages, is_off=False)
