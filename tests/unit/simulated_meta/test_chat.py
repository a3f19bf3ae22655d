"""The phone in the terminal, talking to a bot of three answers over a real server."""

import asyncio
import io
import json
import threading
from collections.abc import AsyncIterator, Mapping

import pytest
from aiohttp.test_utils import TestServer

from services.embedded.meta.app import build_app
from services.embedded.meta.bodies import Send, read_request
from services.embedded.meta.chat import ChatError, Patience, business_number, chat
from services.embedded.meta.clock import SystemClock
from services.embedded.meta.plans import Faults
from services.embedded.meta.screen import Bubble
from services.embedded.meta.simulator import SimulatedMeta
from services.embedded.meta.terminal import run_chat
from tests.unit.simulated_meta.world import NUMBER, PHONE, buttons, listing, rows, text

BRISK = Patience(idle_seconds=0.05, deadline_seconds=5)
HASTY = Patience(idle_seconds=0.05, deadline_seconds=0.05)


class Bot:
    """A webhook receiver that answers in the same process: `menu`, `list`, silence, or an echo and a goodbye."""

    def __init__(self) -> None:
        self.meta = SimulatedMeta(poster=self, clock=SystemClock())
        self.meta.register(NUMBER)
        self.meta.faults.set_plan(Faults(statuses=()))
        self.heard: list[dict[str, object]] = []

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], timeout_seconds: float) -> bool:
        for change in json.loads(body)["entry"][0]["changes"]:
            for message in change["value"]["messages"]:
                self.heard.append(message)
                self._answer(message)
        return True

    async def fetch(self, url: str, query: Mapping[str, str]) -> tuple[int, str]:
        raise AssertionError("nobody subscribes here")

    async def close(self) -> None:
        return None

    def _answer(self, message: dict[str, dict[str, str]]) -> None:
        match message.get("text", {}).get("body", "a tap"):
            case "menu":
                self._say(buttons("Yes", "No"))
            case "list":
                self._say(listing([{"title": "Rooms", "rows": rows(2, description="Sea")}]))
            case "silence":
                pass
            case words:
                self._say(text(f"You said {words}"))
                self._say(text("Bye"))

    def _say(self, body: dict[str, object]) -> None:
        raw = json.dumps(body).encode()
        send = read_request(raw)
        assert isinstance(send, Send)
        self.meta.accept(NUMBER, send, raw=raw, arrival=0)


@pytest.fixture
async def bot() -> Bot:
    return Bot()


@pytest.fixture
async def url(bot: Bot) -> AsyncIterator[str]:
    server = TestServer(build_app(bot.meta), handler_cancellation=True)
    await server.start_server()
    yield str(server.make_url("")).rstrip("/")
    await server.close()


async def talk(url: str, *texts: str, patience: Patience = BRISK) -> tuple[int, list[str]]:
    shown: list[Bubble] = []
    status = await chat(url, NUMBER.phone_number_id, PHONE, texts, shown.append, patience=patience)
    return status, [bubble.text for bubble in shown]


async def test_every_text_waits_for_the_replies_to_the_one_before(url: str) -> None:
    assert await talk(url, "one", "two") == (0, ["You said one", "Bye", "You said two", "Bye"])


async def test_replies_to_earlier_talks_are_not_shown_again(url: str) -> None:
    await talk(url, "one")
    assert await talk(url, "two") == (0, ["You said two", "Bye"])


async def test_a_number_taps_the_choice_of_that_number(url: str, bot: Bot) -> None:
    assert await talk(url, "menu", "2") == (0, ["Which one?", "You said a tap", "Bye"])
    assert bot.heard[-1]["interactive"] == {
        "type": "button_reply",
        "button_reply": {"id": "b2", "title": "No"},
    }


async def test_a_slash_says_more_than_words(url: str, bot: Bot) -> None:
    assert await talk(url, "/location 1 2", "/start") == (0, ["You said a tap", "Bye", "You said /start", "Bye"])
    assert bot.heard[0]["location"] == {"latitude": 1.0, "longitude": 2.0}


