"""Two replicas that remember route exactly as one that remembers nothing, whatever happens in between."""

import asyncio
from dataclasses import dataclass, field, replace
from uuid import UUID

from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.router.cache import ContactCache, PlanCache
from services.router.domain.identity import read_identity
from services.router.domain.message import Message, Notice
from services.router.domain.organization import Number
from services.router.usecases import LearnAccounts, NoteConsents, RouteMessages
from tests.fakes.router import FakeStore
from tests.fakes.router_peers import FakeExecutor, FakeSender
from tests.unit.router.town import FLOW, NOW, message, number

ORGANIZATIONS = (UUID(int=1), UUID(int=2))
NUMBERS = ("1", "2", "3")
WA_IDS = ("5581900000001", "5581900000002", "5581900000003")

notices = st.none() | st.builds(
    Notice,
    st.sampled_from(["user_changed_number", "user_changed_user_id"]),
    st.sampled_from(["", *WA_IDS, "BR.1"]),
    st.just(""),
    st.sampled_from(["", *WA_IDS]),
    st.sampled_from(["", "BR.1", "BR.2"]),
)
messages = st.builds(
    lambda wa_id, age, **fields: message("", wa_id, sent_at=int(NOW.timestamp()) - age, **fields),
    st.sampled_from(["", *WA_IDS]),
    st.sampled_from([0, 60, 7200]),
    phone_number_id=st.sampled_from([*NUMBERS, "404"]),
    user_id=st.sampled_from(["", "", "BR.1", "BR.2"]),
    parent_user_id=st.sampled_from(["", "", "BR.ENT.1"]),
    profile_name=st.sampled_from(["", "", "Ana", "Bia"]),
    kind=st.sampled_from(["text", "text", "system"]),
    is_flow_input=st.booleans(),
    notice=st.one_of(st.none(), st.none(), notices),
)


@dataclass(frozen=True)
class Route:
    replica: int
    batch: list[Message]


@dataclass(frozen=True)
class Put:
    """An organization's own number gets a new setup."""

    phone_number_id: str
    flow_id: UUID | None
    is_active: bool


@dataclass(frozen=True)
class Move:
    """A number goes to the other organization."""

    phone_number_id: str


@dataclass(frozen=True)
class Own:
    organization_id: UUID
    wa_id: str
    owner: str


Step = Route | Put | Move | Own
steps = st.lists(
    st.one_of(
        st.builds(Route, st.integers(0, 1), st.lists(messages, min_size=1, max_size=6)),
        st.builds(Route, st.integers(0, 1), st.lists(messages, min_size=1, max_size=6)),
        st.builds(Put, st.sampled_from(NUMBERS), st.sampled_from([None, FLOW]), st.booleans()),
        st.builds(Move, st.sampled_from(NUMBERS)),
        st.builds(Own, st.sampled_from(ORGANIZATIONS), st.sampled_from(WA_IDS), st.sampled_from(["bot", "person"])),
    ),
    max_size=12,
)


@dataclass
class House:
    """A store, and replicas of router in front of it."""

    replicas: int
    remembers: bool
    store: FakeStore = field(default_factory=FakeStore)
    executor: FakeExecutor = field(default_factory=FakeExecutor)
    told: list[list[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.routers = [self._router() for _ in range(self.replicas)]

    def _router(self) -> RouteMessages:
        plans = PlanCache() if self.remembers else PlanCache(organizations=0, numbers=0)
        contacts = ContactCache() if self.remembers else ContactCache(contacts=0)
        consents, accounts = NoteConsents(self.store, FakeSender()), LearnAccounts(self.store)
        return RouteMessages(self.store, self.executor, consents, accounts, plans, contacts, lambda: NOW)

    async def live(self, history: list[Step]) -> None:
        for organization_id in ORGANIZATIONS:
            await self.store.put_organization(
                organization_id=organization_id,
                name=str(organization_id),
                fallback_flow_id=None,
                time_zone="UTC",
                replace=False,
            )
        for place, phone_number_id in enumerate(NUMBERS):
            await self.store.put_number(organization_id=ORGANIZATIONS[place % 2], number=number(phone_number_id))
        for place, step in enumerate(history):
            await self._do(place, step)

    async def _do(self, place: int, step: Step) -> None:
        match step:
            case Route(replica, batch):
                named = [each._replace(event_id=f"{place}.{n}") for n, each in enumerate(batch)]
                outcomes = await self.routers[replica % self.replicas].route(named, is_repeat=False)
                self.told.append([outcome.kind for outcome in outcomes])
            case Put(phone_number_id, flow_id, is_active):
                owner, found = self.store.rows.numbers[phone_number_id]
                wanted: Number = replace(found, default_flow_id=flow_id, is_active=is_active)
                await self.store.put_number(organization_id=owner, number=wanted)
            case Move(phone_number_id):
                owner, found = self.store.rows.numbers.pop(phone_number_id)
                (other,) = set(ORGANIZATIONS) - {owner}
                await self.store.put_number(organization_id=other, number=found)
            case Own(organization_id, wa_id, owner):
                identity = read_identity(organization_id, wa_id)
                await self.store.set_owner(identity=identity, phone_number_id="", owner=owner)

    def given_on(self) -> list[tuple]:
        """What executor was given; when a contact was stored is none of its business."""
        return [each._replace(contact=replace(each.contact, created_at=0.0)) for each in self.executor.taken]

    def stored(self) -> tuple:
        """What is stored, but the conversations of contacts that were merged away: nobody reads them again."""
        rows = self.store.rows
        alive = {key: each for key, each in rows.conversations.items() if each.contact_id not in rows.merged_into}
        return rows.contacts, rows.identities, rows.merged_into, alive


def ana(**fields) -> Message:
    return message("", WA_IDS[0], phone_number_id="1", **fields)


@settings(max_examples=200, deadline=None)
@given(steps)
@example([Route(0, [ana()]), Route(1, [ana(profile_name="Ana")]), Route(0, [ana(), ana(user_id="BR.1")])])
@example(
    [
        Route(0, [message("", "", phone_number_id="1", user_id="BR.1")]),
        Route(0, [ana()]),
        Route(0, [ana(), ana(user_id="BR.1"), ana()]),
        Route(1, [ana()]),
    ]
)
@example([Route(0, [ana()]), Move("1"), Route(0, [ana()]), Route(1, [ana()]), Move("1"), Route(0, [ana()])])
@example([Route(0, [ana()]), Put("1", None, True), Route(0, [ana()]), Put("1", None, False), Route(0, [ana()])])
def test_memory_changes_nothing_but_the_number_of_journeys(history):
    remembering, forgetful = House(2, remembers=True), House(1, remembers=False)

    asyncio.run(remembering.live(history))
    asyncio.run(forgetful.live(history))

    assert remembering.told == forgetful.told
    assert remembering.given_on() == forgetful.given_on()
    assert remembering.stored() == forgetful.stored()
