"""Contacts, for people: find, make, change, merge."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.chassis.clock import Now
from services.chassis.errors import InvalidArgument, Unavailable
from services.pb.common.v1 import errors_pb2
from services.router.domain.identity import MOST_CHARACTERS, Identity
from services.router.domain.opt_out import Consent
from services.router.domain.people import (
    MOST_TAGS,
    ContactFilter,
    ContactView,
    Details,
    DetailsChange,
    Place,
    TooMuch,
)
from services.router.ports import Sender
from services.router.ports.people import PeopleStore
from services.router.usecases.fields import phone_number, stored_text, text_of
from services.router.usecases.races import again_while_raced
from services.router.usecases.unknown import unknown_contact

MOST_NAME = 256
MOST_TAG = 512
MOST_SEARCH = 100
MOST_ROWS, USUAL_ROWS = 500, 50
# A phone number is looked for from so many digits on: fewer are in nearly every one.
_FEWEST_DIGITS = 3
_NO_DIGITS = str.maketrans("", "", " -().+\u00a0")


class People:
    """Contacts of one organization at a time."""

    def __init__(self, store: PeopleStore, sender: Sender, now: Now) -> None:
        self._store = store
        self._sender = sender
        self._now = now

    async def page(
        self, *, organization_id: UUID, search: str, phone: str, tag: str, after: Place, limit: int
    ) -> tuple[Sequence[ContactView], Place | None]:
        """Contacts, newest first, and where to go on. Raises InvalidArgument."""
        size = page_size(limit)
        stored_text("search", search, most=MOST_SEARCH)
        stored_text("tag", tag, most=MOST_TAG)
        if phone:
            if search:
                raise InvalidArgument("search and phone_number are both given; give one of them")
            found = await self._store.named(identity=_named(organization_id, phone, ""))
            return [each for each in [found] if each and tag in ("", *each.details.tags)], None
        digits = search.translate(_NO_DIGITS)
        chosen = ContactFilter(
            text=search.strip(), digits=digits if digits.isdigit() and len(digits) >= _FEWEST_DIGITS else "", tag=tag
        )
        # One more than asked for says whether there are more.
        rows = await self._store.page(organization_id=organization_id, chosen=chosen, after=after, limit=size + 1)
        page = rows[:size]
        return page, Place(page[-1].created_at, page[-1].contact_id) if len(rows) > size else None

    async def one(self, *, organization_id: UUID, contact_id: UUID) -> ContactView:
        """A contact. Raises NotFound."""
        found = await self._store.one(organization_id=organization_id, contact_id=contact_id)
        if found is None:
            raise unknown_contact()
        return found

    async def create(self, *, organization_id: UUID, phone: str, user_id: str, change: DetailsChange) -> ContactView:
        """Make a contact. Raises InvalidArgument, AlreadyExists or Unavailable."""
        identity = _named(organization_id, phone, user_id)
        details = _applied(_checked(change), Details())
        made = await again_while_raced(lambda: self._store.create(identity=identity, details=details))
        await self._tell(organization_id, made, change.is_opted_in)
        return made

    async def change(
        self, *, organization_id: UUID, contact_id: UUID, change: DetailsChange
    ) -> tuple[ContactView, bool]:
        """Change a contact; tells whether anything changed. Raises InvalidArgument, NotFound or Unavailable."""
        _checked(change)
        if change.is_opted_in is not None:
            # Sender first: should the rest fail, a repeat tells it again, and nothing leaves meanwhile.
            before = await self.one(organization_id=organization_id, contact_id=contact_id)
            await self._tell(organization_id, before, change.is_opted_in)
        return await self._store.edit(
            organization_id=organization_id, contact_id=contact_id, edit=lambda details: _applied(change, details)
        )

    async def merge(self, *, organization_id: UUID, contact_id: UUID, other_contact_id: UUID) -> ContactView:
        """Make one contact of two. Raises InvalidArgument, NotFound or Unavailable."""
        if contact_id == other_contact_id:
            raise InvalidArgument("other_contact_id is the contact itself; give another one")
        return await again_while_raced(
            lambda: self._store.merge(organization_id=organization_id, winner_id=contact_id, loser_id=other_contact_id)
        )

    async def _tell(self, organization_id: UUID, contact: ContactView, is_opted_in: bool | None) -> None:
        if is_opted_in is None:
            return
        consent = Consent(
            organization_id=organization_id,
            wa_id=contact.wa_id,
            user_id=contact.user_id,
            # As in a flow: what comes unasked is meant, answers to the contact still leave.
            kind="all" if is_opted_in else "marketing",
            is_out=not is_opted_in,
            said_at_ms=int(self._now().timestamp() * 1000),
            source="people",
        )
        (outcome,) = await self._sender.apply_notices([consent])
        if outcome.kind == "retry":
            raise Unavailable(
                "sender takes no word of contacts now; try again", reason=errors_pb2.ERROR_REASON_PEER_UNAVAILABLE
            )


def page_size(limit: int) -> int:
    """How many rows a page has. Raises InvalidArgument."""
    if not 0 <= limit <= MOST_ROWS:
        raise InvalidArgument(f"limit is {limit}; use 1 to {MOST_ROWS}, or 0 for {USUAL_ROWS}")
    return limit or USUAL_ROWS


def checked_tags(field: str, tags: Sequence[str]) -> None:
    """Refuse tags that cannot be kept. Raises InvalidArgument."""
    if len(tags) > MOST_TAGS:
        raise InvalidArgument(f"{field} has {len(tags)} entries; use at most {MOST_TAGS}")
    for place, tag in enumerate(tags):
        text_of(f"{field}[{place}]", tag, most=MOST_TAG)


def _checked(change: DetailsChange) -> DetailsChange:
    stored_text("name", change.given_name or "", most=MOST_NAME)
    stored_text("language", change.language or "", most=MOST_TAG)
    checked_tags("add_tags", change.add_tags)
    checked_tags("remove_tags", change.remove_tags)
    return change


def _applied(change: DetailsChange, before: Details) -> Details:
    try:
        return change.applied_to(before)
    except TooMuch as error:
        raise InvalidArgument(str(error)) from None


def _named(organization_id: UUID, phone: str, user_id: str) -> Identity:
    if phone and user_id:
        raise InvalidArgument("phone_number and user_id are both given; give one of them")
    if user_id:
        return Identity(organization_id, "user_id", text_of("user_id", user_id, most=MOST_CHARACTERS).strip())
    if not phone:
        raise InvalidArgument("phone_number is empty; give it or user_id")
    return Identity(organization_id, "wa_id", phone_number("phone_number", phone))
