"""Router's store in memory; tests/conformance/router holds it against Postgres."""

import copy
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

from services.chassis.errors import AlreadyExists, InvalidArgument, NotFound
from services.pb.common.v1 import errors_pb2
from services.router.domain.contacts import Contact, ContactChanges, Known
from services.router.domain.conversation import Conversation, Owner, Touch, combine
from services.router.domain.flow_triggers import FlowTriggers, excess_of
from services.router.domain.identity import Identity, conversation_id_of
from services.router.domain.organization import Chatbot, Number, Organization, Setup, Trigger
from services.router.ports import Addressed, BadValue, Guess, NumberOwner, OwnerChange, Owners, Raced

START = datetime(2026, 11, 22, 12, tzinfo=UTC)


@dataclass
class Rows:
    """Everything stored."""

    organizations: dict[UUID, Organization] = field(default_factory=dict)
    numbers: dict[str, tuple[UUID, Number]] = field(default_factory=dict)
    chatbots: dict[UUID, dict[UUID, Chatbot]] = field(default_factory=dict)
    triggers: dict[UUID, list[Trigger]] = field(default_factory=dict)
    flows: dict[UUID, dict[UUID, FlowTriggers]] = field(default_factory=dict)
    contacts: dict[UUID, Contact] = field(default_factory=dict)
    identities: dict[Identity, UUID] = field(default_factory=dict)
    merged_into: dict[UUID, UUID] = field(default_factory=dict)
    conversations: dict[UUID, Conversation] = field(default_factory=dict)
    owner_changed_at: dict[UUID, datetime] = field(default_factory=dict)
    erased: dict[Identity, int] = field(default_factory=dict)
    accounts: set[tuple[str, UUID]] = field(default_factory=set)


