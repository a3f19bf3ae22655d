"""Ask whether a package that is installed has a known vulnerability: pip-audit, over every lock.

Needs the network: pip-audit's own packages (tools/audit.lock) and a source of advisories. Exit status: 0 nothing known,
1 something found, 3 it could not be asked. What was not asked about is never called clean.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.locks import LOCKS  # noqa: E402 - run as a file, this folder's parent is not on the path

FOUND, NOT_ASKED = 1, 3
SERVICES = ("osv", "pypi")
SECONDS = 600


class Unasked(Exception):
    """It could not be asked; the sentence says why."""


def main() -> int:
    """Audit every lock."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / ".audit", help="where pip-audit is installed")
    options = parser.parse_args()
    try:
        program = install(options.folder)
        found = [line for lock in LOCKS for line in audit(program, lock)]
    except Unasked as error:
        print(f"not audited: {error}", file=sys.stderr)
        return NOT_ASKED
    print("\n".join(found) or f"no known vulnerability in {len(LOCKS)} locks")
    return FOUND if found else 0


def install(folder: Path) -> Path:
    """Install pip-audit by its lock and return its program. Raises Unasked."""
    program = folder / "bin" / "pip-audit"
    if not program.exists():
        venv.create(folder, clear=True, with_pip=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        locked = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", str(ROOT / "tools" / "audit.lock")]
        if subprocess.run([*pip, *locked], check=False).returncode:
            raise Unasked("pip-audit could not be installed; is a package index reachable?")
    return program


def audit(program: Path, lock: Path) -> list[str]:
    """Return a line for every known vulnerability of a lock's packages. Raises Unasked when no service knows them."""
    reasons = []
    for service in SERVICES:
        command = [program, "--disable-pip", "--require-hashes", "-r", lock, "-s", service, "-f", "json"]
        ended = subprocess.run(
            [*map(str, command), "--progress-spinner", "off"],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        try:
            return findings(ended.stdout, lock.relative_to(ROOT).as_posix())
        except Unasked as error:
            reasons.append(f"{service}: {error}")
    raise Unasked(f"no source of advisories answered for {lock.relative_to(ROOT)} ({'; '.join(reasons)})")


def findings(output: str, lock: str) -> list[str]:
    """Read pip-audit's JSON. Raises Unasked when there is none, or when a package was left out.

    pip-audit calls a package that its service does not know a success: behind a mirror that is every package.
    """
    try:
        packages: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError):
        raise Unasked("no answer") from None
    left_out = [str(package["name"]) for package in packages if "skip_reason" in package]
    if left_out or not packages:
        raise Unasked(f"{len(left_out)} packages are unknown there, such as {', '.join(left_out[:3]) or 'all'}")
    return [_line(lock, package, known) for package in packages for known in package["vulns"]]


def _line(lock: str, package: dict[str, Any], known: dict[str, Any]) -> str:
    mended = ", ".join(known["fix_versions"]) or "no version"
    return f"{lock}: {package['name']} {package['version']} has {known['id']}, mended in {mended}"


if __name__ == "__main__":
    sys.exit(main())
