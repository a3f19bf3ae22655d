"""One suite for touches by guess: whatever is not as remembered is not touched, in the fake and in Postgres."""

from dataclasses import replace
from uuid import uuid4

import pytest

from services.router.domain.contacts import Contact, ContactChanges, Merge
from services.router.domain.conversation import combine
from services.router.domain.identity import Identity, contact_id_of
from services.router.ports import BadValue, Guess
from tests.conformance.router.test_store import (
    Stores,
    create,
    new_number,
    new_organization,
    number,
    save,
    touch_of,
    version_of,
)
from tests.conformance.router.test_store import stores as stores  # a fixture

WA_ID = "5581900000001"


async def known_guess(stores: Stores, wa_id: str = WA_ID, at: int = 1000, window: int = 2000) -> Guess:
    """A true guess of a contact who has written once, in an organization of its own."""
    organization_id = await new_organization(stores)
    phone = await new_number(stores, organization_id)
    who = Identity(organization_id, "wa_id", wa_id)
    await create(stores, who)
    async with stores.routing.routing([organization_id]) as work:
        await work.touch([touch_of(who, phone, 1, 0)])
    contact = Contact(organization_id, contact_id_of(who), wa_id=wa_id)
    return Guess(touch_of(who, phone, at, window), contact, await version_of(stores, organization_id))


async def touched(stores: Stores, *guesses: Guess) -> int:
    """How many of the guesses held."""
    ordered = sorted(guesses, key=lambda guess: (guess.touch.organization_id, guess.touch.conversation_id))
    return len(await stores.routing.touch_guessed(ordered))


async def test_a_true_guess_touches_the_conversation_and_tells_its_state(stores):
    guess = await known_guess(stores)
    touch = guess.touch
    who = Identity(touch.organization_id, "wa_id", WA_ID)
    await stores.conversations.set_owner(identity=who, phone_number_id="", owner="person")
    found = await stores.routing.touch_guessed([guess])
    earlier = await stores.routing.touch_guessed([guess._replace(touch=touch_of(who, touch.phone_number_id, 500, 600))])
    assert found.keys() == {touch.conversation_id}
    conversation = found[touch.conversation_id]
    assert (conversation.owner, conversation.last_inbound_at, conversation.window_expires_at) == ("person", 1000, 2000)
    assert conversation[:4] == (touch.organization_id, touch.conversation_id, touch.contact_id, touch.phone_number_id)
    assert earlier == found


async def test_a_guess_of_a_first_message_to_another_number_begins_the_conversation(stores):
    guess = await known_guess(stores)
    organization_id = guess.touch.organization_id
    phone = await new_number(stores, organization_id)
    first = Guess(
        touch_of(Identity(organization_id, "wa_id", WA_ID), phone, 1000, 0),
        guess.contact,
        await version_of(stores, organization_id),
    )
    (conversation,) = (await stores.routing.touch_guessed([first])).values()
    assert (conversation.owner, conversation.phone_number_id, conversation.window_expires_at) == ("bot", phone, 0)


@pytest.mark.parametrize(
    "news",
    [
        {"name": "Ana"},
        {"wa_id": "5581900000002"},
        {"wa_id": ""},
        {"user_id": "BR.1"},
        {"parent_user_id": "BR.ENT.1"},
        {"contact_id": uuid4()},
    ],
)
async def test_a_contact_that_is_not_as_remembered_is_not_touched(stores, news):
    guess = await known_guess(stores)
    assert not await touched(stores, guess._replace(contact=replace(guess.contact, **news), touch=_of(guess, news)))


def _of(guess: Guess, news: dict):
    return guess.touch._replace(contact_id=news.get("contact_id", guess.touch.contact_id))


async def test_a_contact_that_changed_since_is_not_touched(stores):
    guess = await known_guess(stores)
    organization_id = guess.touch.organization_id
    await save(stores, organization_id, ContactChanges(updated=[replace(guess.contact, name="Ana")]))
    assert not await touched(stores, guess)
    assert await touched(stores, guess._replace(contact=replace(guess.contact, name="Ana"))) == 1


async def test_a_contact_that_was_merged_since_is_not_touched(stores):
    guess = await known_guess(stores)
    organization_id = guess.touch.organization_id
    other = Identity(organization_id, "user_id", "BR.1")
    winner = Contact(organization_id, contact_id_of(other), user_id="BR.1")
    await save(stores, organization_id, ContactChanges([winner], [(other, winner.contact_id)]))
    merge = Merge(organization_id, guess.contact.contact_id, winner.contact_id)
    await save(stores, organization_id, ContactChanges(merged=[merge]))
    assert not await touched(stores, guess)


async def test_an_identity_that_names_somebody_else_is_not_believed(stores):
    guess = await known_guess(stores)
    organization_id = guess.touch.organization_id
    other = Identity(organization_id, "wa_id", "5581900000002")
    await create(stores, other)
    swapped = replace(guess.contact, contact_id=contact_id_of(other))
    touch = touch_of(other, guess.touch.phone_number_id, 1000, 2000)
    assert not await touched(stores, Guess(touch, swapped, guess.config_version))


async def test_a_setup_that_changed_since_is_not_believed(stores):
    guess = await known_guess(stores)
    changed = number(guess.touch.phone_number_id, is_active=False)
    await stores.directory.put_number(organization_id=guess.touch.organization_id, number=changed)
    assert not await touched(stores, guess)
    assert await touched(stores, guess._replace(config_version=guess.config_version + 1)) == 1


async def test_a_number_of_another_organization_or_of_nobody_is_not_believed(stores):
    mine, theirs = await known_guess(stores), await known_guess(stores)
    who = Identity(mine.touch.organization_id, "wa_id", WA_ID)
    for phone in (theirs.touch.phone_number_id, "404"):
        assert not await touched(stores, mine._replace(touch=touch_of(who, phone, 1000, 2000)))


async def test_two_organizations_that_share_a_phone_number_of_a_contact_have_nothing_else_in_common(stores):
    mine, theirs = await known_guess(stores), await known_guess(stores)
    found = await stores.routing.touch_guessed(
        sorted((mine, theirs), key=lambda guess: (guess.touch.organization_id, guess.touch.conversation_id))
    )
    crossed = theirs._replace(contact=replace(mine.contact, organization_id=theirs.touch.organization_id))
    crossed = crossed._replace(touch=crossed.touch._replace(contact_id=mine.contact.contact_id))
    assert {key: each.organization_id for key, each in found.items()} == {
        guess.touch.conversation_id: guess.touch.organization_id for guess in (mine, theirs)
    }
    assert not await touched(stores, crossed)


async def test_a_guess_that_fails_costs_the_others_nothing(stores):
    good, bad = await known_guess(stores), await known_guess(stores)
    assert await touched(stores, good, bad._replace(config_version=0)) == 1


async def test_a_touch_by_guess_and_one_by_look_up_are_the_same(stores):
    guess = await known_guess(stores)
    by_guess = await stores.routing.touch_guessed([guess])
    async with stores.routing.routing([guess.touch.organization_id]) as work:
        by_look_up = await work.touch(combine([guess.touch]))
    assert by_guess == by_look_up


async def test_a_guess_with_a_value_that_cannot_be_stored_is_refused(stores):
    guess = await known_guess(stores)
    with pytest.raises(BadValue):
        await stores.routing.touch_guessed([guess._replace(contact=replace(guess.contact, name="\0"))])
