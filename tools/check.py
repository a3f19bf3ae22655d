"""Run every check a change must pass before it is pushed, and name those that failed."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("format", ("ruff", "format", "--check", "--quiet", ".")),
    ("lint", ("ruff", "check", "--quiet", ".")),
    ("types", ("mypy",)),
    ("imports", ("lint-imports", "--no-logo")),
    ("protos", ("python", "tools/protos.py", "--check")),
    ("tests", ("pytest", "-q", "-n", "auto", "tests/unit", "tests/house")),
)


def passes(name: str, command: tuple[str, ...]) -> bool:
    print(f"── {name}", flush=True)
    executable, *arguments = command
    return subprocess.run([BIN / executable, *arguments], cwd=ROOT, check=False).returncode == 0


def main() -> int:
    """Run all checks even after one failed: a developer wants the whole list at once."""
    failed = [name for name, command in CHECKS if not passes(name, command)]
    print("failed: " + ", ".join(failed) if failed else "all checks pass")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
