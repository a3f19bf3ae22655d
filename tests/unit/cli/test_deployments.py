"""Commands that talk to a deployment: the environment says where it is and whose key signs."""

from pathlib import Path

import pytest

from services.cli.rooms import targets_of
from services.embedded.keys import key_file
from services.embedded.state import read_state
from tests.unit.cli.conftest import Line, acme


@pytest.fixture
def elsewhere(line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    """The line's house, told by the environment, and a data folder with nothing in it."""
    for room, target in targets_of(read_state(line.data)).items():
        monkeypatch.setenv(f"{room.upper()}_TARGET", target)
    monkeypatch.setenv("SERVICE_KEY_FILE", str(key_file(line.data / "secrets", "operator")))
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return Line(folder, line.kept)


async def test_with_the_operators_key_a_command_talks_to_the_services_that_the_targets_name(elsewhere: Line) -> None:
    result = await elsewhere.run("audit", "verify")

    assert (result.exit_code, result.output) == (0, "0 entries in 0 chains; every chain holds\n")


async def test_what_is_applied_to_a_deployment_is_remembered_nowhere(elsewhere: Line) -> None:
    file = elsewhere.write(acme())

    result = await elsewhere.run("apply", file)

    assert (result.exit_code, result.output.splitlines()[-1]) == (0, "6 of 6 objects changed")
    assert elsewhere.kept.of("token") == {"300000000000003": "EAAtest"}
    assert [path.name for path in elsewhere.data.iterdir()] == [Path(file).name]


async def test_a_token_for_a_deployment_is_signed_with_the_key_that_was_named(elsewhere: Line) -> None:
    await elsewhere.run("apply", elsewhere.write(acme()))

    result = await elsewhere.run("token", "--organization", "acme", "--role", "viewer")

    assert (result.exit_code, result.output.count(".")) == (0, 2)


async def test_a_service_whose_place_is_not_told_is_named(elsewhere: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SENDER_TARGET")

    for command in (["audit", "verify"], ["apply", "nothing.json"]):
        result = await elsewhere.run(*command)
        assert (result.exit_code, "SERVICE_KEY_FILE is set, so SENDER_TARGET must" in result.output) == (2, True)


@pytest.mark.parametrize(
    ("variable", "sentence"),
    [
        ("SERVICE_KEY_FILE", "nowhere cannot be read as the operator's private key"),
        ("TLS_CERT_FILE", "set all three or none"),
    ],
)
async def test_a_file_that_cannot_be_used_is_told(
    elsewhere: Line, monkeypatch: pytest.MonkeyPatch, variable: str, sentence: str
) -> None:
    monkeypatch.setenv(variable, "nowhere")

    result = await elsewhere.run("audit", "verify")

    assert (result.exit_code, sentence in result.output) == (2, True)


async def test_without_the_operators_key_targets_alone_name_no_deployment(
    elsewhere: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SERVICE_KEY_FILE")

    result = await elsewhere.run("audit", "verify")

    assert (result.exit_code, "no house is running" in result.output) == (3, True)
