"""`pytake chat`: a conversation on standard input and output."""

import asyncio
import contextlib
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from typing import TextIO

import orjson

from .chat import ChatError, OnBubble, Patience, Phone, business_number, chat, hold_phone
from .screen import Bubble


def run_chat(
    base_url: str,
    from_number: str,
    texts: Sequence[str] = (),
    *,
    phone_number_id: str = "",
    name: str = "",
    as_json: bool = False,
    patience: Patience = Patience(),  # noqa: B008 (frozen)
    stdin: TextIO | None = None,
    stdout: TextIO | None = None,
) -> int:
    """Send the texts and print the replies, or talk line by line when there are none; the exit status.

    Without phone_number_id the first registered business number is written to. 1: nothing was answered in
    time; 2: the simulator is not there or refused. `as_json` prints one JSON object a line.
    """
    printing, typed = _printer(stdout or sys.stdout, as_json=as_json), stdin or sys.stdin

    async def talk() -> int:
        business = phone_number_id or await business_number(base_url)
        if texts:
            return await chat(base_url, business, from_number, texts, printing, name=name, patience=patience)
        async with hold_phone(base_url, business, from_number, name=name) as phone:
            if typed.isatty():
                return await _talk_live(phone, printing, typed)
            return await _talk_in_turns(phone, printing, typed, patience)

    try:
        status = asyncio.run(talk())
    except* ChatError as errors:
        sys.stderr.write(f"{errors.exceptions[0]}\n")
        status = 2
    except* KeyboardInterrupt:
        status = 0
    return status


def render(bubble: Bubble) -> str:
    """A bubble as lines of text, its choices numbered from 1; what does nothing here stands in round brackets."""
    lines = [part for part in (bubble.header, bubble.text, bubble.footer) if part]
    section = ""
    for position, choice in enumerate(bubble.choices, start=1):
        if choice.section and choice.section != section:
            section = choice.section
            lines.append(f"  {section}")
        described = f" ({choice.description})" if choice.description else ""
        lines.append(f"  {position}. {choice.title}{described}")
    lines += [f"  ({button})" for button in bubble.buttons]
    return "\n".join(lines)


def _printer(stdout: TextIO, *, as_json: bool) -> OnBubble:
    def write(bubble: Bubble) -> None:
        shown = orjson.dumps(bubble.to_json()).decode() if as_json else render(bubble)
        stdout.write(f"{shown}\n")
        stdout.flush()

    return write


async def _lines(stdin: TextIO) -> AsyncIterator[str]:
    """Lines without blanks at the ends, the empty ones left out.

    A daemon thread of our own reads them: asyncio.run would wait for one of its own pool when Ctrl-C comes.
    """
    loop = asyncio.get_running_loop()
    typed: asyncio.Queue[str] = asyncio.Queue()

    def read() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has gone; nobody wants to know
            while line := stdin.readline():
                loop.call_soon_threadsafe(typed.put_nowait, line)
            loop.call_soon_threadsafe(typed.put_nowait, "")

    threading.Thread(target=read, daemon=True, name="stdin").start()
    while line := await typed.get():
        if text := line.strip():
            yield text


async def _talk_in_turns(phone: Phone, printing: OnBubble, stdin: TextIO, patience: Patience) -> int:
    """Lines from a file or pipe: each waits for the replies to the one before."""
    async for text in _lines(stdin):
        await phone.answer(text)
        if not await phone.replies(printing, patience):
            return 1
    return 0


async def _talk_live(phone: Phone, printing: OnBubble, stdin: TextIO) -> int:
    """A person types; replies print whenever they come. Ends with the input or the connection."""
    async with asyncio.TaskGroup() as tasks:
        printer = tasks.create_task(_print_replies(phone, printing))
        async for text in _lines(stdin):
            await phone.answer(text)
        printer.cancel()
    return 0


async def _print_replies(phone: Phone, printing: OnBubble) -> None:
    while True:
        printing(await phone.next_reply())
