"""One suite for people as a whole: found under any name, erased once, remembered as hashes, let go of when silent."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from services.chassis.errors import NotFound
from services.router.domain.contacts import Contact, ContactChanges, Merge
from services.router.domain.identity import Identity, contact_id_of
from services.router.domain.person import Person
from services.router.ports import Guess
from tests.conformance.router.test_store import (
    Stores,
    create,
    new_number,
    new_organization,
    save,
    touch_of,
    version_of,
)
from tests.conformance.router.test_store import stores as stores  # a fixture

WA_ID = "5581900000001"
FAR = datetime(2100, 1, 1, tzinfo=UTC)


async def met(stores: Stores, *, at: int = 1000) -> tuple[Identity, str]:
    """Somebody who has written once, in an organization of its own."""
    organization_id = await new_organization(stores)
    phone = await new_number(stores, organization_id)
    who = Identity(organization_id, "wa_id", WA_ID)
    await create(stores, who)
    await write(stores, who, phone, at)
    return who, phone


async def write(stores: Stores, who: Identity, phone: str, at: int, not_before: int = 0) -> None:
    async with stores.routing.routing([who.organization_id]) as work:
        touch = touch_of(who, phone, at, 0)
        await work.touch([touch])


async def erase(stores: Stores, who: Identity, job_id: UUID | None = None) -> Person:
    person = await stores.privacy.find(identity=who)
    assert person is not None
    assert await stores.privacy.erase(organization_id=who.organization_id, job_id=job_id or uuid4(), person=person)
    return person


async def test_a_person_is_found_under_every_name_with_all_that_belongs_to_them(stores):
    who, phone = await met(stores)
    user = Identity(who.organization_id, "user_id", "BR.1")
    await save(stores, who.organization_id, ContactChanges(linked=[(user, contact_id_of(who))]))
    found = await stores.privacy.find(identity=user)
    assert found == await stores.privacy.find(identity=who)
    assert found.contact_ids == (contact_id_of(who),)
    assert found.conversation_ids == (touch_of(who, phone, 1, 0).conversation_id,)
    assert (found.wa_ids, found.user_ids, found.phone_number_ids) == ((WA_ID,), ("BR.1",), (phone,))


async def test_nobody_is_found_under_a_name_of_another_organization(stores):
    await met(stores)
    other = Identity(await new_organization(stores), "wa_id", WA_ID)
    assert await stores.privacy.find(identity=other) is None


async def test_an_erased_person_is_gone_and_the_moment_is_known_by_every_name(stores):
    who, _ = await met(stores)
    job_id = uuid4()
    person = await stores.privacy.find(identity=who)
    erased = await stores.privacy.erase(organization_id=who.organization_id, job_id=job_id, person=person)
    assert erased.counts == {"router.contact": 1, "router.contact_identity": 1, "router.conversation": 1}
    assert await stores.privacy.find(identity=who) is None
    async with stores.routing.routing([who.organization_id]) as work:
        assert await work.contacts_of([who]) == ({}, {who: int(erased.erased_at.timestamp())})


async def test_erasing_again_changes_nothing_and_tells_the_same(stores):
    who, _ = await met(stores)
    job_id = uuid4()
    person = await stores.privacy.find(identity=who)
    wanted = {"organization_id": who.organization_id, "job_id": job_id, "person": person}
    first = await stores.privacy.erase(**wanted)
    again = await stores.privacy.erase(**wanted)
    assert again.counts == first.counts
    assert int(again.erased_at.timestamp()) == int(first.erased_at.timestamp())


async def test_who_has_changed_since_they_were_found_is_not_erased(stores):
    who, _ = await met(stores)
    person = await stores.privacy.find(identity=who)
    other = await new_number(stores, who.organization_id)
    await write(stores, who, other, 2000)
    wanted = {"organization_id": who.organization_id, "job_id": uuid4()}
    assert await stores.privacy.erase(**wanted, person=person) is None
    grown = await stores.privacy.find_again(organization_id=who.organization_id, contact_ids=person.contact_ids)
    assert len(grown.conversation_ids) == 2
    assert await stores.privacy.erase(**wanted, person=grown)


async def test_somebody_who_was_merged_meanwhile_is_found_again_as_who_they_are(stores):
    organization_id = await new_organization(stores)
    old, young = Identity(organization_id, "user_id", "BR.old"), Identity(organization_id, "wa_id", WA_ID)
    await create(stores, old, young)
    before = await stores.privacy.find(identity=young)
    merge = Merge(organization_id, contact_id_of(young), contact_id_of(old))
    await save(stores, organization_id, ContactChanges(merged=[merge]))
    now = await stores.privacy.find_again(organization_id=organization_id, contact_ids=before.contact_ids)
    assert set(now.contact_ids) == {contact_id_of(old), contact_id_of(young)}
    assert (now.wa_ids, now.user_ids) == ((WA_ID,), ("BR.old",))
    assert not before.is_whole(now)


async def test_the_last_message_counts_as_written_before_even_when_metas_clock_is_ahead(stores):
    ahead = int(datetime.now(UTC).timestamp()) + 120
    who, _ = await met(stores, at=ahead)
    person = await stores.privacy.find(identity=who)
    erased = await stores.privacy.erase(organization_id=who.organization_id, job_id=uuid4(), person=person)
    assert int(erased.erased_at.timestamp()) == ahead


async def test_another_organizations_contact_with_the_same_number_stays(stores):
    who, _ = await met(stores)
    other, _ = await met(stores)
    await erase(stores, who)
    assert await stores.privacy.find(identity=other) is not None
    async with stores.routing.routing([other.organization_id]) as work:
        assert (await work.contacts_of([other])).erased == {}


async def test_a_contact_made_after_an_erasure_keeps_since_when_it_is_another(stores):
    who, _ = await met(stores)
    await erase(stores, who)
    contact = Contact(who.organization_id, contact_id_of(who, 77), wa_id=WA_ID, not_before=77)
    await save(stores, who.organization_id, ContactChanges([contact], [(who, contact.contact_id)]))
    async with stores.routing.routing([who.organization_id]) as work:
        known = await work.contacts_of([who])
    assert (known.contacts[who].not_before, known.erased) == (77, {})
    later = replace(contact, not_before=99, name="Ana")
    await save(stores, who.organization_id, ContactChanges(updated=[later]))
    async with stores.routing.routing([who.organization_id]) as work:
        assert (await work.contacts_of([who])).contacts[who].not_before == 99


async def test_everything_about_a_person_is_told(stores):
    who, _ = await met(stores)
    person = await stores.privacy.find(identity=who)
    rows = await stores.privacy.rows(organization_id=who.organization_id, contact_ids=person.contact_ids)
    assert rows[0].kind == "contact"
    assert rows[0].data["contact_id"] == str(contact_id_of(who))


async def test_a_length_is_set_once_and_taken_away(stores):
    organization_id = await new_organization(stores)
    phone = await new_number(stores, organization_id)
    wanted = {"organization_id": organization_id}
    changes = [await stores.privacy.put_retention(**wanted, days=days) for days in (30, 30, 60)]
    ours = [each for each in await stores.privacy.retentions() if each.organization_id == organization_id]
    assert changes == [True, False, True]
    assert [(each.days, each.phone_number_ids) for each in ours] == [(60, (phone,))]
    assert await stores.privacy.put_retention(**wanted, days=None)
    assert organization_id not in {each.organization_id for each in await stores.privacy.retentions()}


async def test_an_organization_nobody_has_keeps_nothing(stores):
    with pytest.raises(NotFound):
        await stores.privacy.put_retention(organization_id=uuid4(), days=30)


async def test_only_who_has_been_silent_is_let_go_of_page_by_page(stores):
    who, phone = await met(stores, at=1000)
    organization_id = who.organization_id
    talker = Identity(organization_id, "wa_id", "5581900000002")
    await create(stores, talker)
    await write(stores, talker, phone, int(FAR.timestamp()) + 5)
    never = Identity(organization_id, "wa_id", "5581900000003")
    await create(stores, never)
    job_id, after = uuid4(), UUID(int=0)
    for _ in range(4):
        expired = await stores.privacy.expire(
            organization_id=organization_id, job_id=job_id, before=FAR, after=after, limit=1
        )
        if expired.last is None:
            break
        after = expired.last
    assert [await stores.privacy.find(identity=each) is None for each in (who, talker, never)] == [True, False, True]
    assert expired.counts == {"router.contact": 2, "router.contact_identity": 2, "router.conversation": 1}
    async with stores.routing.routing([organization_id]) as work:
        assert (await work.contacts_of([who])).erased == {}


async def test_a_contact_that_is_younger_than_that_stays_though_it_has_not_written(stores):
    organization_id = await new_organization(stores)
    who = Identity(organization_id, "wa_id", WA_ID)
    await create(stores, who)
    past = datetime(2020, 1, 1, tzinfo=UTC)
    expired = await stores.privacy.expire(
        organization_id=organization_id, job_id=uuid4(), before=past, after=UUID(int=0), limit=10
    )
    assert expired.counts == {}
    assert await stores.privacy.find(identity=who) is not None


async def test_a_loser_of_a_merge_goes_with_the_winner_and_stays_with_it(stores):
    organization_id = await new_organization(stores)
    phone = await new_number(stores, organization_id)
    old, young = Identity(organization_id, "user_id", "BR.old"), Identity(organization_id, "wa_id", WA_ID)
    await create(stores, old, young)
    await write(stores, young, phone, int(FAR.timestamp()) + 5)
    merge = Merge(organization_id, contact_id_of(young), contact_id_of(old))
    await save(stores, organization_id, ContactChanges(merged=[merge]))
    wanted = {"organization_id": organization_id, "job_id": uuid4(), "after": UUID(int=0), "limit": 10}
    assert (await stores.privacy.expire(**wanted, before=FAR)).counts == {}
    much_later = datetime(2200, 1, 1, tzinfo=UTC)
    assert (await stores.privacy.expire(**wanted, before=much_later)).counts["router.contact"] == 2


async def test_a_guess_about_somebody_erased_does_not_hold(stores):
    who, phone = await met(stores)
    guess = Guess(
        touch_of(who, phone, 3000, 0),
        Contact(who.organization_id, contact_id_of(who), wa_id=WA_ID),
        await version_of(stores, who.organization_id),
    )
    await erase(stores, who)
    assert await stores.routing.touch_guessed([guess]) == {}
