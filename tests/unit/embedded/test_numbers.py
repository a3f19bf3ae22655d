import json
from pathlib import Path

from services.embedded.keys import load_or_create_secrets
from services.embedded.meta.app import build_simulator
from services.embedded.numbers import (
    PHONE_NUMBER_ID,
    demo_number,
    read_demo_number,
    simulator_file,
    write_simulator_file,
)

WEBHOOK = "http://127.0.0.1:8000/api/v1/whatsapp/webhook"


def written(tmp_path: Path, environment: dict[str, str]) -> Path:
    (tmp_path / "run").mkdir()
    secrets = load_or_create_secrets(tmp_path / "secrets")
    return write_simulator_file(tmp_path, demo_number(secrets, environment, WEBHOOK))


async def test_the_simulator_knows_the_number_from_its_start(tmp_path: Path) -> None:
    meta = build_simulator(json.loads(written(tmp_path, {}).read_text()))
    assert PHONE_NUMBER_ID in meta.numbers
    await meta.outbox.close()


def test_the_users_number_and_secrets_are_simulated_when_set(tmp_path: Path) -> None:
    written(tmp_path, {"META_PHONE_NUMBER_ID": "42", "META_ACCESS_TOKEN": "mine", "META_APP_SECRET": "hush"})
    number = read_demo_number(tmp_path)
    assert (number["phone_number_id"], number["access_tokens"], number["app_secret"]) == ("42", ["mine"], "hush")


def test_an_empty_variable_leaves_the_houses_own_number(tmp_path: Path) -> None:
    written(tmp_path, {"META_PHONE_NUMBER_ID": ""})
    assert read_demo_number(tmp_path)["phone_number_id"] == PHONE_NUMBER_ID


def test_the_file_is_for_its_owner_alone_because_it_holds_the_app_secret(tmp_path: Path) -> None:
    written(tmp_path, {})
    assert simulator_file(tmp_path).stat().st_mode & 0o777 == 0o600
