"""Let Postgres run for root, which it refuses to do: another user, and places that user can reach."""

import os
import pwd
import secrets
import shutil
import stat
from pathlib import Path

from services.embedded.errors import HouseError
from services.embedded.process import User

UNPRIVILEGED = ("postgres", "nobody")
PUBLIC_HOME = Path("/var/lib/pytake")


def pick_user(existing: Path) -> User | None:
    """Return whom Postgres runs as: None for ourselves, else the owner of the data, else a system user."""
    if os.geteuid() != 0:
        return None
    if existing.exists() and existing.stat().st_uid != 0:
        return User(existing.stat().st_uid, existing.stat().st_gid)
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return User(entry.pw_uid, entry.pw_gid)
    raise HouseError("Postgres refuses to run as root and this machine has no user postgres or nobody: add one")


def may_enter(folder: Path, user: User) -> bool:
    """Say whether the mode bits let this user pass through the folder."""
    status = folder.stat()
    if status.st_uid == user.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == user.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)


def is_reachable(path: Path, user: User | None) -> bool:
    """Say whether the user can pass through every folder above the path (root's home is often closed)."""
    return user is None or all(may_enter(folder, user) for folder in path.resolve().parents)


def give(path: Path, user: User | None) -> None:
    """Make the user the owner of a file or an empty folder."""
    if user is not None:
        os.chown(path, user.uid, user.gid)


def private_folder(path: Path, user: User | None) -> Path:
    """Create the folder for the user alone, behind a link where the user cannot reach the path itself.

    The link is a random name under PUBLIC_HOME, so a deleted and newly made data folder never meets old data.
    Raises HouseError when the link leads nowhere: new databases in place of lost ones would hide the loss.
    """
    if path.exists():
        return path.resolve()
    if path.is_symlink():
        raise HouseError(
            f"the databases of {path.parent} were in {path.readlink()}, which is gone: "
            f"bring that folder back, or delete {path} to begin without them"
        )
    target = path if is_reachable(path, user) else PUBLIC_HOME / f"{path.name}-{secrets.token_hex(6)}"
    target.mkdir(mode=0o700, parents=True)
    if target != path:
        PUBLIC_HOME.chmod(0o755)  # whatever our umask is
    give(target, user)
    if target != path:
        path.symlink_to(target)
    return target.resolve()


def reachable_programs(bin_folder: Path, user: User | None) -> Path:
    """Return the programs where the user can run them, copied under PUBLIC_HOME once if need be."""
    if is_reachable(bin_folder / "postgres", user):
        return bin_folder
    installation = bin_folder.parent
    package = installation.parent
    version = f"{package.name}-{(bin_folder / 'postgres').stat().st_mtime_ns:x}"
    copy = PUBLIC_HOME / "programs" / version
    if not copy.exists():
        draft = copy.with_name(f"{version}.{secrets.token_hex(4)}")
        copy_installation(installation, draft)
        draft.rename(copy)
    return copy / package.name / installation.name / bin_folder.name


def copy_installation(installation: Path, target: Path) -> None:
    """Copy a wheel's installation with its folder of libraries, which its programs look for beside the package."""
    package = installation.parent
    target.mkdir(mode=0o755, parents=True)
    needless = shutil.ignore_patterns("include", "__pycache__")
    shutil.copytree(installation, target / package.name / installation.name, ignore=needless)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name)
    for path in (PUBLIC_HOME, target.parent, target, *target.rglob("*")):
        open_to_all(path)


def open_to_all(path: Path) -> None:
    """Let everybody read it, and execute or enter it if its owner can: a strict umask may have closed it."""
    mode = path.stat().st_mode
    path.chmod(mode | (0o555 if mode & stat.S_IXUSR else 0o444))
