"""Well-meant traffic: signed posts at a steady rate, and when each was answered and replied to."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.benchmarks.meta.people import Person
from tests.benchmarks.meta.poster import Poster
from tests.benchmarks.meta.webhooks import text_webhook
from tests.floods.kinds import PATH, SECRET

NUMBER = "300000000000001"
PEOPLE = 400
REPLY_SECONDS = 30.0

FLOW = {
    "schema": "pytake.flow/1",
    "name": "echo",
    "nodes": [
        {"id": "start", "type": "start", "data": {}},
        {"id": "echo", "type": "message", "data": {"content": "heard {{user_message}}"}},
        {"id": "end", "type": "end", "data": {}},
    ],
    "edges": [{"id": "a", "source": "start", "target": "echo"}, {"id": "b", "source": "echo", "target": "end"}],
}


@dataclass(slots=True)
class Heard:
    """Seconds to the answer and to the reply, of every message; `refused` counts answers other than 200."""

    answers: list[float] = field(default_factory=list)
    replies: list[float] = field(default_factory=list)
    refused: int = 0
    unheard: int = 0


class Talk:
    """People who write at a steady rate; every line is told apart, so that its reply is known."""

    def __init__(self, house: str, graph: str) -> None:
        self._poster = Poster(f"{house}{PATH}", SECRET)
        self._graph = graph
        self._numbers = itertools.count(1)
        self._after = 0

    async def run(self, per_second: float, seconds: float) -> Heard:
        """Talk for a while, then wait for the replies."""
        heard = Heard()
        said: dict[str, float] = {}
        posts = []
        began = time.monotonic()
        for place in range(round(per_second * seconds)):
            await asyncio.sleep(max(0.0, began + place / per_second - time.monotonic()))
            posts.append(asyncio.create_task(self._say(said, heard)))
        await asyncio.gather(*posts)
        await self._hear(said, heard)
        return heard

    async def _say(self, said: dict[str, float], heard: Heard) -> None:
        number = next(self._numbers)
        text = f"line {number}"
        person = Person(f"55118{number % PEOPLE:08}", NUMBER, "Ana", ())
        body = text_webhook(person, text=text, message_id=f"wamid.valid.{number}.{time.time_ns()}")
        sent_at, began = time.time(), time.perf_counter()
        status = await self._poster.offer(body)
        if status != 200:
            heard.refused += 1
            return
        heard.answers.append(time.perf_counter() - began)
        said[f"heard {text}"] = sent_at

    async def _hear(self, said: dict[str, float], heard: Heard) -> None:
        """Read Meta's ledger until every reply is there, or patience ends."""
        give_up_at = time.monotonic() + REPLY_SECONDS
        async with aiohttp.ClientSession() as session:
            while said and time.monotonic() < give_up_at:
                for entry in await self._accepted(session):
                    sent_at = said.pop(entry["body"]["text"]["body"], None)
                    if sent_at is not None:
                        heard.replies.append(entry["accepted_at"] / 1e9 - sent_at)
                await asyncio.sleep(0.2)
        heard.unheard = len(said)

    async def _accepted(self, session: aiohttp.ClientSession) -> list[dict[str, Any]]:
        async with session.get(f"{self._graph}/_sim/ledger", params={"after": str(self._after)}) as response:
            entries: list[dict[str, Any]] = json.loads(await response.read())["messages"]
        self._after = max([self._after, *(entry["sequence"] for entry in entries)])
        return entries

    def close(self) -> None:
        """End the connections."""
        self._poster.close()