class FakeStore:
    """RoutingStore, DirectoryStore and ConversationStore over the same rows."""

    def __init__(self) -> None:
        self.rows = Rows()
        self.setups_read = 0
        self.races_to_lose = 0
        self.refused_name: str | None = None
        self.transactions = 0

    async def owners_of(self, phone_number_ids: Collection[str]) -> Owners:
        found = {number: self.rows.numbers[number][0] for number in phone_number_ids if number in self.rows.numbers}
        versions = self.rows.organizations
        return {number: NumberOwner(owner, versions[owner].config_version) for number, owner in found.items()}

    async def accounts_of(self, waba_ids: Collection[str]) -> Mapping[str, Sequence[NumberOwner]]:
        owners: dict[str, list[NumberOwner]] = {}
        for waba_id, owner in sorted(self.rows.accounts):
            if waba_id in waba_ids:
                version = self.rows.organizations[owner].config_version
                owners.setdefault(waba_id, []).append(NumberOwner(owner, version))
        return owners

    async def put_accounts(self, accounts: Collection[tuple[UUID, str]]) -> None:
        self.rows.accounts |= {(waba_id, organization_id) for organization_id, waba_id in accounts}

    async def note_consents(self, consents: Sequence[tuple[UUID, str, str, bool]]) -> None:
        for organization_id, wa_id, user_id, wants in consents:
            kind = "wa_id" if wa_id else "user_id"
            contact_id = self.rows.identities.get(Identity(organization_id, kind, wa_id or user_id))
            if contact_id is not None:
                self.rows.contacts[contact_id] = self.rows.contacts[contact_id].saying(wants_messages=wants)

    async def put_opt_out_words(self, *, organization_id: UUID, words: str | None) -> bool:
        self.need(organization_id)
        found = self.rows.organizations[organization_id]
        if found.opt_out == words:
            return False
        self.rows.organizations[organization_id] = replace(found, opt_out=words)
        return self._bump(organization_id)

    async def touch_guessed(self, guesses: Sequence[Guess]) -> Mapping[UUID, Conversation]:
        if any("\0" in guess.contact.name for guess in guesses):
            raise BadValue
        true = [guess.touch for guess in guesses if self._is_true(guess)]
        return await FakeWork(self, {touch.organization_id for touch in true}).touch(true)

    def _is_true(self, guess: Guess) -> bool:
        touch, wanted = guess.touch, guess.contact
        number = self.rows.numbers.get(touch.phone_number_id)
        stored = self.rows.contacts.get(wanted.contact_id)
        if not number or number[0] != touch.organization_id or stored is None:
            return False
        names = [Identity(touch.organization_id, "wa_id", wanted.wa_id)] if wanted.wa_id else []
        names += [Identity(touch.organization_id, "user_id", wanted.user_id)] if wanted.user_id else []
        return (
            self.rows.organizations[touch.organization_id].config_version == guess.config_version
            and stored.organization_id == touch.organization_id
            and replace(stored, created_at=wanted.created_at) == wanted
            and wanted.contact_id not in self.rows.merged_into
            and all(self.rows.identities.get(name) == wanted.contact_id for name in names)
        )

    @asynccontextmanager
    async def routing(self, organization_ids: Iterable[UUID]) -> AsyncIterator["FakeWork"]:
        self.transactions += 1
        before = copy.deepcopy(self.rows)
        try:
            yield FakeWork(self, set(organization_ids))
        except BaseException:
            self.rows = before
            raise

    async def put_organization(
        self, *, organization_id: UUID, name: str, fallback_flow_id: UUID | None, time_zone: str, replace: bool
    ) -> tuple[UUID, bool]:
        wanted = Organization(organization_id, name, fallback_flow_id, time_zone)
        for found in self.rows.organizations.values():
            if found.name == name:
                return found.organization_id, replace and self._replace_organization(found, wanted)
        self.rows.organizations[organization_id] = wanted
        return organization_id, True

    def _replace_organization(self, found: Organization, wanted: Organization) -> bool:
        if (found.fallback_flow_id, found.time_zone) == (wanted.fallback_flow_id, wanted.time_zone):
            return False
        wanted = replace(
            wanted,
            organization_id=found.organization_id,
            config_version=found.config_version,
            opt_out=found.opt_out,
        )
        self.rows.organizations[found.organization_id] = wanted
        return self._bump(found.organization_id)

    async def list_organizations(self, *, name: str) -> Sequence[Organization]:
        found = [each for each in self.rows.organizations.values() if name in ("", each.name)]
        return sorted(found, key=lambda each: each.name)

    async def put_chatbot(self, *, organization_id: UUID, chatbot: Chatbot) -> bool:
        self.need(organization_id)
        chatbots = self.rows.chatbots.setdefault(organization_id, {})
        if chatbots.get(chatbot.chatbot_id) == chatbot:
            return False
        chatbots[chatbot.chatbot_id] = chatbot
        return self._bump(organization_id)

    async def put_number(self, *, organization_id: UUID, number: Number) -> bool:
        self.need(organization_id)
        if number.chatbot_id and number.chatbot_id not in self.rows.chatbots.get(organization_id, {}):
            raise NotFound("no such chatbot", reason=errors_pb2.ERROR_REASON_CHATBOT_NOT_FOUND)
        found = self.rows.numbers.get(number.phone_number_id)
        if found and found[0] != organization_id:
            raise AlreadyExists("phone_number_id is another's", reason=errors_pb2.ERROR_REASON_NUMBER_TAKEN)
        if found == (organization_id, number):
            return False
        self.rows.numbers[number.phone_number_id] = (organization_id, number)
        if number.waba_id:
            self.rows.accounts.add((number.waba_id, organization_id))
        return self._bump(organization_id)

    async def list_numbers(self, *, organization_id: UUID) -> Sequence[Number]:
        self.need(organization_id)
        return self.numbers_of(organization_id)

    async def put_triggers(self, *, organization_id: UUID, triggers: Sequence[Trigger]) -> bool:
        self.need(organization_id)
        known = {"", *(number.phone_number_id for number in self.numbers_of(organization_id))}
        if any(trigger.phone_number_id not in known for trigger in triggers):
            raise NotFound("no such number", reason=errors_pb2.ERROR_REASON_NUMBER_NOT_FOUND)
        if self.rows.triggers.get(organization_id, []) == list(triggers):
            return False
        self.rows.triggers[organization_id] = list(triggers)
        return self._bump(organization_id)

    async def put_flow_triggers(self, *, organization_id: UUID, flow: FlowTriggers) -> bool:
        self.need(organization_id)
        flows = self.rows.flows.setdefault(organization_id, {})
        before = flows.get(flow.flow_id)
        if before is not None and before.sequence >= flow.sequence:
            return False
        if flow.triggers and excess_of([*({**flows, flow.flow_id: flow}.values())]):
            raise InvalidArgument("too much")
        flows[flow.flow_id] = flow
        return not (flow.triggers or (before and before.triggers)) or self._bump(organization_id)

    async def set_owner(self, *, identity: Identity, phone_number_id: str, owner: Owner) -> OwnerChange:
        contact_id = self.contact_id_of(identity)
        found = [
            each
            for each in self.rows.conversations.values()
            if each.contact_id == contact_id and phone_number_id in ("", each.phone_number_id)
        ]
        changed = [each for each in found if each.owner != owner]
        for each in changed:
            self.rows.conversations[each.conversation_id] = each._replace(owner=owner)
            self.rows.owner_changed_at[each.conversation_id] = datetime.now(UTC)
        times = [self.rows.owner_changed_at.get(each.conversation_id) for each in (changed or found)]
        return OwnerChange(len(found), len(changed), max((time for time in times if time), default=None))

    async def addressed(self, *, organization_id: UUID, conversation_ids: Collection[UUID]) -> Mapping[UUID, Addressed]:
        asked = {key: self.rows.conversations[key] for key in conversation_ids if key in self.rows.conversations}
        return {key: self._addressed(each) for key, each in asked.items() if each.organization_id == organization_id}

    def _addressed(self, conversation: Conversation) -> Addressed:
        number = conversation.phone_number_id
        contact = self.rows.contacts[self.rows.merged_into.get(conversation.contact_id, conversation.contact_id)]
        current = self.rows.conversations[conversation_id_of(contact.contact_id, number)]
        return Addressed(current.conversation_id, number, contact.wa_id, contact.user_id, current.window_expires_at)

    def need(self, organization_id: UUID) -> Organization:
        if organization_id not in self.rows.organizations:
            raise NotFound("no such organization", reason=errors_pb2.ERROR_REASON_ORGANIZATION_NOT_FOUND)
        return self.rows.organizations[organization_id]

    def numbers_of(self, organization_id: UUID) -> list[Number]:
        found = [number for owner, number in self.rows.numbers.values() if owner == organization_id]
        return sorted(found, key=lambda number: number.phone_number_id)

    def contact_id_of(self, identity: Identity) -> UUID | None:
        found = self.rows.identities.get(identity)
        return self.rows.merged_into.get(found, found) if found else None

    def _bump(self, organization_id: UUID) -> bool:
        organization = self.rows.organizations[organization_id]
        bumped = replace(organization, config_version=organization.config_version + 1)
        self.rows.organizations[organization_id] = bumped
        return True


