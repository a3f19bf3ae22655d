"""Which contact every message of a batch belongs to, and what has to be written so that the next batch knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from uuid import UUID

from services.router.domain.identity import Identity, contact_id_of
from services.router.domain.message import Message

# A contact that this batch creates is younger than every stored one.
_NOT_STORED = float("inf")


class Profile(NamedTuple):
    """What flows noted of a contact. `attributes` is a JSON object; `version` tells older forms from newer ones.

    `opted_in` is whether they want messages, as far as they said.
    """

    version: int = 0
    attributes: bytes = b""
    tags: tuple[str, ...] = ()
    language: str = ""
    opted_in: bool | None = None


NO_PROFILE = Profile()


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact; `created_at` in seconds since 1970, texts may be empty. `wa_id` and `user_id` are the newest ones.

    `not_before` is 0 unless somebody of this contact's names was erased: what was written up to then (seconds since
    1970) is none of this contact's, it is a repeat.
    """

    organization_id: UUID
    contact_id: UUID
    created_at: float = _NOT_STORED
    name: str = ""
    wa_id: str = ""
    user_id: str = ""
    parent_user_id: str = ""
    not_before: int = 0
    profile: Profile = NO_PROFILE

    def saying(self, *, wants_messages: bool) -> Contact:
        """The contact as it says so: who never said otherwise has not agreed by wanting messages again."""
        profile = self.profile
        if profile.opted_in is wants_messages or (wants_messages and profile.opted_in is None):
            return self
        return replace(self, profile=profile._replace(version=profile.version + 1, opted_in=wants_messages))

    def with_names_of(self, loser: Contact) -> Contact:
        """The contact after another one turned out to be the same person: of two names its own stays."""
        return replace(
            self,
            name=self.name or loser.name,
            wa_id=self.wa_id or loser.wa_id,
            user_id=self.user_id or loser.user_id,
            parent_user_id=self.parent_user_id or loser.parent_user_id,
            not_before=max(self.not_before, loser.not_before),
        )

    def is_as_in(self, message: Message) -> bool:
        """Whether a message of this contact would leave it as it is."""
        return (
            message.profile_name in ("", self.name)
            and message.wa_id in ("", self.wa_id)
            and message.user_id in ("", self.user_id)
            and message.parent_user_id in ("", self.parent_user_id)
            and message.notice is None
            and (not self.not_before or message.sent_at > self.not_before)
        )


class Known(NamedTuple):
    """What the store knows of identities: the contacts of those that have one, and when others' were erased.

    `erased` is in whole seconds since 1970, by identity.
    """

    contacts: Mapping[Identity, Contact]
    erased: Mapping[Identity, int]

    def and_also(self, other: Known) -> Known:
        """Both together."""
        return Known({**self.contacts, **other.contacts}, {**self.erased, **other.erased})


class Acquaintance(NamedTuple):
    """A contact who has written to a number before, and the conversation they have there."""

    contact: Contact
    conversation_id: UUID


@dataclass(frozen=True, slots=True)
class Merge:
    """Two contacts turned out to be one person: the loser's identities go to the winner, the older of the two."""

    organization_id: UUID
    loser_id: UUID
    winner_id: UUID


@dataclass(frozen=True, slots=True)
class ContactChanges:
    """What a batch adds to the contacts, each list without repeats."""

    created: Sequence[Contact] = ()
    linked: Sequence[tuple[Identity, UUID]] = ()
    merged: Sequence[Merge] = ()
    updated: Sequence[Contact] = ()

    def stored_contact_ids(self) -> set[UUID]:
        """The contacts that were there before and are no longer what they were."""
        merged = {contact_id for merge in self.merged for contact_id in (merge.loser_id, merge.winner_id)}
        return merged | {contact.contact_id for contact in self.updated}


