"""A publish under fire: executor dies again and again while people are taken along, and each goes along once."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.journeys import webhooks
from tests.journeys.house import House, running_house
from tests.journeys.patience import eventually
from tests.journeys.shop import Shop, flow_of, texts

# So many that they are taken along in many transactions, and a kill falls into one of them.
CROWD = 20_000
KILLS = 4
PATIENCE_SECONDS = 120.0


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    folder = Path(tempfile.mkdtemp(prefix="pytake-publish-"))
    folder.chmod(0o755)
    with running_house(folder) as started:
        yield started
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def shop(house: House) -> Shop:
    opened = Shop(house, 1)
    opened.apply(opened.document({"echo": flow_of("echo")}))
    return opened


def test_a_publish_ends_exactly_once_though_executor_dies_in_the_middle_of_it(shop: Shop) -> None:
    person, token = shop.person(), shop.token()
    shop.hear_text(person, "hello")
    crowd(shop)
    flow = shop.ask("GET", "/flows", token=token).json()["flows"][0]
    place = f"/flows/{flow['id']}"
    document = json.loads(json.dumps(flow_of("echo")).replace("You said", "You wrote"))
    assert shop.ask("PUT", place, token=token, json={"document": document}).status_code == 200

    pids = shop.house.pids("executor")
    with ThreadPoolExecutor(1) as caller:
        answer = caller.submit(published, shop, place, token=token)
        kill(pids)
        answer.result()
    eventually(partial(published, shop, place, token=token), "a publish that is answered")
    said = [f"line {number}" for number in range(KILLS)]
    for line in said:
        # What is said meanwhile is answered once, in the one version or the other.
        content = webhooks.body([webhooks.change(shop.number, [person], messages=texts(person, [line]))])
        eventually(partial(taken, shop, content), "a webhook that is taken")
        pids, before = shop.house.pids("executor"), moved(shop)
        eventually(lambda before=before: moved(shop) > before or moved(shop) > CROWD, "somebody moved", between=0.001)
        kill(pids)
    version = eventually(partial(done, shop, place, token=token), "everybody moved", seconds=PATIENCE_SECONDS)
    shop.house.settle()

    assert (version["version"], version["note"], version["author"].startswith("team:")) == (2, "other words", True)
    assert (version["migration"]["people_moved"], version["migration"]["people_left"]) == (CROWD + 1, 0)
    # Each of the crowd was written once, by its move; the person's state by turns as well.
    assert states(shop) == [(2, "2", CROWD, 2)]
    assert shop.ask("GET", f"{place}/versions", token=token).json()["total"] == 2
    assert noted(shop) == ["flow.publish", "flow.put", "flow.publish"]
    replies = shop.replies(person)
    assert [reply.partition(": ")[2] for reply in replies] == ["", *said]
    shop.hear_text(person, "at last")
    assert shop.replies(person)[-1] == "You wrote: at last"


def crowd(shop: Shop) -> None:
    """Many people who stand where the one who wrote stands."""
    with psycopg.connect(shop.house.first_status["postgres"]["url"], autocommit=True) as connection:
        columns = (
            "flow_id, flow_version, current_node_id, variables, execution_path, is_active, session, last_message_at, "
            "session_expires_at, created_at, updated_at, revision"
        )
        connection.execute(
            f"""INSERT INTO executor.conversation_states
                  (organization_id, id, conversation_id, contact_id, {columns})
                SELECT organization_id, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), {columns}
                FROM executor.conversation_states, generate_series(1, %s)""".encode(),
            (CROWD,),
        )


def published(shop: Shop, place: str, *, token: str) -> bool:
    """Publish as one who asks again when he is not answered."""
    wanted = {"policy": "move", "note": "other words"}
    try:
        return shop.ask("POST", f"{place}/publish", token=token, json=wanted).status_code == 200
    except httpx.HTTPError:
        return False


def kill(pids: list[int]) -> None:
    """Kill processes that may be gone already."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def moved(shop: Shop) -> int:
    """How many have been taken along."""
    with psycopg.connect(shop.house.first_status["postgres"]["url"], autocommit=True) as connection:
        row = connection.execute("SELECT people_moved FROM executor.flow_migration").fetchone()
        return row[0] if row else 0


def taken(shop: Shop, content: bytes) -> bool:
    """Post again what may not have been answered, as Meta does."""
    try:
        return shop.post(content).status_code == 200
    except httpx.HTTPError:
        return False


def done(shop: Shop, place: str, *, token: str) -> dict[str, Any] | None:
    """The version, once everybody has been taken along to it."""
    try:
        answer = shop.ask("GET", f"{place}/publish", token=token)
    except httpx.HTTPError:
        return None
    version: dict[str, Any] = answer.json() if answer.status_code == 200 else {}
    return version if version.get("migration", {}).get("is_done") else None


def states(shop: Shop) -> list[tuple[Any, ...]]:
    """How many of the crowd are in which version, and how often their states were written since they came."""
    with psycopg.connect(shop.house.first_status["postgres"]["url"], autocommit=True) as connection:
        return connection.execute(
            """SELECT flow_version, session ->> 'flow_version', count(*), revision
               FROM executor.conversation_states WHERE phone_number = '' GROUP BY 1, 2, 4"""
        ).fetchall()


def noted(shop: Shop) -> list[str]:
    """What executor noted of flows, oldest first."""
    with psycopg.connect(shop.house.first_status["postgres"]["url"], autocommit=True) as connection:
        rows = connection.execute("SELECT action FROM executor.audit_event WHERE action LIKE 'flow.%' ORDER BY seq")
        return [row[0] for row in rows]
