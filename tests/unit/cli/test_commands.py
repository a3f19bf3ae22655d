import json
import re
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.chassis.tenancy import ROLE_PERMISSIONS, TEAM_TOKEN_SECONDS, Principal, TokenVerifier
from services.cli.app import COMMANDS, app
from services.cli.token import LONGEST_SECONDS
from services.embedded.keys import jwks_file
from services.pb.common.v1 import lanes_pb2
from services.pb.executor.v1 import executor_pb2
from services.pb.ingress.v1 import ingress_pb2
from services.pb.sender.v1 import sender_pb2
from tests.unit.cli.conftest import Line, acme

DEAD_EVENT = executor_pb2.ConversationEvent(organization_id="o1", contact_wa_id="5511999990007")
DEAD = lanes_pb2.DeadLetter(
    box="executor.inbox", dead_id=7, attempts=5, error="no such flow", payload=DEAD_EVENT.SerializeToString()
)
TEXT = {
    "object": "whatsapp_business_account",
    "entry": [
        {
            "id": "9",
            "changes": [
                {
                    "field": "messages",
                    "value": {
                        "metadata": {"phone_number_id": "300000000000003"},
                        "messages": [
                            {"id": "wamid.1", "from": "55119", "timestamp": "1", "type": "text", "text": {"body": "Oi"}}
                        ],
                    },
                }
            ],
        }
    ],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert (result.exit_code, "Usage: " in result.output) == (0, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["token", "--organization", "acme", "--role", "agent"],
        ["chat", "--from", "5511999990001", "Oi"],
        ["webhook", "send", __file__],
        ["doctor"],
        ["dead", "list"],
        ["audit", "list"],
        ["audit", "verify"],
        ["events"],
    ],
)
def test_without_a_house_one_sentence_says_how_to_start_one(tmp_path: Path, arguments: list[str]) -> None:
    result = CliRunner().invoke(app, [*arguments, "--data", str(tmp_path)])
    assert result.exit_code == 3
    assert "start one with `pytake up`" in result.output
    assert len(result.output.splitlines()) == 1


async def test_a_token_is_printed_alone_and_is_believed(line: Line) -> None:
    await line.run("apply", line.write(acme()))
    result = await line.run("token", "--organization", "acme", "--role", "agent", "--ttl", "60")
    principal = proven(line, result.stdout)
    assert (principal.name, principal.role, principal.subject) == ("team", "agent", "cli")
    assert principal.permissions == ROLE_PERMISSIONS["agent"]


def proven(line: Line, said: str) -> Principal:
    """Whom router takes the bearer of what was said for."""
    keys = str(jwks_file(line.data / "secrets"))
    return TokenVerifier.from_file(audience="router", jwks_file=keys).prove(said.strip())


async def test_a_token_can_be_narrowed_to_a_scope_and_not_widened(line: Line) -> None:
    await line.run("apply", line.write(acme()))
    wanted = ("token", "--organization", "acme", "--role", "agent", "--scope")
    narrowed = await line.run(*wanted, "flows:read messages:send")
    widened = await line.run(*wanted, "users:manage")

    assert proven(line, narrowed.stdout).permissions == {"flows:read", "messages:send"}
    assert (widened.exit_code, "agent cannot have users:manage" in widened.output) == (2, True)


async def test_a_token_lives_fifteen_minutes_and_never_longer(line: Line) -> None:
    await line.run("apply", line.write(acme()))
    wanted = ("token", "--organization", "acme", "--role", "agent")
    usual, longer = await line.run(*wanted), await line.run(*wanted, "--ttl", "901")

    assert 0 < proven(line, usual.stdout).expires_at - time.time() <= LONGEST_SECONDS == TEAM_TOKEN_SECONDS
    assert longer.exit_code == 2


async def test_a_token_for_an_unknown_organization_names_the_known_ones(line: Line) -> None:
    await line.run("apply", line.write(acme()))
    result = await line.run("token", "--organization", "acne", "--role", "agent")
    assert result.exit_code == 1
    assert "no organization is called 'acne' (there is: acme)" in result.output


async def test_a_role_that_does_not_exist_is_wrong_input(line: Line) -> None:
    result = await line.run("token", "--organization", "acme", "--role", "king")
    assert result.exit_code == 2
    assert "use one of super_admin" in result.output


async def test_chat_without_a_simulator_says_so(line: Line) -> None:
    result = await line.run("chat", "--from", "5511999990001", "Oi")
    assert result.exit_code == 1
    assert "no simulated Meta" in result.output


