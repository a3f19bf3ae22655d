"""Contacts for people, over gRPC and Postgres with router's own role."""

import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from services.chassis.errors import AlreadyExists, InvalidArgument, NotFound
from services.pb.common.v1 import errors_pb2
from services.pb.router.v1 import router_pb2
from tests.fixtures.servers import Database
from tests.integration.router.desk import AGENT, Shop, new_number, new_phone, shop


def names(answer: Any) -> list[str]:
    return [each.name for each in answer.contacts]


async def test_contacts_are_listed_newest_first_page_by_page(module_database: Database, tmp_path: Path) -> None:
    async with shop(module_database, tmp_path) as ours:
        for name in ("Ana", "Bia", "Caio"):
            await ours.people("CreateContact", phone_number=new_phone(), name=name)
        first = await ours.people("ListContacts", limit=2)
        second = await ours.people("ListContacts", limit=2, cursor=first.cursor)

        assert (names(first), names(second), second.cursor) == (["Caio", "Bia"], ["Ana"], "")
        with pytest.raises(InvalidArgument, match="cursor"):
            await ours.people("ListContacts", cursor="nonsense")


async def test_contacts_are_found_by_name_number_and_tag(module_database: Database, tmp_path: Path) -> None:
    async with shop(module_database, tmp_path) as ours:
        phone = new_phone()
        await ours.people("CreateContact", phone_number=phone, name="Zé 100%_", tags=["vip"])
        await ours.people("CreateContact", phone_number=new_phone(), name="Rui")
        await ours.hear(new_phone(), name="bia 🌻")

        async def found(**asked: Any) -> list[str]:
            return names(await ours.people("ListContacts", **asked))

        assert await found(search="zé") == ["Zé 100%_"]
        assert await found(search="0%_") == ["Zé 100%_"]
        assert await found(search="%") == ["Zé 100%_"]
        assert await found(search="BIA") == ["bia 🌻"]
        assert await found(search=f"+{phone[:2]} ({phone[2:4]}) {phone[4:]}") == ["Zé 100%_"]
        assert await found(search=phone[-7:]) == ["Zé 100%_"]
        assert await found(tag="vip") == ["Zé 100%_"]
        assert await found(phone_number=phone, tag="other") == []
        assert await found(phone_number=phone) == ["Zé 100%_"]


async def test_a_contact_is_changed_by_its_mask_and_noted_once(module_database: Database, tmp_path: Path) -> None:
    async with shop(module_database, tmp_path) as ours:
        phone = new_phone()
        await ours.hear(phone, name="bia 🌻")
        (known,) = (await ours.people("ListContacts", phone_number=phone)).contacts
        before = await ours.noted()
        changes = [
            {"name": "Bia", "attributes": b'{"city": "Olinda", "points": 1}'},
            {"attributes": b'{"points": null, "more": [1, {"a": null}]}', "add_tags": ["vip", "new"]},
            {"remove_tags": ["new"], "language": "pt_BR"},
            {"language": "pt_BR", "add_tags": ["vip"]},
            {"update_mask": FieldMask(paths=["name"]), "language": "en"},
        ]
        answers = [await ours.people("UpdateContact", contact_id=known.contact_id, **each) for each in changes]
        contact = answers[-1].contact
        added = (await ours.noted())[len(before) :]

    assert [each.is_changed for each in answers] == [True, True, True, False, True]
    assert (answers[0].contact.name, contact.name, contact.whatsapp_name) == ("Bia", "bia 🌻", "bia 🌻")
    assert json.loads(contact.attributes) == {"city": "Olinda", "more": [1, {"a": None}]}
    assert (list(contact.tags), contact.language) == (["vip"], "pt_BR")
    assert [(record.action, record.object) for record in added] == [
        ("contact.update", f"contact:{known.contact_id}")
    ] * 4
    assert not any("Bia" in record.entry or "Olinda" in record.entry for record in added)


async def test_flows_see_what_people_changed_with_the_next_message(module_database: Database, tmp_path: Path) -> None:
    async with shop(module_database, tmp_path) as ours:
        phone = new_phone()
        await ours.hear(phone)
        (known,) = (await ours.people("ListContacts", phone_number=phone)).contacts
        await ours.people(
            "UpdateContact", contact_id=known.contact_id, attributes=b'{"city": "Olinda"}', add_tags=["vip"]
        )
        await ours.hear(phone)
        event = ours.notes.events[-1]

    assert (json.loads(event.contact_attributes), list(event.contact_tags)) == ({"city": "Olinda"}, ["vip"])


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"update_mask": FieldMask(paths=["tags"])}, "update_mask"),
        ({"update_mask": FieldMask(paths=["opt_in"])}, "opt_in"),
        ({"attributes": b"[1]"}, "attributes"),
        ({"attributes": b'{"a": "\\u0000"}'}, "attributes"),
        ({"attributes": b'{"a": "\\ud800"}'}, "attributes"),
        ({"attributes": b'{"a": NaN}'}, "attributes"),
        ({"attributes": json.dumps({"a": "x" * 16_384}).encode()}, "attributes"),
        ({"name": "x" * 257}, "name"),
        ({"add_tags": ["x"] * 101}, "add_tags"),
        ({"add_tags": [""]}, "add_tags"),
        ({"add_tags": ["a\0"]}, "add_tags"),
    ],
)
async def test_a_change_that_cannot_be_kept_is_refused_by_its_field(
    module_database: Database, tmp_path: Path, wrong: dict[str, Any], field: str
) -> None:
    async with shop(module_database, tmp_path) as ours:
        made = (await ours.people("CreateContact", phone_number=new_phone())).contact
        with pytest.raises(InvalidArgument, match=f"^{field}"):
            await ours.people("UpdateContact", contact_id=made.contact_id, **wrong)
        assert (await ours.people("GetContact", contact_id=made.contact_id)).contact == made


