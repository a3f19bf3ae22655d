"""Build the wheel of pytake-client: clients/python with stubs made from protos/ for callers that may wait or await."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.protos import ROOT, generate

SOURCE = ROOT / "clients" / "python"


def build(target: Path) -> Path:
    """Write the wheel into `target`, without the network; its path. Raises CalledProcessError."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copytree(SOURCE, Path(folder) / "client"))
        generate(copy / "pytake_client" / "pb", package="pytake_client.pb", stubs="")
        shutil.copy(ROOT / "LICENSE", copy)
        wheel = [sys.executable, "-m", "pip", "wheel", "--no-index", "--no-deps", "--no-build-isolation", "--quiet"]
        subprocess.run([*wheel, "--disable-pip-version-check", "--wheel-dir", target, copy], check=True)
    (built,) = target.glob("pytake_client-*.whl")
    return built


def main() -> None:
    """Build into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="the folder; dist/ unless given")
    target = parser.parse_args().out
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob("pytake_client-*.whl"):
        old.unlink()
    print(build(target))


if __name__ == "__main__":
    main()
