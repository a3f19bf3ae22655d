"""Stop words, preferences and news of templates through router's RPCs, on real Postgres."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest

from services.chassis.errors import InvalidArgument, NotFound
from services.pb.common.v1 import events_pb2, results_pb2
from services.pb.router.v1 import router_pb2
from services.pb.sender.v1 import sender_pb2
from tests.fixtures.servers import Database
from tests.integration.router.house import Replica, house
from tests.integration.router.test_rpc import message, new_number, outcomes

OK, UNROUTABLE = results_pb2.ITEM_OUTCOME_OK, results_pb2.ITEM_OUTCOME_UNROUTABLE


async def put_words(replica: Replica, organization_id: str, *languages: router_pb2.OptOutLanguage) -> bool:
    request = router_pb2.PutOptOutWordsRequest(organization_id=organization_id, languages=languages)
    return bool((await replica.directory("PutOptOutWords", request)).is_changed)


async def test_a_stop_word_tells_sender_and_later_messages_tell_the_flow(
    module_database: Database, tmp_path: Path
) -> None:
    async with house(module_database.url_of("router"), tmp_path) as built:
        (replica,), notes = built.replicas, built.notes
        phone = new_number()
        organization_id = await replica.organization(phone)
        for text in ("oi", "Parar!", "oi", "voltar a receber"):
            assert outcomes(await replica.route(message(phone, text=text, user_id="BR.7"))) == [OK]
    stop, start = notes.notices
    assert (stop.organization_id, stop.notice.preference.wa_id) == (organization_id, "5591900000001")
    assert (stop.notice.preference.user_id, stop.notice.preference.kind) == ("BR.7", "all")
    assert [each.notice.preference.is_out for each in (stop, start)] == [True, False]
    confirmation = stop.confirmation
    assert confirmation.is_confirmation
    assert "não vai mais receber" in confirmation.content.text.body
    assert confirmation.conversation_id == notes.events[0].conversation_id
    told = [event.contact_opted_in if event.HasField("contact_opted_in") else None for event in notes.events]
    assert told == [None, False, False, True]


async def test_words_are_put_and_audited_and_hold_at_once(module_database: Database, tmp_path: Path) -> None:
    async with house(module_database.url_of("router"), tmp_path) as built:
        (replica,), notes = built.replicas, built.notes
        phone = new_number()
        organization_id = await replica.organization(phone)
        words = router_pb2.OptOutLanguage(language="pt", stop_words=["chega"], stopped_text="Até logo")
        assert await put_words(replica, organization_id, words)
        assert not await put_words(replica, organization_id, words)
        await replica.route(message(phone, text="parar"), message(phone, text="CHEGA"))
        assert [each.confirmation.content.text.body for each in notes.notices] == ["Até logo"]
        assert await put_words(replica, organization_id)
        await replica.route(message(phone, text="parar"))
        assert len(notes.notices) == 2
        with pytest.raises(InvalidArgument):
            await put_words(replica, organization_id, words, words)
        with pytest.raises(NotFound):
            await put_words(replica, str(uuid4()), words)
        events = await replica.audit.read(organization_id=UUID(organization_id), limit=10)
    assert [event.action for event in events if event.action == "opt_out_words.put"] == ["opt_out_words.put"] * 2


async def test_a_preference_of_metas_is_passed_on_and_noted(module_database: Database, tmp_path: Path) -> None:
    async with house(module_database.url_of("router"), tmp_path) as built:
        (replica,), notes = built.replicas, built.notes
        phone = new_number()
        organization_id = await replica.organization(phone)
        await replica.route(message(phone))
        preference = events_pb2.Preference(wa_id="5591900000001", kind="marketing", is_out=True, said_at_ms=1)
        status = events_pb2.MessageStatus(
            event_id="p", phone_number_id=phone, notice=events_pb2.Notice(preference=preference, waba_id="61")
        )
        assert outcomes(await replica.route_statuses(status)) == [OK]
        await replica.route(message(phone))
    expected = sender_pb2.OrganizationNotice(organization_id=organization_id, notice=status.notice)
    assert list(notes.notices) == [expected]
    assert [event.HasField("contact_opted_in") for event in notes.events] == [False, True]


async def test_news_of_a_template_find_the_organizations_of_the_account(
    module_database: Database, tmp_path: Path
) -> None:
    async with house(module_database.url_of("router"), tmp_path) as built:
        (replica,), notes = built.replicas, built.notes
        put, learned, strange = (new_number() for _ in range(3))
        first = await replica.organization(new_number(), waba_id=put)
        phone = new_number()
        second = await replica.organization(phone)
        await replica.route(message(phone, waba_id=learned))

        def news(waba_id: str) -> events_pb2.MessageStatus:
            told = events_pb2.TemplateNews(name="n", language="pt_BR", status="PAUSED", told_at_ms=1)
            return events_pb2.MessageStatus(event_id=waba_id, notice=events_pb2.Notice(template=told, waba_id=waba_id))

        results = await replica.route_statuses(news(put), news(learned), news(strange))
    assert outcomes(results) == [OK, OK, UNROUTABLE]
    assert [each.organization_id for each in notes.notices] == [first, second]
