"""Meta and its people in this process: a text goes in as a webhook, its replies must come back to the Graph API."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle, pairwise

from tests.benchmarks.errors import Void
from tests.benchmarks.meta.graph import Graph, Reply
from tests.benchmarks.meta.people import Person
from tests.benchmarks.meta.poster import OK, Poster
from tests.benchmarks.meta.webhooks import message_ids, status_webhook, text_webhook

REPLY_SECONDS = 20.0
REPEAT_SECONDS = 1.0
STATUSES = ("sent", "delivered", "read")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One message: seconds from the POST to its 200, to the first reply at the Graph API, and between the replies."""

    answer_seconds: float
    reply_seconds: float
    gap_seconds: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Hearing:
    """The replies somebody waits for; `arrived_at` grows in time.perf_counter() seconds, `done` ends with the last."""

    texts: tuple[str, ...]
    done: asyncio.Future[None]
    arrived_at: list[float] = field(default_factory=list)

    def hear(self, reply: Reply) -> None:
        """Take the next reply; a wrong one fails who waits."""
        right = self.texts[len(self.arrived_at)]
        self.arrived_at.append(reply.arrived_at)
        if self.done.done():
            return
        if reply.text != right:
            self.done.set_exception(Void(f"a reply was {reply.text!r}, not {right!r}"))
        elif self.is_complete:
            self.done.set_result(None)

    @property
    def is_complete(self) -> bool:
        return len(self.arrived_at) == len(self.texts)

    @property
    def gaps(self) -> tuple[float, ...]:
        """Seconds between each reply and the next."""
        return tuple(after - before for before, after in pairwise(self.arrived_at))


@dataclass(frozen=True, slots=True)
class Said:
    """A posted line: when the post began and was first answered, how often it was refused, what is to be heard."""

    began: float
    answered: float
    hearing: Hearing
    refusals: int = 0

    def exchange(self, *, since: float | None = None) -> Exchange:
        """What is told of it once all is heard; replies count from the post, or from `since`."""
        began = self.began if since is None else since
        return Exchange(self.answered - self.began, self.hearing.arrived_at[0] - began, self.hearing.gaps)


class World:
    """What surrounds one variant. Replies nobody waits for are kept in `surplus`: one of them makes the run void."""

    def __init__(self, *, run: str, app_secret: str, latency_seconds: float = 0.0, with_statuses: bool = False) -> None:
        self.graph = Graph(self._hear, latency_seconds)
        self.surplus: list[Reply] = []
        self.with_statuses = with_statuses
        self._app_secret = app_secret
        self._ids = message_ids(run)
        self._hearings: dict[tuple[str, str], Hearing] = {}
        self._reports: set[asyncio.Task[None]] = set()
        self._posters: list[Poster] = []
        self._next_poster = cycle(self._posters)

    def connect(self, *webhook_urls: str) -> None:
        """Say where webhooks go: to each of the URLs in turn."""
        self._posters = [Poster(url, self._app_secret) for url in webhook_urls]
        self._next_poster = cycle(self._posters)

    async def exchange(self, person: Person) -> Exchange:
        """Let a person say the next line and read the replies. Raises Void when one is missing or not the right one."""
        said = await self.say(person)
        await self.heard([said.hearing], seconds=REPLY_SECONDS)
        return said.exchange()

    async def say(self, person: Person) -> Said:
        """Post the next line and wait for its 200, not for replies. Raises Void for any other answer."""
        said = await self.offer(person)
        if said.refusals:
            raise Void("a webhook was refused")
        return said

    async def offer(self, person: Person) -> Said:
        """Post the next line as Meta does: what is not answered 200 is posted again after a while."""
        line = person.next_line()
        hearing = self.expect(person, line.replies)
        body = text_webhook(person, text=line.text, message_id=next(self._ids))
        began = time.perf_counter()
        status = await next(self._next_poster).offer(body)
        answered, refusals = time.perf_counter(), 0
        while status != OK:
            refusals += 1
            await asyncio.sleep(REPEAT_SECONDS)
            status = await next(self._next_poster).offer(body)
        return Said(began, answered, hearing, refusals)

    def expect(self, person: Person, texts: tuple[str, ...]) -> Hearing:
        """Say what a person must hear from now on."""
        hearing = Hearing(texts, asyncio.get_running_loop().create_future())
        self._hearings[person.phone_number_id, person.wa_id] = hearing
        return hearing

    async def heard(self, hearings: Sequence[Hearing], *, seconds: float) -> None:
        """Wait until everything expected has come. Raises Void when it has not, or was wrong."""
        try:
            async with asyncio.timeout(seconds):
                for hearing in hearings:
                    await hearing.done
        except TimeoutError:
            missing = [hearing.texts[len(hearing.arrived_at)] for hearing in hearings if not hearing.is_complete]
            raise Void(f"no reply within {seconds:g} s to {len(missing)} messages, such as {missing[:1]}") from None

    def _hear(self, reply: Reply) -> None:
        key = (reply.phone_number_id, reply.wa_id)
        hearing = self._hearings.get(key)
        if hearing is None:
            self.surplus.append(reply)
            return
        hearing.hear(reply)
        if hearing.is_complete:
            del self._hearings[key]
        if self.with_statuses:
            report = asyncio.get_running_loop().create_task(self._report(reply))
            self._reports.add(report)
            report.add_done_callback(self._reports.discard)

    async def _report(self, reply: Reply) -> None:
        """Post what happens to a reply, step by step as Meta does."""
        for status in STATUSES:
            body = status_webhook(
                phone_number_id=reply.phone_number_id, wa_id=reply.wa_id, message_id=reply.message_id, status=status
            )
            await next(self._next_poster).post(body)

    async def settle(self) -> None:
        """Wait until every status is reported. Raises Void when somebody got more than the replies expected."""
        await asyncio.gather(*self._reports)
        if self.surplus:
            raise Void(f"{len(self.surplus)} replies more than messages; the first was {self.surplus[0].text!r}")

    async def close(self) -> None:
        """Close connections and the Graph API."""
        for poster in self._posters:
            poster.close()
        await self.graph.close()
