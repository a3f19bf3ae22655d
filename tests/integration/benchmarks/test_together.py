"""The rooms in one process are PyTake as well: what the split costs could not be told otherwise."""

import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from services.embedded.keys import ROOMS
from tests.benchmarks.meta.people import make_people, phone_number_ids
from tests.benchmarks.meta.webhooks import sign, text_webhook
from tests.benchmarks.meta.world import World
from tests.benchmarks.road import running_road
from tests.benchmarks.variant import Surroundings

APP_SECRET = "a-secret-of-nobody"
NUMBERS = phone_number_ids(1)


def sleeps(pid: int) -> bool:
    """Whether a process imported no room."""
    return "psycopg" not in Path(f"/proc/{pid}/maps").read_text()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A house's data; the user Postgres runs as for root must pass through."""
    with tempfile.TemporaryDirectory(prefix="pytake-together-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


async def test_every_text_gets_the_one_reply_of_the_flow_from_the_rooms_in_one_process(folder: Path) -> None:
    (person,) = make_people(1, NUMBERS)
    world = World(run=secrets.token_hex(4), app_secret=APP_SECRET)
    await world.graph.open()
    around = Surroundings(world.graph.base_url, APP_SECRET, NUMBERS)
    async with running_road(folder, around, is_together=True) as variant, httpx.AsyncClient() as client:
        assert [room for room in ROOMS if not sleeps(*variant.pids[room])] == ["ingress"]
        for _ in range(4):
            line = person.next_line()
            body = text_webhook(person, text=line.text, message_id=f"wamid.{secrets.token_hex(20)}")
            hearing = world.expect(person, line.replies)
            headers = {"X-Hub-Signature-256": sign(body, APP_SECRET)}
            assert (await client.post(variant.webhook_url, content=body, headers=headers)).status_code == 200
            await world.heard([hearing], seconds=20)
    await world.settle()
    await world.close()
