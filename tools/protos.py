"""Write services/pb and protos/lock.binpb from protos/; with --check only say whether both are fresh.

The lock is an image of the contracts as they were last generated. A change that would break a caller built on it is
refused: add fields instead. Whoever must break something all the same removes the lock first and says why.
"""

from __future__ import annotations

import argparse
import filecmp
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import grpc_tools
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
LOCK = PROTOS / "lock.binpb"
GENERATED = ROOT / "services" / "pb"
BIN = Path(sys.executable).parent
ROOMS = "common|ingress|router|executor|sender|analytics"
IMPORT = re.compile(rf"^(from|import) ({ROOMS})(\.v1)", re.MULTILINE)
ALIASED = re.compile(rf"\b(?<![.\w])({ROOMS})\.v1\.(\w+_pb2)")


def generate(target: Path, *, package: str = "services.pb", stubs: str = "async_only:") -> None:
    """Run protoc into `target`, which is to be `package`; raises SystemExit when protoc refuses a file.

    `stubs` says for whom the stubs' types are: for callers that await, or (empty) for all.
    """
    target.mkdir(exist_ok=True)
    files = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.rglob("*.proto"))
    bundled = Path(grpc_tools.__file__).parent / "_proto"
    outputs = [
        f"--{kind}_out={option}{target}"
        for kind, option in (("python", ""), ("mypy", ""), ("grpc_python", ""), ("mypy_grpc", stubs))
    ]
    # By path: whoever calls this need not have the environment's programs on PATH.
    plugins = [f"--plugin={name}={BIN / name}" for name in ("protoc-gen-mypy", "protoc-gen-mypy_grpc")]
    if protoc.main(["protoc", f"-I{PROTOS}", f"-I{bundled}", *plugins, *outputs, *files]) != 0:
        raise SystemExit("protoc refused a file; see above")
    for path in target.rglob("*.py*"):
        text = path.read_text()
        text = IMPORT.sub(rf"\1 {package}.\2\3", text)
        if path.suffix == ".pyi":
            text = ALIASED.sub(rf"{package}.\1.v1.\2", text)
        path.write_text(text)
    for folder in (target, *(path for path in target.rglob("*") if path.is_dir())):
        (folder / "__init__.py").write_text("")
    (target / "__init__.py").write_text('"""Generated from protos/ by tools/protos.py; never edited."""\n')


def differences(left: Path, right: Path) -> list[str]:
    """Names of files that differ or are missing on one side."""
    names = {path.relative_to(left) for path in left.rglob("*.py*") if path.suffix in {".py", ".pyi"}}
    names |= {path.relative_to(right) for path in right.rglob("*.py*") if path.suffix in {".py", ".pyi"}}
    return sorted(
        str(name)
        for name in names
        if not (left / name).exists()
        or not (right / name).exists()
        or not filecmp.cmp(left / name, right / name, shallow=False)
    )


def buf(*arguments: str | Path) -> bool:
    """Run buf; it says itself what it does not like."""
    return subprocess.run([BIN / "buf", *arguments], cwd=ROOT, check=False).returncode == 0


def image(protos: Path, target: Path) -> None:
    """Write the contracts as one image, without comments; raises SystemExit when buf cannot read them."""
    if not buf("build", protos, "--exclude-source-info", "--output", target):
        raise SystemExit("buf refused a file; see above")


def is_compatible(protos: Path, lock: Path) -> bool:
    """Whether callers built on the lock can talk to these contracts."""
    return buf("breaking", protos, "--against", lock)


def is_locked(folder: Path) -> bool:
    """Whether the lock holds exactly these contracts."""
    image(PROTOS, folder / "lock.binpb")
    return LOCK.exists() and filecmp.cmp(folder / "lock.binpb", LOCK, shallow=False)


def main() -> None:
    """Generate, or check that what is committed is what would be generated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 when anything is stale")
    is_check = parser.parse_args().check
    if LOCK.exists() and not is_compatible(PROTOS, LOCK):
        sys.exit("this would break callers; add instead, or remove protos/lock.binpb and say why in the commit")
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "pb"
        fresh.mkdir()
        generate(fresh)
        if is_check:
            stale = differences(fresh, GENERATED)
            if not is_locked(Path(folder)):
                stale.append(str(LOCK.relative_to(ROOT)))
            sys.exit(f"stale: {', '.join(stale)}; run make protos" if stale else 0)
        shutil.rmtree(GENERATED, ignore_errors=True)
        shutil.copytree(fresh, GENERATED)
        image(PROTOS, LOCK)


if __name__ == "__main__":
    main()
