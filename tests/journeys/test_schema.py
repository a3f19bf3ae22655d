"""schemathesis over the whole OpenAPI of a running house: no server error, and every answer is a documented one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.conftest import new_folder
from tests.journeys.house import ROOT, running_house
from tests.journeys.shop import Shop, flow_of

# Of each kind, in the phases that draw by chance: such as the document allows, and such as it does not.
EXAMPLES = 5
# Streams do not end by themselves; tests/journeys/test_people_api.py listens to them.
ENDLESS = ("/api/v1/events", "/api/v1/conversations/{phone}/events")
# Rules between fields, of a flow's document or of what is there, no JSON Schema tells: a cursor that nobody gave out, a
# tag that no draft has. Such requests are allowed by the document and refused with their reason.
UNTOLD = "positive_data_acceptance"
NO_LIMIT = dict.fromkeys(
    (
        "ORGANIZATION_REQUESTS_PER_MINUTE",
        "CALLER_REQUESTS_PER_MINUTE",
        "LOGINS_PER_MINUTE",
        "REFRESHES_PER_MINUTE",
        "ACCEPTANCES_PER_HOUR",
        "SENDS_PER_MINUTE",
        "UPLOADS_PER_MINUTE",
    ),
    "0",
)


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    """An organization with a conversation, in a house without limits."""
    with new_folder() as folder, running_house(folder, **NO_LIMIT) as house:
        shop = Shop(house, 1)
        shop.apply(shop.document({"seedlings": flow_of("seedlings")}))
        shop.hear_text(shop.person(), "Oi", "Ana")
        yield shop


def test_schemathesis_finds_nothing_in_any_of_its_phases(shop: Shop, tmp_path: Path) -> None:
    command = [
        Path(sys.executable).parent / "st", "run", f"{shop.house.http}/openapi.json",
        "--header", f"Authorization: Bearer {shop.token()}",
        "--phases", "examples,coverage,fuzzing,stateful", "--checks", "all", "--exclude-checks", UNTOLD,
        "--max-examples", str(EXAMPLES), "--generation-deterministic", "--continue-on-failure", "--no-color",
        *(part for path in ENDLESS for part in ("--exclude-path", path)),
    ]  # fmt: skip
    hooks = {"SCHEMATHESIS_HOOKS": str(ROOT / "tests" / "journeys" / "schema_checks.py")}

    # In a folder of its own: it leaves files behind.
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ | hooks, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    operations = re.search(r"Tested: (\d+)", done.stdout)
    cases = re.search(r"(\d+) generated", done.stdout)
    assert operations is not None
    assert cases is not None
    assert (int(operations[1]) > 120, int(cases[1]) > 5000) == (True, True), done.stdout