def test_webhooks_are_parsed_into_one_line_a_file(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(TEXT))
    bad.write_text("{")
    result = CliRunner().invoke(app, ["webhook", "parse", str(good), str(bad), str(tmp_path / "none.json")])
    first, second, third = map(json.loads, result.output.splitlines())
    assert result.exit_code == 1
    assert first["file"] == str(good)
    assert [(event["type"], event["text"]) for event in first["events"]] == [("message", "Oi")]
    assert (second["events"], second["error"]) == ([], "The body is not JSON.")
    assert (third["events"], "cannot be read" in third["error"]) == ([], True)


def test_parsing_good_webhooks_ends_well(tmp_path: Path) -> None:
    (tmp_path / "good.json").write_text(json.dumps(TEXT))
    assert CliRunner().invoke(app, ["webhook", "parse", str(tmp_path / "good.json")]).exit_code == 0


async def test_dead_letters_are_listed_shown_and_put_back(line: Line) -> None:
    line.kept.letters.append(DEAD)
    listed = await line.run("dead", "list")
    assert "executor.inbox 7  after 5 tries: no such flow" in listed.output
    shown = json.loads((await line.run("dead", "show", "executor.inbox", "7")).output)
    assert shown["content"] == {"organization_id": "o1", "contact_wa_id": "5511999990007"}
    replayed = await line.run("dead", "replay", "executor.inbox", "7")
    assert (replayed.exit_code, replayed.output.strip()) == (0, "1 of 1 put back")


async def test_a_dead_letter_that_is_not_there_is_told(line: Line) -> None:
    assert (await line.run("dead", "show", "executor.inbox", "8")).exit_code == 1
    assert (await line.run("dead", "replay", "executor.inbox", "8")).exit_code == 1
    wrong = await line.run("dead", "show", "kitchen.inbox", "8")
    assert (wrong.exit_code, "boxes are named like executor.inbox" in wrong.output) == (2, True)


async def test_events_are_listed_by_disposition(line: Line) -> None:
    for disposition in ("unroutable", "recorded"):
        event = ingress_pb2.KeptEvent(disposition=disposition, type="message", fields_json='{"text": "é"}')
        line.kept.events.append(event)
    result = await line.run("events", "--disposition", "unroutable", "--json")
    (event,) = map(json.loads, result.output.splitlines())
    assert (event["disposition"], event["event"]) == ("unroutable", {"text": "é"})


async def test_a_disposition_that_does_not_exist_is_wrong_input(line: Line) -> None:
    assert (await line.run("events", "--disposition", "lost")).exit_code == 2


async def test_doctor_tells_each_problem_with_its_mend(line: Line) -> None:
    await line.run("apply", line.write(acme()))
    line.kept.findings = [
        sender_pb2.NumberFinding(
            phone_number_id="3", check="token", result="problem", text="it expired", mend="Renew."
        ),
        sender_pb2.NumberFinding(phone_number_id="3", check="subscription", result="unknown", text="nothing is told"),
    ]
    result = await line.run("doctor", "--json")
    found = {(it["check"], it["result"]): it for it in map(json.loads, result.output.splitlines())}
    assert result.exit_code == 1
    assert found["router", "ok"]["text"].endswith("serves")
    assert "acme number 3: it expired" in found["access token", "problem"]["text"]
    assert found["access token", "problem"]["mend"] == "Renew."
    assert found["Postgres", "problem"]["mend"]
    assert found["webhook", "problem"]["mend"]
    assert "nothing is told" in found["webhook subscription", "not checked"]["text"]


async def test_doctor_tells_what_is_paused(line: Line) -> None:
    document = acme()
    await line.run("apply", line.write(document))
    healthy = await line.run("doctor", "--json")
    document["organizations"][0]["numbers"].append({"phone_number_id": "9", "access_token": "good"})
    await line.run("apply", line.write(document))
    paused = await line.run("doctor", "--json")

    (well,) = [it for it in map(json.loads, healthy.output.splitlines()) if it["check"] == "sending"]
    (ill,) = [it for it in map(json.loads, paused.output.splitlines()) if it["check"] == "sending"]
    assert well["result"] == "ok"
    assert ill["result"] == "problem"
    assert "number 9 is paused" in ill["text"]
    assert "error 133010: not registered" in ill["text"]
    assert ill["mend"]


