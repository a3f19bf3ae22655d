"""What is installed is what was locked: by hash, whole, and from nowhere else."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests.house.files import ROOT, files
from tools import sbom
from tools.audit import Unasked, audit, findings
from tools.locks import LOCKS, Pin, canonical, pins_of

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
SERVICES: list[str] = PROJECT["project"]["dependencies"]
EMBEDDED: list[str] = PROJECT["project"]["optional-dependencies"]["embedded"]
DEVELOPERS: list[str] = PROJECT["dependency-groups"]["dev"]
EVERYTHING, IMAGE, *_ = LOCKS


def pinned(lock: Path) -> dict[str, Pin]:
    return {pin.name: pin for pin in pins_of(lock)}


def closure(requirements: list[str]) -> Iterator[Requirement]:
    """Requirements and theirs, as the installed packages state them for this machine."""
    waiting, seen = [Requirement(text) for text in requirements], set[tuple[str, str]]()
    while waiting:
        wanted = waiting.pop()
        key = canonical(wanted.name), ",".join(sorted(wanted.extras))
        if key in seen:
            continue
        seen.add(key)
        yield wanted
        for text in distribution(wanted.name).requires or ():
            needed = Requirement(text)
            extras = [*wanted.extras, ""]
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(needed)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.relative_to(ROOT)))
def test_a_lock_holds_pins_with_hashes_and_nothing_else(lock: Path) -> None:
    """No address, no option, no file: whatever the index, the bytes are the same."""
    pins = pins_of(lock)

    assert pins
    assert all(pin.hashes for pin in pins)
    assert len({pin.name for pin in pins}) == len(pins)
    assert re.search(r"://|^-|@ |\.whl|\.tar", lock.read_text(), re.MULTILINE) is None


@pytest.mark.parametrize(
    ("lock", "requirements"),
    [(EVERYTHING, [*SERVICES, *EMBEDDED, *DEVELOPERS]), (IMAGE, SERVICES)],
    ids=["everything", "image"],
)
def test_a_lock_covers_what_is_required_and_all_that_it_requires(lock: Path, requirements: list[str]) -> None:
    """Nothing is left for an installer to choose (--no-deps)."""
    pins = pinned(lock)
    wanted = list(closure(requirements))

    assert [str(it) for it in wanted if canonical(it.name) not in pins] == []
    assert [str(it) for it in wanted if not it.specifier.contains(pins[canonical(it.name)].version, True)] == []


def test_what_is_installed_here_is_what_is_locked() -> None:
    differing = {
        pin.name: (pin.version, distribution(pin.name).version)
        for pin in pins_of(EVERYTHING)
        if not pin.marker and distribution(pin.name).version != pin.version
    }

    assert differing == {}


@pytest.mark.parametrize(
    "text", ["a==1\n", "a>=1 \\\n    --hash=sha256:" + "0" * 64, "a @ https://x/y.whl\n", "-r other\n"]
)
def test_a_line_without_a_hash_is_no_pin(tmp_path: Path, text: str) -> None:
    lock = tmp_path / "some.lock"
    lock.write_text(text)

    with pytest.raises(ValueError, match="no pin"):
        pins_of(lock)


def installs() -> list[tuple[str, str]]:
    """Every line of the repository that installs Python packages, with its file."""
    places = [path for path in files(".py", ".sh", ".yaml") if path != Path(__file__)]
    places += [ROOT / "Dockerfile", ROOT / "Makefile", ROOT / ".ci" / "run"]
    found = []
    for path in places:
        text = re.sub(r"\\\n", " ", path.read_text())
        lines = [line.strip() for line in text.splitlines() if re.search(r"\bpip[\"' ,].*\b(install|wheel)\b", line)]
        found += [(path.relative_to(ROOT).as_posix(), part) for line in lines for part in line.split("&&")]
    return [(path, line) for path, line in found if re.search(r"\b(install|wheel)\b", line)]


def test_every_install_names_hashes_or_takes_nothing_from_outside() -> None:
    """`pip install X` anywhere would bring in whatever bears that name today."""
    loose = [
        (path, line)
        for path, line in installs()
        if not ("--require-hashes" in line and "--no-deps" in line)
        and not ("--no-index" in line and "--no-deps" in line)
    ]

    # These build a command whose packages are named where it is run, by a lock and its hashes.
    assert {path for path, _ in loose} <= {"tools/bootstrap.py", "tools/audit.py"}
    assert all("-r" not in line for _, line in loose)
    for tool in ("bootstrap", "audit"):
        text = (ROOT / "tools" / f"{tool}.py").read_text()
        assert re.search(r'locked = \["--require-hashes", "--no-deps",', text)
    assert len(installs()) >= 6


def test_the_image_takes_wheels_only() -> None:
    """A source package runs its own code when it is built."""
    lines = [line for path, line in installs() if path == "Dockerfile" and "--require-hashes" in line]

    assert len(lines) == 2
    assert all("--only-binary :all:" in line for line in lines)


CLEAN = {"name": "a", "version": "1", "vulns": []}
BAD = {"name": "b", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"]}]}
UNKNOWN = {"name": "c", "skip_reason": "Dependency not found on PyPI"}


def test_an_audit_tells_what_is_known() -> None:
    assert findings(json.dumps({"dependencies": [CLEAN]}), "some.lock") == []
    assert findings(json.dumps({"dependencies": [CLEAN, BAD]}), "some.lock") == [
        "some.lock: b 2 has PYSEC-1, mended in 3"
    ]


@pytest.mark.parametrize(
    "output", ["", "Traceback", "{}", json.dumps({"dependencies": []}), json.dumps({"dependencies": [CLEAN, UNKNOWN]})]
)
def test_what_could_not_be_asked_is_not_clean(output: str) -> None:
    with pytest.raises(Unasked):
        findings(output, "some.lock")


def test_an_audit_without_an_answer_from_any_source_says_so(tmp_path: Path) -> None:
    silent = tmp_path / "pip-audit"
    silent.write_text("#!/bin/sh\nexit 1\n")
    silent.chmod(0o755)

    with pytest.raises(Unasked, match=r"requirements.lock \(osv: no answer; pypi: no answer\)"):
        audit(silent, EVERYTHING)


def test_the_second_source_is_asked_when_the_first_does_not_answer(tmp_path: Path) -> None:
    program = tmp_path / "pip-audit"
    answer = json.dumps({"dependencies": [BAD]})
    program.write_text(f"#!/bin/sh\ncase \"$*\" in *pypi*) echo '{answer}' ;; *) exit 1 ;; esac\n")
    program.chmod(0o755)

    assert audit(program, EVERYTHING) == ["requirements.lock: b 2 has PYSEC-1, mended in 3"]


def test_the_bill_of_materials_lists_every_package_of_the_image(tmp_path: Path) -> None:
    output = tmp_path / "bill.json"
    command = [sys.executable, "tools/sbom.py", "--output", str(output)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    bill = json.loads(output.read_text())

    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert {part["name"] for part in bill["components"]} == set(pinned(IMAGE))
    references = {part["bom-ref"] for part in bill["components"]} | {bill["metadata"]["component"]["bom-ref"]}
    assert {line["ref"] for line in bill["dependencies"]} == references
    assert {needed for line in bill["dependencies"] for needed in line["dependsOn"]} < references
    assert bill == sbom.bill(IMAGE)  # the same lock, the same bill


def test_every_package_of_the_image_has_a_licence() -> None:
    bill = sbom.bill(IMAGE)
    here = {pin.name for pin in pins_of(IMAGE) if sbom.installed(pin)}

    assert [part["name"] for part in bill["components"] if part["name"] in here and "licenses" not in part] == []
