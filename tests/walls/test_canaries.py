"""What nobody may read is found where it lies in the open, and lies nowhere in the open."""

import base64
import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.fixtures.servers import ROOT
from tests.fixtures.talkative import BARE, CANARIES
from tests.walls import watch
from tests.walls.canaries import LeakFound, files_open_to_others, look

SECRET = "pássword-ção/123"
# `pytake up`, or a house of stand-ins.
STARTING = re.compile(r'"services",\s"up"|start\("up", |-m", "tests\.fixtures\.house_of_stand_ins')
TALKATIVE = (sys.executable, "-m", "tests.fixtures.talkative")


@pytest.mark.parametrize(
    "written",
    [
        SECRET.encode(),
        quote(SECRET, safe="").encode(),
        json.dumps({"a": SECRET}).encode(),
        json.dumps({"a": SECRET}, ensure_ascii=False).encode(),
        base64.b64encode(SECRET.encode()),
        base64.b64encode(b"1" + SECRET.encode() + b"2"),
        base64.b64encode(b"12" + SECRET.encode() + b"34567"),
        base64.urlsafe_b64encode(b"123456789" + SECRET.encode()),
    ],
)
def test_a_canary_is_found_however_it_is_written(written: bytes) -> None:
    scan = look([("a log", b"before " + written + b" after"), ("another", b"nothing")], {"a password": SECRET})

    assert [(found.canary, found.where) for found in scan.found] == [("a password", "a log")]
    assert (scan.sources, scan.canaries) == (2, 1)


def test_a_find_is_told_without_the_value() -> None:
    scan = look([("a log", SECRET.encode())], {"a password": SECRET})

    assert "FOUND a password in a log" in scan.table()
    assert SECRET not in scan.table()


def test_what_is_not_there_is_not_found() -> None:
    scan = look([("a log", SECRET[:-1].encode() + base64.b64encode(SECRET[1:].encode()))], {"a password": SECRET})

    assert scan.found == ()


def test_a_file_counts_as_open_when_others_can_come_to_it_and_read_it(tmp_path: Path) -> None:
    for folder, file, folder_mode, file_mode in (
        ("open", "open", 0o755, 0o644), ("open", "closed", 0o755, 0o600), ("shut", "open", 0o700, 0o644),
    ):  # fmt: skip
        path = tmp_path / folder / file
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
        path.chmod(file_mode)
        path.parent.chmod(folder_mode)

    assert [where for where, _ in files_open_to_others(tmp_path)] == [str(tmp_path / "open" / "open")]


def house_that_kept(data: Path, **secrets: str) -> Path:
    """The folders of a house that has stopped."""
    for name in ("secrets", "log"):
        (data / name).mkdir(mode=0o700)
    (data / "secrets" / "secrets.json").write_text(json.dumps(secrets))
    (data / "secrets" / "router.jwk.json").write_text(json.dumps({"d": "canary-private-key"}))
    return data


@pytest.mark.parametrize("leaked", ["canary-of-ingress", "second-key-canary", "canary-private-key"])
def test_a_leak_in_the_log_of_a_house_turns_the_run_red(tmp_path: Path, leaked: str) -> None:
    data = house_that_kept(tmp_path, svc_ingress="canary-of-ingress", SEALING_KEYS="first-key-canary,second-key-canary")
    (data / "log" / "router.log").write_text(f'{{"event": "said", "text": "{leaked}"}}\n')

    with pytest.raises(LeakFound, match=r"router\.log"):
        watch.examine(data, watch.gather(data))


def test_a_house_that_told_nothing_passes(tmp_path: Path) -> None:
    data = house_that_kept(tmp_path, svc_ingress="canary-of-ingress")
    (data / "log" / "router.log").write_text('{"event": "started"}\n')

    scan = watch.examine(data, watch.gather(data))

    assert (scan.found, scan.canaries) == ((), 2)


def test_every_house_that_a_test_starts_is_looked_through() -> None:
    starting = {
        path.relative_to(ROOT).as_posix(): "watch.check(" in path.read_text()
        for path in (ROOT / "tests").rglob("*.py")
        if not path.is_relative_to(ROOT / "tests" / "benchmarks") and STARTING.search(path.read_text())
    }

    assert starting == {
        "tests/faults/house.py": False,  # the storm looks through its own: tests/faults/leaks.py
        "tests/integration/embedded/test_house.py": True,
        "tests/journeys/cli/test_one_command.py": True,
        "tests/journeys/house.py": True,
    }


def said_by_a_talkative_process(*options: str) -> str:
    """Everything that a process says whose code and libraries log what they must not."""
    ended = subprocess.run([*TALKATIVE, *options], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 1  # it ends with an error that nobody caught
    return ended.stderr + ended.stdout


def test_a_process_that_would_tell_everything_tells_nothing() -> None:
    said = said_by_a_talkative_process()

    assert look([("its output", said.encode())], CANARIES).found == ()
    lines = [json.loads(line) for line in said.splitlines()]
    events = [line["event"] for line in lines]
    assert events == [*["said"] * 7, *["library_said"] * 4, "failed", "library_said", *STRAY, "process_failed"]
    assert all(line["service"] == "router" for line in lines)


STRAY = ["task_failed", "finalizer_failed", "stopped"]


def test_without_redaction_every_one_of_its_secrets_is_found() -> None:
    said = said_by_a_talkative_process(BARE)

    found = {found.canary for found in look([("its output", said.encode())], CANARIES).found}
    assert set(CANARIES) - found == set()


def test_what_is_nobodys_stays_readable() -> None:
    lines = [json.loads(line) for line in said_by_a_talkative_process().splitlines()]

    fourth, last_said = lines[4], lines[5]
    assert (fourth["phone_number_id"], fourth["port"]) == ("730000000000123", 54321)
    assert last_said["organization_id"] == "00000000-0000-0000-0000-000000000007"
    assert "Refused" in lines[11]["exception"]
    assert "in say_everything" in lines[11]["exception"]


def test_one_person_has_one_name_in_every_line() -> None:
    names = re.findall(r"phone:[0-9a-f]{10}", said_by_a_talkative_process())

    assert len(names) >= 5
    assert len(set(names)) == 1
