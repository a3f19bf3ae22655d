"""Starts those who are up at the same time, each with its own Meta and its own people."""

from __future__ import annotations

import contextlib
import random
import secrets
import tempfile
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from services.embedded.keys import SIGNERS
from tests.benchmarks.baselines.names import BASELINES
from tests.benchmarks.baselines.start import running_baselines
from tests.benchmarks.contestant import Contestant
from tests.benchmarks.documents import many_organizations, one_organization
from tests.benchmarks.load import greet_everybody
from tests.benchmarks.meta.people import Cast, Person, make_people, person_of, phone_number_ids
from tests.benchmarks.meta.world import World
from tests.benchmarks.names import (
    CLEAR_TEXT,
    ENCRYPTED,
    FIVE_PROCESSES,
    ONE_OF_EACH,
    ONE_PROCESS,
    ROAD,
    TWO_OF_EACH,
    conversations_name,
    organizations_name,
)
from tests.benchmarks.plan import Plan
from tests.benchmarks.progress import Progress
from tests.benchmarks.road import running_road
from tests.benchmarks.scenarios import Side
from tests.benchmarks.seeding import seed_conversations
from tests.benchmarks.sizes import Sizes
from tests.benchmarks.variant import Surroundings, Variant
from tests.fixtures.authority import Authority
from tests.fixtures.members import dns, issue

NUMBERS = 100
"""Business numbers of a cast: enough for Meta's 80 messages a second each never to be reached."""
WARM_UP_IN_FLIGHT = 32
MOST_GREETED = 1000
WRITERS_OF_MANY = 10_000
CASTS: tuple[Cast, ...] = ("workshop", "long", "bubbles")


class Stage:
    """Starts houses and baselines one after the other; they end with the stack."""

    def __init__(self, stack: contextlib.AsyncExitStack, plan: Plan, progress: Progress) -> None:
        self._stack = stack
        self._sizes = plan.sizes
        self._with_statuses = plan.with_statuses
        self._progress = progress
        self._run, self._app_secret = secrets.token_hex(4), secrets.token_hex(16)

    async def world(self) -> World:
        """Open a Meta."""
        latency_seconds = self._sizes.latency_ms / 1000
        world = World(
            run=self._run,
            app_secret=self._app_secret,
            latency_seconds=latency_seconds,
            with_statuses=self._with_statuses,
        )
        await world.graph.open()
        self._stack.push_async_callback(world.close)
        return world

    async def house(
        self,
        name: str,
        document: Mapping[str, object],
        people: Mapping[Cast, Sequence[Person]],
        *,
        replicas: int = 1,
        is_together: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> Contestant:
        """Start a house and set it up; `settings` are told to its services and to its commands."""
        self._progress.say(f"starting {name}")
        world = await self.world()
        around = self.around(world, ())
        variant = await self._stack.enter_async_context(
            running_road(
                self.folder(),
                around,
                name=name,
                document=document,
                replicas=replicas,
                is_together=is_together,
                settings=settings,
            )
        )
        return contestant(variant, world, people)

    async def baselines(self, numbers: Sequence[str], names: Sequence[str]) -> list[Contestant]:
        """Start the named baselines; their people are as many as PyTake's."""
        self._progress.say(f"starting {'; '.join(names)}")
        worlds = {name: await self.world() for name in names}
        arounds = {name: self.around(world, tuple(numbers)) for name, world in worlds.items()}
        variants = await self._stack.enter_async_context(running_baselines(self.folder(), arounds))
        return [
            contestant(variant, worlds[variant.name], {"workshop": make_people(self._sizes.people, numbers)})
            for variant in variants
        ]

    def around(self, world: World, numbers: tuple[str, ...]) -> Surroundings:
        """What a variant is told."""
        return Surroundings(world.graph.base_url, self._app_secret, numbers)

    def folder(self) -> Path:
        """Make a folder for one variant's data; the user Postgres runs as for root must pass through."""
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="pytake-bench-")))
        folder.chmod(0o711)
        return folder

    async def greet(self, contestants: Sequence[Contestant]) -> None:
        """Let people say a first line to each variant."""
        for each in contestants:
            self._progress.say(f"warming up {each.variant.name}")
            for people in each.casts.values():
                await greet_everybody(each.world, people, WARM_UP_IN_FLIGHT, at_most=MOST_GREETED)
            await each.world.settle()


