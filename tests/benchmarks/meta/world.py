"""Meta and its people in this process: a text goes in as a webhook, its one reply must come back to the Graph API."""

import asyncio
import time
from dataclasses import dataclass

from tests.benchmarks.errors import Void
from tests.benchmarks.meta.graph import Graph, Reply
from tests.benchmarks.meta.people import Person
from tests.benchmarks.meta.poster import Poster
from tests.benchmarks.meta.webhooks import message_ids, status_webhook, text_webhook

REPLY_SECONDS = 20.0
STATUSES = ("sent", "delivered", "read")


@dataclass(frozen=True, slots=True)
class Exchange:
    """One message: seconds from the POST to its 200, and to the reply's arrival at the Graph API."""

    answer_seconds: float
    reply_seconds: float


class World:
    """What surrounds one variant. Replies nobody waits for are kept in `surplus`: one of them makes the run void."""

    def __init__(self, *, run: str, app_secret: str, latency_seconds: float, with_statuses: bool) -> None:
        self.graph = Graph(self._hear, latency_seconds)
        self.surplus: list[Reply] = []
        self._app_secret = app_secret
        self._with_statuses = with_statuses
        self._ids = message_ids(run)
        self._waiting: dict[tuple[str, str], asyncio.Future[Reply]] = {}
        self._reports: set[asyncio.Task[None]] = set()
        self._poster: Poster | None = None

    def connect(self, webhook_url: str) -> None:
        """Say where webhooks go."""
        self._poster = Poster(webhook_url, self._app_secret)

    async def exchange(self, person: Person) -> Exchange:
        """Let a person say the next line and read the reply. Raises Void when it is missing or not the right one."""
        assert self._poster is not None
        line, key = person.next_line(), (person.phone_number_id, person.wa_id)
        heard = self._waiting[key] = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        await self._poster.post(text_webhook(person, text=line.text, message_id=next(self._ids)))
        answered = time.perf_counter()
        try:
            async with asyncio.timeout(REPLY_SECONDS):
                reply = await heard
        except TimeoutError:
            raise Void(f"no reply to {line.text!r} within {REPLY_SECONDS:g} s") from None
        if reply.text != line.reply:
            raise Void(f"the reply to {line.text!r} was {reply.text!r}, not {line.reply!r}")
        return Exchange(answered - began, reply.arrived_at - began)

    def _hear(self, reply: Reply) -> None:
        heard = self._waiting.pop((reply.phone_number_id, reply.wa_id), None)
        if heard is None:
            self.surplus.append(reply)
            return
        if not heard.done():
            heard.set_result(reply)
        if self._with_statuses:
            report = asyncio.get_running_loop().create_task(self._report(reply))
            self._reports.add(report)
            report.add_done_callback(self._reports.discard)

    async def _report(self, reply: Reply) -> None:
        """Post what happens to a reply, step by step as Meta does."""
        assert self._poster is not None
        for status in STATUSES:
            body = status_webhook(
                phone_number_id=reply.phone_number_id, wa_id=reply.wa_id, message_id=reply.message_id, status=status
            )
            await self._poster.post(body)

    async def settle(self) -> None:
        """Wait until every status is reported. Raises Void when somebody got more than the one reply."""
        await asyncio.gather(*self._reports)
        if self.surplus:
            raise Void(f"{len(self.surplus)} replies more than messages; the first was {self.surplus[0].text!r}")

    async def close(self) -> None:
        """Close connections and the Graph API."""
        if self._poster:
            self._poster.close()
        await self.graph.close()