class FakeWork:
    """One transaction on the fake's rows; the fake puts them back when it fails."""

    def __init__(self, store: FakeStore, organization_ids: set[UUID]) -> None:
        self._store = store
        self._scope = organization_ids

    @property
    def _rows(self) -> Rows:
        return self._store.rows

    async def look_up(
        self, phone_number_ids: Collection[str], identities: Collection[Identity]
    ) -> tuple[Owners, Known]:
        return await self._store.owners_of(phone_number_ids), await self.contacts_of(identities)

    def work_for(self, organization_ids: Iterable[UUID]) -> None:
        self._scope = set(organization_ids)

    async def setup_of(self, organization_id: UUID) -> Setup:
        self._store.setups_read += 1
        chatbots = list(self._rows.chatbots.get(organization_id, {}).values()) if organization_id in self._scope else []
        organization = self._store.need(organization_id)
        numbers = self._store.numbers_of(organization_id) if organization_id in self._scope else []
        triggers = list(self._rows.triggers.get(organization_id, []))
        flows = [each for each in self._rows.flows.get(organization_id, {}).values() if each.triggers]
        return Setup(organization, numbers, chatbots, triggers, flows)

    async def contacts_of(self, identities: Collection[Identity]) -> Known:
        if any("\0" in identity.value for identity in identities):
            raise BadValue
        visible = [identity for identity in identities if identity.organization_id in self._scope]
        found = {identity: self._store.contact_id_of(identity) for identity in visible}
        contacts = {identity: self._rows.contacts[key] for identity, key in found.items() if key}
        erased = {identity: self._rows.erased[identity] for identity in visible if identity in self._rows.erased}
        return Known(contacts, {identity: at for identity, at in erased.items() if identity not in contacts})

    async def save_contacts(self, changes: ContactChanges) -> None:
        if self._store.races_to_lose:
            self._store.races_to_lose -= 1
            raise Raced
        if any(contact.name == self._store.refused_name for contact in (*changes.created, *changes.updated)):
            raise BadValue
        now = START.timestamp() + len(self._rows.contacts)
        for contact in changes.created:
            if contact.contact_id in self._rows.contacts:
                raise Raced
            self._rows.contacts[contact.contact_id] = replace(contact, created_at=now)
        for identity, contact_id in changes.linked:
            if identity in self._rows.identities:
                raise Raced
            self._rows.identities[identity] = contact_id
        for merge in changes.merged:
            self._merge(merge.loser_id, merge.winner_id)
        for contact in changes.updated:
            self._rows.contacts[contact.contact_id] = contact

    async def touch(self, touches: Sequence[Touch]) -> Mapping[UUID, Conversation]:
        return {touch.conversation_id: self._touch(touch) for touch in touches}

    async def latest_conversation(self, *, organization_id: UUID, contact_id: UUID) -> Conversation | None:
        found = [each for each in self._rows.conversations.values() if each.contact_id == contact_id]
        return max(found, key=lambda each: each.last_inbound_at, default=None)

    def _touch(self, touch: Touch) -> Conversation:
        before = self._rows.conversations.get(touch.conversation_id)
        after = Conversation(
            touch.organization_id,
            touch.conversation_id,
            touch.contact_id,
            touch.phone_number_id,
            "person" if "person" in (touch.owner, before.owner if before else "bot") else "bot",
            max(touch.last_inbound_at, before.last_inbound_at if before else 0),
            max(touch.window_expires_at, before.window_expires_at if before else 0),
        )
        self._rows.conversations[touch.conversation_id] = after
        return after

    def _merge(self, loser_id: UUID, winner_id: UUID) -> None:
        if loser_id in self._rows.merged_into or winner_id in self._rows.merged_into:
            raise Raced
        for earlier, into in self._rows.merged_into.items():
            if into == loser_id:
                self._rows.merged_into[earlier] = winner_id
        self._rows.merged_into[loser_id] = winner_id
        for identity, owner in self._rows.identities.items():
            if owner == loser_id:
                self._rows.identities[identity] = winner_id
        lost = [each for each in self._rows.conversations.values() if each.contact_id == loser_id]
        for touch in combine([_inherited(each, winner_id) for each in lost]):
            self._touch(touch)


def _inherited(lost: Conversation, winner_id: UUID) -> Touch:
    conversation_id = conversation_id_of(winner_id, lost.phone_number_id)
    return Touch(
        lost.organization_id,
        conversation_id,
        winner_id,
        lost.phone_number_id,
        lost.last_inbound_at,
        lost.window_expires_at,
        lost.owner,
    )
