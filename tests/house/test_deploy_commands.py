"""The commands that deployments use: `pytake serve` and `pytake keys`."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
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


def believed(folder: Path, signer: str) -> bool:
    """Whether a router that starts now believes what the signer signs now."""
    verifier = TokenVerifier.from_file(audience="router", jwks_file=str(folder / "jwks.json"))
    token = ServiceSigner.from_file(signer, str(folder / f"{signer}.jwk.json")).token_for("router")
    return verifier.prove(token).name == signer


def public_ids(folder: Path) -> list[str]:
    return [key["kid"] for key in json.loads((folder / "jwks.json").read_text())["keys"]]


def test_a_key_is_rotated_beside_the_old_one_and_retired_afterwards(tmp_path: Path) -> None:
    run = CliRunner()
    run.invoke(keys.app, [str(tmp_path)])
    others = {name: (tmp_path / f"{name}.jwk.json").read_bytes() for name in SIGNERS if name != "router"}

    rotated = run.invoke(keys.app, [str(tmp_path), "--rotate", "router"])
    assert (rotated.exit_code, "router.2" in rotated.output) == (0, True)
    assert public_ids(tmp_path) == [*SIGNERS, "router.2"]
    assert believed(tmp_path, "router")

    retired = run.invoke(keys.app, [str(tmp_path), "--retire", "router"])
    assert retired.exit_code == 0
    assert public_ids(tmp_path) == [*(name for name in SIGNERS if name != "router"), "router.2"]
    assert believed(tmp_path, "router")
    run.invoke(keys.app, [str(tmp_path), "--rotate", "router"])
    assert public_ids(tmp_path)[-2:] == ["router.2", "router.3"]
    assert {name: (tmp_path / f"{name}.jwk.json").read_bytes() for name in others} == others


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--rotate", "kitchen"], "kitchen is no signer; use one of ingress"),
        (["--retire", "router.7"], "router.7 is not among the public keys"),
        (["--retire", "router"], "router is what its owner signs with; rotate it first"),
        (["--retire", "router", "--rotate", "router"], "two steps"),
    ],
)
def test_what_would_lock_a_service_out_is_refused(tmp_path: Path, options: list[str], why: str) -> None:
    CliRunner().invoke(keys.app, [str(tmp_path)])
    before = public_ids(tmp_path)

    ended = CliRunner().invoke(keys.app, [str(tmp_path), *options])

    assert (ended.exit_code, why in ended.output) == (2, True)
    assert public_ids(tmp_path) == before


def test_a_missing_pair_is_made_and_the_others_stay(tmp_path: Path) -> None:
    CliRunner().invoke(keys.app, [str(tmp_path)])
    (tmp_path / "sender.jwk.json").unlink()

    CliRunner().invoke(keys.app, [str(tmp_path)])

    assert public_ids(tmp_path) == [*SIGNERS, "sender.2"]
    assert all(believed(tmp_path, name) for name in SIGNERS)