async def test_consent_is_told_to_sender_before_it_is_kept(module_database: Database, tmp_path: Path) -> None:
    async with shop(module_database, tmp_path) as ours:
        phone = new_phone()
        made = (await ours.people("CreateContact", phone_number=phone, opt_in=router_pb2.OPT_IN_AGREED)).contact
        refused = await ours.people("UpdateContact", contact_id=made.contact_id, opt_in=router_pb2.OPT_IN_REFUSED)
        told = [item.notice.preference for item in ours.notes.notices]

    assert (made.opt_in, refused.contact.opt_in) == (router_pb2.OPT_IN_AGREED, router_pb2.OPT_IN_REFUSED)
    assert [(each.wa_id, each.is_out, each.source) for each in told] == [
        (phone, False, "people"), (phone, True, "people"),
    ]  # fmt: skip


async def test_a_contact_that_was_made_is_the_one_who_writes(module_database: Database, tmp_path: Path) -> None:
    async with shop(module_database, tmp_path) as ours:
        phone = new_phone()
        made = (await ours.people("CreateContact", phone_number=f"+{phone}", name="Bia")).contact
        await ours.hear(phone, name="bia 🌻")
        with pytest.raises(AlreadyExists) as refusal:
            await ours.people("CreateContact", phone_number=phone)
        now = (await ours.people("GetContact", contact_id=made.contact_id)).contact

    assert refusal.value.reason == errors_pb2.ERROR_REASON_CONTACT_EXISTS
    assert (now.name, now.whatsapp_name) == ("Bia", "bia 🌻")


async def test_two_contacts_become_one_with_everything_people_noted(module_database: Database, tmp_path: Path) -> None:
    async with shop(module_database, tmp_path) as ours:
        one, other = new_phone(), new_phone()
        await ours.hear(one)
        await ours.hear(other, name="rui")
        winner = (await ours.people("ListContacts", phone_number=one)).contacts[0]
        loser = (await ours.people("ListContacts", phone_number=other)).contacts[0]
        await ours.people("UpdateContact", contact_id=winner.contact_id, attributes=b'{"a": 1}', add_tags=["x"])
        await ours.people("UpdateContact", contact_id=loser.contact_id, name="Rui", attributes=b'{"a": 2, "b": 3}')
        lost = await ours.conversation(other)
        await ours.inbox("UpdateConversation", conversation_id=lost.conversation_id, add_tags=["late"])
        await ours.assign(lost.conversation_id)
        note = (await ours.inbox("AddNote", conversation_id=lost.conversation_id, text="Calls on Friday.")).note

        merged = (
            await ours.people("MergeContacts", contact_id=winner.contact_id, other_contact_id=loser.contact_id)
        ).contact
        followed = (await ours.people("GetContact", contact_id=loser.contact_id)).contact
        kept = (await ours.inbox("GetConversation", conversation_id=lost.conversation_id)).conversation
        notes = (await ours.inbox("ListNotes", conversation_id=kept.conversation_id)).notes
        listed = await ours.people("ListContacts")
        with pytest.raises(NotFound):
            await ours.people("MergeContacts", contact_id=winner.contact_id, other_contact_id=loser.contact_id)
        with pytest.raises(InvalidArgument):
            await ours.people("MergeContacts", contact_id=winner.contact_id, other_contact_id=winner.contact_id)

    assert (merged.name, merged.phone_number, json.loads(merged.attributes)) == ("Rui", one, {"a": 1, "b": 3})
    assert followed == merged
    assert [each.contact_id for each in listed.contacts] == [winner.contact_id]
    assert (kept.contact_id, kept.agent_id, list(kept.tags)) == (winner.contact_id, AGENT, ["late"])
    assert kept.owner == router_pb2.OWNER_PERSON
    assert list(notes) == [note]


async def test_of_other_organizations_nothing_is_found_or_changed(module_database: Database, tmp_path: Path) -> None:
    async with shop(module_database, tmp_path) as ours:
        phone = new_phone()
        await ours.hear(phone)
        (known,) = (await ours.people("ListContacts", phone_number=phone)).contacts
        talk = await ours.conversation(phone)
        stranger = Shop(ours.replica, ours.notes, await ours.replica.organization(new_number()), "")
        before = await stranger.noted()
        for service, method, fields in (
            ("People", "GetContact", {"contact_id": known.contact_id}),
            ("People", "UpdateContact", {"contact_id": known.contact_id, "name": "x"}),
            ("Inbox", "GetConversation", {"conversation_id": talk.conversation_id}),
            ("Inbox", "GetConversation", {"contact": phone}),
            ("Inbox", "UpdateConversation", {"conversation_id": talk.conversation_id, "add_tags": ["x"]}),
            ("Inbox", "ListNotes", {"conversation_id": talk.conversation_id}),
        ):
            with pytest.raises(NotFound):
                await stranger.ask(service, method, **fields)
        assert not (await stranger.people("ListContacts")).contacts
        assert not (await stranger.inbox("ListConversations")).conversations
        assert await stranger.noted() == before
