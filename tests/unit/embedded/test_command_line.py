import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli.app import COMMANDS, app
from services.cli.status import NOT_RUNNING
from services.embedded.state import house_lock, write_state

STATE = {
    "http": "http://127.0.0.1:8000",
    "services": {"router": {"pids": [11], "grpc": "127.0.0.1:12001"}},
    "postgres": {"pid": 12, "url": "postgresql://postgres:hush@127.0.0.1:5432/pytake"},
    "redis": {"pid": None, "url": "redis://elsewhere"},
    "simulator": None,
    "supervisor": {"pid": 13},
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    return tmp_path


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage" in result.output


def test_an_unknown_command_is_refused() -> None:
    assert CliRunner().invoke(app, ["dance"]).exit_code == 2


def test_help_and_status_load_none_of_the_heavy_libraries() -> None:
    program = (
        "import sys; from typer.testing import CliRunner; from services.cli.app import app\n"
        "CliRunner().invoke(app, ['--help']); CliRunner().invoke(app, ['status', '--data', 'nowhere'])\n"
        "print([name for name in ('alembic', 'fastapi', 'grpc', 'sqlalchemy', 'psycopg') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert run.stdout == "[]\n"


def test_status_without_a_house_says_so_with_its_own_exit_code(data: Path) -> None:
    result = CliRunner().invoke(app, ["status", "--data", str(data)])
    assert result.exit_code == NOT_RUNNING
    assert "pytake up" in result.output


def test_status_as_json_is_the_houses_state(data: Path) -> None:
    with house_lock(data):
        write_state(data, dict(STATE))
        result = CliRunner().invoke(app, ["status", "--json", "--data", str(data)])
    assert json.loads(result.stdout) == STATE


def test_status_for_people_shows_no_password(data: Path) -> None:
    with house_lock(data):
        write_state(data, dict(STATE))
        result = CliRunner().invoke(app, ["status", "--data", str(data)])
    assert "127.0.0.1:12001" in result.stdout
    assert "hush" not in result.stdout


@pytest.mark.parametrize("options", [["--http-port", "0"], ["--http-port", "70000"], ["--replicas", "0"]])
def test_up_refuses_numbers_that_cannot_be(options: list[str]) -> None:
    assert CliRunner().invoke(app, ["up", *options]).exit_code == 2