async def test_apply_tells_sender_what_a_number_may_send(line: Line) -> None:
    document = acme()
    document["organizations"][0]["numbers"][0] |= {
        "waba_id": 77, "portfolio": "main", "messages_per_second": 20, "users_per_day": 250,
    }  # fmt: skip
    await line.run("apply", line.write(document))
    again = await line.run("apply", line.write(document))

    (limits,) = line.kept.of("limits").values()
    assert limits == ("77", "main", 20, 250)
    assert "nothing to change" in again.output


async def test_doctor_looks_at_the_variables(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "short")
    monkeypatch.setenv("META_PHONE_NUMBER_ID", "1")
    monkeypatch.delenv("META_ACCESS_TOKEN", raising=False)
    monkeypatch.setenv("MAX_FLOW_ITERATIONS", "many")
    output = (await line.run("doctor")).output
    assert len(re.findall(r"^problem +settings: ", output, flags=re.MULTILINE)) == 3


def test_a_sound_flow_has_nothing_to_mend(tmp_path: Path) -> None:
    flow = {"schema": "pytake.flow/1", "name": "f", "nodes": [{"id": "s", "type": "start"}], "edges": []}
    (tmp_path / "f.json").write_text(json.dumps(flow))
    assert CliRunner().invoke(app, ["flow", "lint", str(tmp_path / "f.json")]).exit_code == 0


def test_errors_of_a_flow_name_the_node(tmp_path: Path) -> None:
    flow = {"nodes": [{"id": "s", "type": "start"}, {"id": "m", "type": "message", "data": {"content": ""}}]}
    (tmp_path / "f.json").write_text(json.dumps(flow))
    result = CliRunner().invoke(app, ["flow", "lint", str(tmp_path / "f.json")])
    assert result.exit_code == 1
    assert "error node m:" in result.output


def test_an_imported_flow_is_native(tmp_path: Path) -> None:
    source, target = tmp_path / "old.json", tmp_path / "new.json"
    source.write_text(json.dumps({"nodes": [{"id": "s", "type": "start"}], "edges": []}))
    assert CliRunner().invoke(app, ["flow", "import", str(source), "-o", str(target)]).exit_code == 0
    assert json.loads(target.read_text())["schema"] == "pytake.flow/1"


def test_a_file_without_a_flow_is_wrong_input(tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text("[]")
    assert CliRunner().invoke(app, ["flow", "import", str(tmp_path / "f.json")]).exit_code == 2


STAGES = "hello:\n  kind: text\n  message: Oi\n  checkpoint: true\n"


def test_a_flow_in_yaml_is_imported_with_its_report_beside_or_around_it(tmp_path: Path) -> None:
    source, report = tmp_path / "stages.yaml", tmp_path / "report.json"
    source.write_text(STAGES)
    beside = CliRunner().invoke(app, ["flow", "import", str(source), "--report", str(report)])
    around = CliRunner().invoke(app, ["flow", "import", str(source), "--json"])
    assert (beside.exit_code, around.exit_code) == (0, 0)
    told = json.loads(around.stdout)
    assert told["report"] == json.loads(report.read_text())
    assert told["report"]["dialect"] == "pywce"
    assert told["flow"] == json.loads(beside.stdout)
    assert "kept node hello: 'checkpoint' has no effect here" in beside.stderr


def test_what_is_exported_is_imported_as_it_was(tmp_path: Path) -> None:
    source, envelope, again = tmp_path / "a.yaml", tmp_path / "b.json", tmp_path / "c.json"
    source.write_text(STAGES)
    run = CliRunner().invoke
    assert run(app, ["flow", "import", str(source), "--to", "envelope", "-o", str(envelope)]).exit_code == 0
    assert run(app, ["flow", "export", str(envelope), "-o", str(again)]).exit_code == 0
    assert json.loads(envelope.read_text())["metadata"] == {"total_nodes": 2, "total_edges": 1}
    assert json.loads(run(app, ["flow", "export", str(source)]).stdout) == json.loads(again.read_text())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"schema": "pytake.flow/1", "nodes": [{"id": 1}]}', "Node number 1 has no text"),
        ("a: [", "neither JSON nor YAML"),
    ],
)
def test_what_cannot_be_exported_is_wrong_input(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "f.json").write_text(text)
    result = CliRunner().invoke(app, ["flow", "export", str(tmp_path / "f.json")])
    assert (result.exit_code, said in result.stderr) == (2, True)
    assert CliRunner().invoke(app, ["flow", "export", str(tmp_path / "none.json")]).exit_code == 2
