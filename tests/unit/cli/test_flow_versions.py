"""`pytake flow publish|versions|diff|rollback|impact`: flows of a house by name, files, and policies."""

import json
from uuid import uuid5

import pytest

from services.pb.executor.v1 import executor_pb2
from tests.unit.cli.conftest import Line
from tests.unit.cli.fake_flows import DIGEST
from tests.unit.cli.fake_house import NAMESPACE

ACME = str(uuid5(NAMESPACE, "acme"))
NATIVE = {
    "schema": "pytake.flow/1",
    "name": "sales",
    "nodes": [{"id": "start", "type": "start", "data": {}}, {"id": "bye", "type": "end", "data": {"content": "Bye"}}],
    "edges": [{"source": "start", "target": "bye"}],
}


@pytest.fixture
def shop(line: Line) -> Line:
    """An organization with a flow."""
    line.kept.put("organization", "acme", value=("America/Belem", ""))
    line.kept.put(ACME, "flow", "sales", value=(b"", 3))
    return line


async def test_a_draft_is_published_by_the_flows_name(shop: Line) -> None:
    result = await shop.run("flow", "publish", "sales", "--note", "prices")

    assert result.exit_code == 0, result.output
    assert result.output.splitlines() == [
        "warning node n1: It is odd. Or not.",
        "sales: version 4 is published",
        "move: 5 taken along, 2 left",
    ]
    (asked,) = shop.kept.asked
    assert (asked.flow_id, asked.expected_digest, asked.note) == ("flow-sales", DIGEST, "prices")
    assert asked.policy == executor_pb2.PUBLISH_POLICY_PIN


async def test_a_file_becomes_the_draft_and_is_published(shop: Line) -> None:
    file = shop.write(NATIVE, "sales.json")
    moves = shop.write("ask: bye\n", "moves.yaml")

    result = await shop.run(
        "flow", "publish", file, "--organization", "acme", "--policy", "move", "--map", moves, "--json"
    )

    told = json.loads(result.output)
    assert (told["version"], told["is_changed"], told["migration"]["people_left"]) == (4, True, 2)
    assert told["migration"]["moves"] == [{"from_node_id": "ask", "to_node_id": "bye"}]
    document, _ = shop.kept.values[ACME, "flow", "sales"]
    assert json.loads(document) == NATIVE


async def test_what_executor_refuses_is_told_in_one_sentence(shop: Line) -> None:
    result = await shop.run("flow", "publish", "sales", "--policy", "move")

    assert (result.exit_code, result.output) == (1, "pytake: nothing was published: ask (2 people)\n")


@pytest.mark.parametrize("moves", ["[1, 2]", "ask: [bye]", "ask: {", "1: bye"])
async def test_a_map_that_is_none_is_wrong_input(shop: Line, moves: str) -> None:
    file = shop.write(moves, "moves.yaml")

    result = await shop.run("flow", "publish", "sales", "--policy", "move", "--map", file)

    assert (result.exit_code, shop.kept.asked) == (2, [])
    assert f"--map {file}" in result.output


async def test_a_flow_that_is_not_there_is_told_with_those_that_are(shop: Line) -> None:
    for command in (("publish", "sale"), ("versions", "sale"), ("impact", "sale"), ("rollback", "sale", "1")):
        result = await shop.run("flow", *command)

        assert (result.exit_code, result.output) == (1, "pytake: no flow is called 'sale' (there is: sales)\n")


async def test_among_several_organizations_one_must_be_named(shop: Line) -> None:
    shop.kept.put("organization", "bakery", value=("America/Belem", ""))

    unnamed = await shop.run("flow", "versions", "sales")
    named = await shop.run("flow", "versions", "sales", "--organization", "acme")

    assert (unnamed.exit_code, named.exit_code) == (2, 0)
    assert "--organization (there is: acme, bakery)" in unnamed.output


async def test_versions_are_listed_with_who_when_and_why(shop: Line) -> None:
    result = await shop.run("flow", "versions", "sales", "--limit", "7")

    assert result.output.splitlines() == [
        "   2  2026-03-04T10:00:02Z  user:7  published  is 1 again  move: 5 taken along, 2 left  prices",
        "   1  2026-03-04T10:00:01Z  -",
        "2 versions",
    ]
    assert shop.kept.asked[0].limit == 7
    told = json.loads((await shop.run("flow", "versions", "sales", "--json")).output)
    assert [(each["version"], each["author"]) for each in told["versions"]] == [(2, "user:7"), (1, "")]


async def test_the_impact_names_nodes_people_and_what_a_move_needs(shop: Line) -> None:
    result = await shop.run("flow", "impact", "sales")

    assert result.output.splitlines() == [
        "version 2: 2 people at ask (question), which goes",
        "version 1: 1 person at before the start, which stays",
        "3 people in the flow: 0 on nodes that change, 2 on nodes that go",
        "`--policy move` needs a --map for: ask",
    ]
    assert json.loads((await shop.run("flow", "impact", "sales", "--json")).output)["people"] == 3


async def test_rolling_back_says_what_became_of_the_draft(shop: Line) -> None:
    told = [(await shop.run("flow", "rollback", "sales", version)).output for version in ("1", "2", "3")]

    assert told == [
        "sales: version 4 is published and is version 1 again; the draft, too\n",
        "sales: version 4 is published and is version 2 again; the draft has changes of its own and stays\n",
        "sales: version 4 is published and has this document, as before\n",
    ]
    assert [asked.version for asked in shop.kept.asked] == [1, 2, 3]


async def test_versions_of_a_flow_are_compared(shop: Line) -> None:
    result = await shop.run("flow", "diff", "sales", "--from", "2", "--to", "3")

    assert result.output.splitlines() == [
        "+ node new (end)",
        '~ node ask: data.content: "a" → nothing',
        "- edge a → b (answered)",
        "and more: compare the documents themselves",
    ]
    (asked,) = shop.kept.asked
    assert (asked.from_version, asked.to_version) == (2, 3)
    assert json.loads((await shop.run("flow", "diff", "sales", "--json")).output)["is_cut"] is True


async def test_files_are_compared_without_a_house(line: Line) -> None:
    first = line.write(NATIVE, "first.json")
    second = line.write(NATIVE | {"language": "en"}, "second.json")

    differing = await line.run("flow", "diff", first, second)
    same = await line.run("flow", "diff", first, first)
    as_json = await line.run("flow", "diff", first, second, "--json")

    assert differing.output == '~ language: nothing → "en"\n'
    assert same.output == "nothing differs\n"
    assert json.loads(as_json.output)["others"] == [{"path": "language", "before": "", "after": '"en"'}]
