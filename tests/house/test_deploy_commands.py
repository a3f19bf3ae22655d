"""The commands that deployments use: `pytake serve` and `pytake keys`."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from services.chassis.tenancy import ServiceSigner, TokenVerifier
from services.cli import keys, serve
from services.embedded.keys import SIGNERS


def test_every_program_of_the_image_can_be_run() -> None:
    assert [name for name, module in serve.MODULES.items() if importlib.util.find_spec(module) is None] == []


def test_an_unknown_program_is_refused_with_the_known_ones() -> None:
    ended = CliRunner().invoke(serve.app, ["kitchen"])

    assert ended.exit_code == 2
    assert "kitchen is no service; use one of ingress, router" in ended.output


def test_serve_becomes_the_service_itself() -> None:
    command = [sys.executable, "-m", "services", "serve", "analytics"]
    ended = subprocess.run(
        command, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, timeout=60, check=False
    )

    assert ended.returncode == 2
    assert ended.stderr.startswith("DATABASE_URL is not set")


def test_keys_that_were_made_prove_their_services(tmp_path: Path) -> None:
    folder = tmp_path / "keys"

    assert CliRunner().invoke(keys.app, [str(folder)]).exit_code == 0

    verifier = TokenVerifier.from_file(audience="router", jwks_file=str(folder / "jwks.json"))
    for signer in SIGNERS:
        token = ServiceSigner.from_file(signer, str(folder / f"{signer}.jwk.json")).token_for("router")
        assert verifier.prove(token).name == signer


def test_keys_that_are_there_stay_as_they_are(tmp_path: Path) -> None:
    CliRunner().invoke(keys.app, [str(tmp_path)])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    CliRunner().invoke(keys.app, [str(tmp_path)])

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert {path.stat().st_mode & 0o077 for path in tmp_path.glob("*.jwk.json")} == {0}