def contestant(variant: Variant, world: World, people: Mapping[Cast, Sequence[Person]]) -> Contestant:
    """Join a variant with its Meta and its people."""
    world.connect(*variant.webhook_urls)
    return Contestant(variant, world, {cast: deque(each) for cast, each in people.items()})


@asynccontextmanager
async def opened(
    side: Side, variants: Sequence[str], plan: Plan, progress: Progress
) -> AsyncIterator[list[Contestant]]:
    """Start a side, warm it up, and stop it at the end. Raises Void."""
    async with contextlib.AsyncExitStack() as stack:
        stage, sizes = Stage(stack, plan, progress), plan.sizes
        match side:
            case "baselines":
                contestants = await _beside_baselines(stage, variants, sizes)
            case "processes":
                contestants = await _processes(stage, sizes)
            case "organizations":
                contestants = await _organizations(stage, sizes)
            case "conversations":
                contestants = await _conversations(stage, sizes, progress)
            case "replicas":
                contestants = await _replicas(stage, sizes)
            case "encryption":
                contestants = await _encryption(stage, sizes)
        await stage.greet(contestants)
        yield contestants


async def _beside_baselines(stage: Stage, variants: Sequence[str], sizes: Sizes) -> list[Contestant]:
    numbers = {cast: phone_number_ids(NUMBERS, first=place * NUMBERS) for place, cast in enumerate(CASTS)}
    people = {cast: make_people(sizes.people, numbers[cast], cast=cast) for cast in CASTS}
    contestants = [await stage.house(ROAD, one_organization(numbers), people)]
    if wanted := [name for name in BASELINES if name in variants]:
        contestants += await stage.baselines(numbers["workshop"], wanted)
    return contestants


async def _processes(stage: Stage, sizes: Sizes) -> list[Contestant]:
    numbers = phone_number_ids(NUMBERS)
    return [
        await stage.house(
            name,
            one_organization({"workshop": numbers}),
            {"workshop": make_people(sizes.people, numbers)},
            is_together=name == ONE_PROCESS,
        )
        for name in (FIVE_PROCESSES, ONE_PROCESS)
    ]


async def _organizations(stage: Stage, sizes: Sizes) -> list[Contestant]:
    """Both have as many numbers, and everybody's writers are spread over all of them."""
    numbers = phone_number_ids(sizes.organizations)
    count = max(sizes.people, sizes.organizations)
    documents = {
        organizations_name(1): one_organization({"workshop": numbers}),
        organizations_name(sizes.organizations): many_organizations(numbers),
    }
    return [
        await stage.house(name, document, {"workshop": make_people(count, numbers)})
        for name, document in documents.items()
    ]


async def _conversations(stage: Stage, sizes: Sizes, progress: Progress) -> list[Contestant]:
    """As many write in both houses; in the larger one they are drawn from all it knows."""
    numbers = phone_number_ids(NUMBERS)
    contestants = []
    for count in (sizes.few_conversations, sizes.conversations):
        drawn = random.sample(range(count), min(WRITERS_OF_MANY, sizes.few_conversations))
        people: dict[Cast, list[Person]] = {"workshop": [person_of(index, numbers) for index in drawn]}
        house = await stage.house(conversations_name(count), one_organization({"workshop": numbers}), people)
        await seed_conversations(house, count, numbers, progress)
        contestants.append(house)
    return contestants


async def _replicas(stage: Stage, sizes: Sizes) -> list[Contestant]:
    numbers = phone_number_ids(NUMBERS)
    return [
        await stage.house(
            name,
            one_organization({"workshop": numbers}),
            {"workshop": make_people(sizes.people, numbers)},
            replicas=replicas,
        )
        for name, replicas in ((ONE_OF_EACH, 1), (TWO_OF_EACH, 2))
    ]


async def _encryption(stage: Stage, sizes: Sizes) -> list[Contestant]:
    """One certificate names everybody here: what encryption costs does not depend on whose it is."""
    numbers, folder = phone_number_ids(NUMBERS), stage.folder()
    issue(Authority.found(folder), folder, dns(*SIGNERS))
    files = {"TLS_CERT_FILE": "tls.crt", "TLS_KEY_FILE": "tls.key", "TLS_CA_FILE": "ca.crt"}
    settings = {name: str(folder / file) for name, file in files.items()}
    return [
        await stage.house(
            name,
            one_organization({"workshop": numbers}),
            {"workshop": make_people(sizes.people, numbers)},
            settings=told,
        )
        for name, told in ((CLEAR_TEXT, {}), (ENCRYPTED, settings))
    ]
