"""The whole house as its user meets it: started by `pytake up`, used by the other commands."""

import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.walls import watch

READY = "Ctrl-C stops everything"
START_SECONDS = 120
PHONE = "5511999990042"
FLOW = {
    "nodes": [
        {"id": "s", "type": "start", "data": {}},
        {"id": "q", "type": "question", "data": {"content": "Which size?", "variableName": "size"}},
        {"id": "e", "type": "end", "data": {"content": "One {{size}} it is."}},
    ],
    "edges": [{"source": "s", "target": "q"}, {"source": "q", "target": "e"}],
}
SHOP = {
    "organizations": [
        {
            "name": "journey shop",
            "meta_apps": [{"name": "main", "app_secret": "a secret of the journey", "verify_token": "journey"}],
            "numbers": [
                {
                    "phone_number_id": 770000000000007,
                    "display_phone_number": "+55 11 5550-0177",
                    "access_token": "EAAjourney",
                    "app": "main",
                    "chatbot": "seller",
                }
            ],
            "chatbots": [{"name": "seller", "default_flow": "sizes"}],
            "flows": [{"name": "sizes", "document": FLOW}],
        }
    ]
}


@dataclass
class HouseLine:
    """The command line of a house that runs."""

    data: Path

    async def run(self, *arguments: str) -> tuple[int, str]:
        """Run a command to its end; exit code and everything it said."""
        process = await start(*arguments, "--data", str(self.data))
        said, _ = await process.communicate()
        return process.returncode or 0, said.decode()


async def start(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def until_ready(house: asyncio.subprocess.Process) -> None:
    assert house.stdout is not None
    said = ""
    async with asyncio.timeout(START_SECONDS):
        while READY not in said:
            line = (await house.stdout.readline()).decode()
            assert line, f"the house ended: {said}"
            said += line


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the user Postgres runs as for root can pass through."""
    path = Path(tempfile.mkdtemp(prefix="pytake-journey-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
async def line(folder: Path) -> AsyncIterator[HouseLine]:
    house = await start("up", "--data", str(folder / "data"))
    try:
        await until_ready(house)
        yield HouseLine(folder / "data")
    finally:
        canaries = await asyncio.to_thread(watch.gather, folder / "data")
        if house.returncode is None:
            house.terminate()
        said, _ = await house.communicate()
    watch.check(folder / "data", canaries, [("what the house said", said)])


async def test_a_phone_talks_to_the_demo_and_to_what_was_applied(line: HouseLine, tmp_path: Path) -> None:
    code, said = await line.run("chat", "--from", PHONE, "Oi", "Ana", "3")
    assert (code, "Olá! 👋 / Hello! 👋" in said, "Obrigado, Ana!" in said) == (0, True, True)

    file = tmp_path / "shop.json"
    file.write_text(json.dumps(SHOP))
    assert (await line.run("apply", str(file)))[0] == 0
    assert (await line.run("apply", str(file)))[1].splitlines()[-1] == "nothing to change"

    code, said = await line.run("chat", "--from", PHONE, "--number", "770000000000007", "Hey", "small")
    assert (code, said.split("\n")) == (0, ["Which size?", "One small it is.", ""])

    code, said = await line.run("doctor")
    assert (code, "problem" in said) == (0, False)
