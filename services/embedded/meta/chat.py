"""A phone in the terminal or in a test: it talks to the simulator's phone API, as the page does."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import quote

import aiohttp
import orjson

from .screen import Bubble, Choice
from .utterances import read_line

OnBubble = Callable[[Bubble], None]


class ChatError(Exception):
    """The simulator does not answer or does not take what was sent; the text says why."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait: until quiet for `idle_seconds` after the first reply, `deadline_seconds` in all."""

    idle_seconds: float = 0.7
    deadline_seconds: float = 20.0


async def chat(
    base_url: str,
    phone_number_id: str,
    from_number: str,
    texts: Iterable[str],
    on_bubble: OnBubble,
    *,
    name: str = "",
    patience: Patience = Patience(),
) -> int:
    """Send each text, hand over the replies to it, then send the next; 0, or 1 once a text had no answer.

    A text that is the number of an offered choice taps it. After a text without an answer no more are sent.
    """
    async with hold_phone(base_url, phone_number_id, from_number, name=name) as phone:
        for text in texts:
            await phone.answer(text)
            if not await phone.replies(on_bubble, patience):
                return 1
    return 0


async def business_number(base_url: str) -> str:
    """The phone_number_id of the first business number. Raises ChatError when there is none."""
    async with aiohttp.ClientSession() as session:
        listed = await _call(session, "GET", f"{base_url}/phone/api/numbers")
    numbers = listed["numbers"]
    if not isinstance(numbers, list) or not numbers:
        raise ChatError("no business number is registered with the simulated Meta")
    return str(numbers[0]["phone_number_id"])


@asynccontextmanager
async def hold_phone(
    base_url: str, phone_number_id: str, from_number: str, *, name: str = ""
) -> AsyncIterator["Phone"]:
    """A phone that hears from now on; while it is held, the business sees its messages read."""
    place = f"{base_url.rstrip('/')}/phone/api/{quote(phone_number_id, safe='')}/{quote(from_number, safe='')}"
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=10)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        phone = Phone(session, place, name)
        listening = asyncio.create_task(phone.listen(await phone.sequence()))
        try:
            yield phone
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


class Phone:
    """One phone writing to one business number; made by hold_phone."""

    def __init__(self, session: aiohttp.ClientSession, place: str, name: str) -> None:
        self._session, self._place, self._name = session, place, name
        self._arrived: asyncio.Queue[Bubble | None] = asyncio.Queue()
        self._choices: tuple[Choice, ...] = ()

    async def sequence(self) -> int:
        """Where the conversation stands now."""
        history = await _call(self._session, "GET", f"{self._place}/history")
        return int(str(history["sequence"]))

    async def answer(self, text: str) -> None:
        """Type a line: a number from 1 taps that choice of the newest bubble that offered any, a slash says more.

        What stands after a slash: utterances.
        """
        if text.isdecimal() and 1 <= int(text) <= len(self._choices):
            choice = self._choices[int(text) - 1]
            await self._send({"reply": {"kind": choice.kind, "id": choice.id, "title": choice.title}})
        elif message := read_line(text):
            await self._send({"message": message})
        else:
            await self._send({"text": text})

    async def next_reply(self) -> Bubble:
        """The next bubble of the business. Raises ChatError when the stream ended."""
        bubble = await self._arrived.get()
        if bubble is None:
            raise ChatError("the simulated Meta closed the connection")
        self._choices = bubble.choices or self._choices
        return bubble

    async def replies(self, on_bubble: OnBubble, patience: Patience) -> int:
        """Hand over what arrives until it is quiet; the number of bubbles."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience.deadline_seconds
        count, until = 0, deadline
        while True:
            try:
                async with asyncio.timeout_at(until):
                    bubble = await self.next_reply()
            except TimeoutError:
                return count
            on_bubble(bubble)
            count += 1
            until = min(deadline, loop.time() + patience.idle_seconds)

    async def listen(self, since: int) -> None:
        """Collect the business's bubbles from the event stream until cancelled or cut off."""
        seen: set[str] = set()
        try:
            async with self._session.get(f"{self._place}/events", params={"since": str(since)}) as stream:
                async for line in stream.content:
                    bubble = _read_event(line)
                    if bubble and not bubble.is_mine and bubble.id not in seen:
                        seen.add(bubble.id)
                        self._arrived.put_nowait(bubble)
        except aiohttp.ClientError:
            pass  # the end is told below, however it came
        self._arrived.put_nowait(None)

    async def _send(self, message: Mapping[str, object]) -> None:
        named = {"name": self._name} if self._name else {}
        await _call(self._session, "POST", f"{self._place}/messages", dict(message) | named)


async def _call(session: aiohttp.ClientSession, method: str, url: str, body: object = None) -> dict[str, object]:
    try:
        async with session.request(method, url, json=body) as answer:
            value: dict[str, object] = await answer.json()
    except aiohttp.ClientError as error:
        raise ChatError(f"the simulated Meta does not answer: {error}") from error
    if answer.status != 200:
        raise ChatError(str(value.get("detail", answer.reason)))
    return value


def _read_event(line: bytes) -> Bubble | None:
    if not line.startswith(b"data: "):
        return None
    fields = orjson.loads(line[6:]).get("bubble")
    if fields is None:
        return None
    choices = tuple(Choice(**choice) for choice in fields.pop("choices"))
    return Bubble(**fields | {"choices": choices, "buttons": tuple(fields["buttons"])})