@dataclass(slots=True)
class ContactBook:
    """The contacts of one batch: starts with what the store knows and takes the messages in order."""

    known: Mapping[Identity, Contact]
    erased: Mapping[Identity, int] = field(default_factory=dict)
    _owner_of: dict[Identity, UUID] = field(default_factory=dict)
    _contacts: dict[UUID, Contact] = field(default_factory=dict)
    _stored: dict[UUID, Contact] = field(default_factory=dict)
    _merged_into: dict[UUID, UUID] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for identity, contact in self.known.items():
            self._owner_of[identity] = contact.contact_id
            self._stored[contact.contact_id] = contact
        self._contacts.update(self._stored)

    def is_of_erased(self, message: Message, identities: Sequence[Identity]) -> bool:
        """Whether it was written before somebody of these names was erased: Meta repeats webhooks for days.

        A message without a usable time counts as old: it cannot be told from a repeat.
        """
        erased_at = self._erased_at(identities)
        return erased_at > 0 and message.sent_at <= erased_at

    def admit(self, message: Message, identities: Sequence[Identity], parent: Identity | None) -> UUID:
        """The contact that has any of the identities (at least one), created or merged where need be.

        The id is final only when the batch is through: ask `contact` for it then.
        """
        owners = [self._owner_of.get(identity) for identity in identities]
        known = {self._winner(owner) for owner in owners if owner is not None}
        contact_id = known.pop() if len(known) == 1 else self._settle(known, identities)
        for identity, owner in zip(identities, owners, strict=True):
            if owner is None:
                self._owner_of[identity] = contact_id
        if parent is not None:
            self._owner_of.setdefault(parent, contact_id)
        self._note_profile(contact_id, message, identities)
        self._note_erasure(contact_id, identities)
        return contact_id

    def contact(self, contact_id: UUID) -> Contact:
        """The contact as it is after the whole batch, the winner if it was merged."""
        return self._contacts[self._winner(contact_id)]

    def changes(self) -> ContactChanges:
        """Everything the store has to write."""
        return ContactChanges(
            created=[c for c in self._contacts.values() if self._is_new(c.contact_id) and self._is_alive(c.contact_id)],
            linked=[(i, self._winner(owner)) for i, owner in self._owner_of.items() if i not in self.known],
            merged=[
                Merge(self._contacts[loser].organization_id, loser, self._winner(loser))
                for loser in self._merged_into
                if not self._is_new(loser)
            ],
            updated=[c for key, c in self._stored_now() if c != self._stored[key] and self._is_alive(key)],
        )

    def _settle(self, known: set[UUID], identities: Sequence[Identity]) -> UUID:
        """A new contact when none is known, the oldest when several are: the others are merged into it."""
        if not known:
            return self._create(identities)
        oldest = min((c for c in self._contacts.values() if c.contact_id in known), key=_age)
        for loser_id in known - {oldest.contact_id}:
            self._merge(loser_id, oldest.contact_id)
        return oldest.contact_id

    def _create(self, identities: Sequence[Identity]) -> UUID:
        identity, not_before = identities[0], self._erased_at(identities)
        contact_id = contact_id_of(identity, not_before)
        self._contacts[contact_id] = Contact(identity.organization_id, contact_id, not_before=not_before)
        return contact_id

    def _erased_at(self, identities: Sequence[Identity]) -> int:
        """When the last of those who had one of these names was erased; 0 for nobody."""
        latest = 0
        for identity in identities:
            owner = self._owner_of.get(identity)
            erased_at = self.contact(owner).not_before if owner is not None else self.erased.get(identity, 0)
            latest = max(latest, erased_at)
        return latest

    def _note_erasure(self, contact_id: UUID, identities: Sequence[Identity]) -> None:
        """A contact that takes over a name takes over since when it is somebody else's."""
        if not self.erased:  # nearly always
            return
        before = self._contacts[contact_id]
        latest = max(self.erased.get(identity, 0) for identity in identities)
        if latest > before.not_before:
            self._contacts[contact_id] = replace(before, not_before=latest)

    def _merge(self, loser_id: UUID, winner_id: UUID) -> None:
        self._merged_into[loser_id] = winner_id
        loser, winner = self._contacts[loser_id], self._contacts[winner_id]
        self._contacts[winner_id] = winner.with_names_of(loser)

    def _note_profile(self, contact_id: UUID, message: Message, identities: Sequence[Identity]) -> None:
        before = self._contacts[contact_id]
        wa_id, user_id = before.wa_id, before.user_id
        for _, kind, value in identities:
            if kind == "wa_id":
                wa_id = value
            else:
                user_id = value
        name = message.profile_name or before.name
        parent = message.parent_user_id or before.parent_user_id
        if (name, wa_id, user_id, parent) != (before.name, before.wa_id, before.user_id, before.parent_user_id):
            self._contacts[contact_id] = replace(before, name=name, wa_id=wa_id, user_id=user_id, parent_user_id=parent)

    def _winner(self, contact_id: UUID) -> UUID:
        if not self._merged_into:  # nearly always
            return contact_id
        while contact_id in self._merged_into:
            contact_id = self._merged_into[contact_id]
        return contact_id

    def _is_new(self, contact_id: UUID) -> bool:
        return contact_id not in self._stored

    def _is_alive(self, contact_id: UUID) -> bool:
        return contact_id not in self._merged_into

    def _stored_now(self) -> list[tuple[UUID, Contact]]:
        return [(key, contact) for key, contact in self._contacts.items() if key in self._stored]


def _age(contact: Contact) -> tuple[float, int]:
    """Sorts the oldest first: stored ones of the same instant by id, new ones as they came (min takes the first)."""
    return (contact.created_at, contact.contact_id.int if contact.created_at < _NOT_STORED else 0)
