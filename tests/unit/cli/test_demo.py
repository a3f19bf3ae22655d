import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from services.cli.apply.memory import Memory
from services.cli.demo import provision
from services.cli.demo.provision import FOLDER
from services.cli.demo.stamp import Stamp
from services.embedded.meta.app import build_app, build_simulator
from services.embedded.meta.simulator import SimulatedMeta
from services.embedded.numbers import PHONE_NUMBER_ID
from services.embedded.state import State, read_state
from services.executor.domain.compile import compile_flow
from services.executor.domain.document import parse_document
from services.executor.domain.lint import problems
from tests.unit.cli.conftest import Line, acme
from tests.unit.cli.fake_house import fake_house

OWN_NUMBER = {"META_PHONE_NUMBER_ID": "400000000000004", "META_ACCESS_TOKEN": "mine"}


@pytest.mark.parametrize("path", sorted((FOLDER / "flows").iterdir()), ids=lambda path: path.stem)
def test_a_demo_flow_has_nothing_to_mend(path: Path) -> None:
    document = parse_document(json.loads(path.read_text()))
    assert problems(document) == ()
    assert compile_flow(document).start_id == "start"


async def test_the_demo_answers_on_the_houses_number(line: Line) -> None:
    await provision(read_state(line.data), with_demo=True, environment={})
    (number,) = (value for key, value in line.kept.values.items() if key[1] == "number")
    assert (number.phone_number_id, number.chatbot_id) == (PHONE_NUMBER_ID, "bot-reception")
    assert line.kept.values["organization", "demo"][1] == "flow-welcome"


async def test_the_users_number_is_the_demos_when_both_are_wanted(line: Line) -> None:
    await provision(read_state(line.data), with_demo=True, environment=OWN_NUMBER)
    assert line.kept.values["token", "400000000000004"] == "mine"


async def test_without_the_demo_the_users_number_makes_the_first_organization(line: Line) -> None:
    await provision(read_state(line.data), with_demo=False, environment=OWN_NUMBER)
    assert list(line.kept.of("organization")) == ["default"]
    assert line.kept.values["token", "400000000000004"] == "mine"


async def test_the_users_number_goes_to_the_first_organization_there_is(line: Line) -> None:
    await line.run("apply", line.write(acme()))
    await provision(read_state(line.data), with_demo=False, environment=OWN_NUMBER)
    assert list(line.kept.of("organization")) == ["acme"]
    assert line.kept.values["token", "400000000000004"] == "mine"


async def test_a_number_that_was_applied_is_left_as_it_is(line: Line) -> None:
    await line.run("apply", line.write(acme()))
    applied = dict(line.kept.values)
    environment = {"META_PHONE_NUMBER_ID": "300000000000003", "META_ACCESS_TOKEN": "older"}
    await provision(read_state(line.data), with_demo=False, environment=environment)
    assert line.kept.values == applied


async def test_nothing_is_provided_when_nothing_is_wanted(line: Line) -> None:
    await provision(read_state(line.data), with_demo=False, environment={})
    assert line.kept.values == {}


async def test_a_second_start_on_the_same_cluster_asks_no_service(line: Line) -> None:
    state = with_cluster(read_state(line.data))
    await provision(state, with_demo=True, environment={})
    puts = line.kept.puts
    await provision(state, with_demo=True, environment={})
    assert line.kept.puts == puts


async def test_another_secret_is_applied_at_the_next_start(line: Line) -> None:
    state = with_cluster(read_state(line.data))
    await provision(state, with_demo=True, environment={})
    await provision(state, with_demo=True, environment={"META_ACCESS_TOKEN": "rotated"})
    assert line.kept.values["token", PHONE_NUMBER_ID] == "rotated"


def with_cluster(state: State) -> State:
    """The state of a house with a Postgres of its own, whose folder is there."""
    (Path(str(state["data"])) / "postgres" / "cluster").mkdir(parents=True)
    return state | {"postgres": {"pid": 1, "url": ""}}


def test_a_server_of_the_users_own_is_never_stamped(tmp_path: Path) -> None:
    stamp = Stamp({"data": str(tmp_path), "postgres": {"pid": None}})
    stamp.note("x")
    assert not stamp.says("x")


@pytest.fixture
async def meta() -> AsyncIterator[tuple[SimulatedMeta, str]]:
    """The simulated Meta and its address."""
    simulated = build_simulator({})
    server = TestServer(build_app(simulated))
    await server.start_server()
    yield simulated, str(server.make_url("")).rstrip("/")
    await server.close()


async def test_applied_numbers_are_known_to_the_simulator_and_again_after_its_restart(
    tmp_path: Path, meta: tuple[SimulatedMeta, str]
) -> None:
    simulated, url = meta
    async with fake_house(tmp_path, simulator=url) as kept:
        line = Line(tmp_path, kept)
        await line.run("apply", line.write(acme()))
        number = simulated.numbers.pop("300000000000003")
        assert (number.access_tokens, number.app_secret) == (("EAAtest",), "s3cret")
        assert number.webhook_url.endswith("/api/v1/whatsapp/webhook/main")
        await provision(read_state(tmp_path), with_demo=False, environment={})
    assert simulated.numbers["300000000000003"] == number
    assert list(Memory.of(tmp_path / "secrets").numbers) == ["300000000000003"]