async def test_a_number_that_was_not_offered_is_typed(url: str) -> None:
    assert await talk(url, "menu", "3") == (0, ["Which one?", "You said 3", "Bye"])


async def test_without_an_answer_in_time_the_talk_ends_with_status_1(url: str, bot: Bot) -> None:
    assert await talk(url, "silence", "one", patience=HASTY) == (1, [])
    assert len(bot.heard) == 1


async def test_an_unknown_business_number_is_said(url: str) -> None:
    with pytest.raises(ChatError, match="number is 1, which is no business number here"):
        await chat(url, "1", PHONE, ["one"], print, patience=BRISK)


async def test_a_simulator_that_is_not_there_is_said(bot: Bot) -> None:
    server = TestServer(build_app(bot.meta))
    await server.start_server()
    gone = str(server.make_url("")).rstrip("/")
    await server.close()
    with pytest.raises(ChatError, match="does not answer"):
        await business_number(gone)


async def test_without_business_numbers_there_is_nobody_to_talk_to(url: str, bot: Bot) -> None:
    bot.meta.numbers.clear()
    with pytest.raises(ChatError, match="no business number"):
        await business_number(url)


async def test_the_terminal_numbers_the_choices(url: str) -> None:
    out = io.StringIO()
    status = await asyncio.to_thread(run_chat, url, PHONE, ["menu", "list"], patience=BRISK, stdout=out)
    assert status == 0
    assert out.getvalue().splitlines() == [
        "Which one?",
        "  1. Yes",
        "  2. No",
        "Which one?",
        "  Rooms",
        "  1. Row 1 (Sea)",
        "  2. Row 2 (Sea)",
    ]


async def test_the_terminal_prints_a_json_object_a_line(url: str) -> None:
    out = io.StringIO()
    await asyncio.to_thread(run_chat, url, PHONE, ["one"], patience=BRISK, stdout=out, as_json=True)
    assert [json.loads(line)["text"] for line in out.getvalue().splitlines()] == ["You said one", "Bye"]


async def test_lines_of_a_pipe_are_said_in_turns(url: str) -> None:
    out = io.StringIO()
    status = await asyncio.to_thread(run_chat, url, PHONE, patience=BRISK, stdin=io.StringIO("menu\n\n1\n"), stdout=out)
    assert status == 0
    assert out.getvalue().splitlines()[-2:] == ["You said a tap", "Bye"]


async def test_a_pipe_that_gets_no_answer_ends_with_status_1(url: str) -> None:
    silent = io.StringIO("silence\n")
    assert await asyncio.to_thread(run_chat, url, PHONE, patience=HASTY, stdin=silent) == 1


class Typist(io.StringIO):
    """A person who types one line and leaves once the answer is on the screen."""

    def __init__(self, has_answer: threading.Event) -> None:
        super().__init__("one\n")
        self._has_answer = has_answer
        self._lines = 0

    def isatty(self) -> bool:
        return True

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]  # typeshed: IOBase says bytes
        self._lines += 1
        if self._lines > 1:
            assert self._has_answer.wait(5)
        return super().readline()


class Screen(io.StringIO):
    """Notices the last answer."""

    def __init__(self) -> None:
        super().__init__()
        self.has_answer = threading.Event()

    def write(self, words: str, /) -> int:
        written = super().write(words)
        if "Bye" in words:
            self.has_answer.set()
        return written


async def test_a_person_sees_replies_as_they_come_and_leaves_with_status_0(url: str) -> None:
    screen = Screen()
    typist = Typist(screen.has_answer)
    status = await asyncio.to_thread(run_chat, url, PHONE, stdin=typist, stdout=screen)
    assert status == 0
    assert screen.getvalue() == "You said one\nBye\n"


async def test_the_terminal_ends_with_status_2_when_it_is_refused(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert await asyncio.to_thread(run_chat, url, "Ann", ["one"]) == 2
    assert "phone number" in capsys.readouterr().err
