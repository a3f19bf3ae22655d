"""Set PyTake up in .venv, with nothing but a Python: what `make setup` runs.

Standard library only, and written so that an old python3 can still read it and look for a newer one.
The stamp is written last, so an interrupted run is simply taken up again; a lock on the checkout's
folder lets a second run wait for the first.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
STAMP = VENV / "pytake-setup.stamp"
REQUIREMENTS = ROOT / "requirements.lock"
INSTALLER = ROOT / "tools" / "installer.lock"
OLDEST = (3, 11)
NEWER_NAMES = ("python3.13", "python3.12", "python3.11", "python3.14")


def say(text: str) -> None:
    print("pytake setup: " + text, flush=True)


def fail(text: str) -> None:
    raise SystemExit("pytake setup: " + text)


def is_new_enough(python: str) -> bool:
    """Ask the interpreter itself: a pyenv shim of that name may exist and still not run."""
    question = "import sys; sys.exit(sys.version_info < {!r})".format(OLDEST)  # noqa: UP032 - read by old Pythons
    answer = subprocess.run([python, "-c", question], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return answer.returncode == 0


def use_a_new_enough_python() -> None:
    """Go on in this interpreter, or start over in a newer one found on PATH."""
    if sys.version_info >= OLDEST:
        return
    for name in NEWER_NAMES:
        path = shutil.which(name)
        if path and is_new_enough(path):
            os.execv(path, [path, *sys.argv])
    fail(
        "PyTake needs Python 3.11 or newer and {} is {}.{}. Install one (Debian, Ubuntu: "
        "apt install python3.11 python3.11-venv; macOS: brew install python@3.13), "
        "or name one you have: make PYTHON=/path/to/python3.13 up".format(sys.executable, *sys.version_info[:2])
    )


def fingerprint() -> str:
    """Everything that makes an installed .venv the right one; scripts in it hold the checkout's path."""
    digest = hashlib.sha256()
    for path in (REQUIREMENTS, INSTALLER, ROOT / "pyproject.toml"):
        digest.update(path.read_bytes())
    digest.update(str(VENV).encode())
    return digest.hexdigest()


def is_installed() -> bool:
    return STAMP.is_file() and STAMP.read_text() == fingerprint() and VENV_PYTHON.exists()


def lock_checkout() -> int:
    """Wait until no other setup runs in this checkout; the lock ends with the process."""
    folder = os.open(str(ROOT), os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        say("another setup is running in this folder; waiting for it")
        fcntl.flock(folder, fcntl.LOCK_EX)
    return folder


def run(*command: object) -> bool:
    return subprocess.run([str(word) for word in command], cwd=str(ROOT), check=False).returncode == 0


def belongs_here() -> bool:
    """Say whether .venv works and was made at this path: scripts of a moved one point elsewhere."""
    pip = VENV / "bin" / "pip"
    if not VENV_PYTHON.exists() or not pip.is_file() or not is_new_enough(str(VENV_PYTHON)):
        return False
    return str(VENV).encode() in pip.read_bytes() and run(VENV_PYTHON, "-c", "import pip")


def make_venv() -> None:
    if belongs_here():
        STAMP.unlink(missing_ok=True)
        return
    say("creating .venv with Python {}.{}".format(*sys.version_info[:2]))
    shutil.rmtree(str(VENV), ignore_errors=True)
    try:
        import ensurepip  # noqa: F401 - Debian splits it off
    except ImportError:
        fail(
            "this Python has no ensurepip, so it cannot make a virtual environment. "
            "On Debian and Ubuntu: apt install python{}.{}-venv".format(*sys.version_info[:2])
        )
    if not run(sys.executable, "-m", "venv", VENV):
        fail(f"python -m venv could not create {VENV}: the lines above say why (full disk? read-only folder?)")


def installer() -> "list[str]":
    """Prefer uv (four times faster): the machine's own, else a pinned one in .venv, else pip."""
    pip = [str(VENV_PYTHON), "-m", "pip", "--disable-pip-version-check"]
    uv = shutil.which("uv") or str(VENV / "bin" / "uv")
    if not Path(uv).exists() and not run(*pip, "install", "--quiet", "--require-hashes", "--no-deps", "-r", INSTALLER):
        return [*pip, "install"]
    return [uv, "pip", "install", "--python", str(VENV_PYTHON)]


def install() -> None:
    say("installing what requirements.lock names (a minute the first time)")
    pip = [str(VENV_PYTHON), "-m", "pip", "--disable-pip-version-check", "install"]
    locked = ["--require-hashes", "--no-deps", "-r", str(REQUIREMENTS)]  # the lock is whole: nothing is resolved
    if not run(*installer(), *locked):
        say("that did not work; trying again with pip, which knows this machine's pip settings")
        if not run(*pip, *locked):
            fail("the packages could not be installed: the first run needs the network or a package index")
    if not run(*pip, "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--editable", ROOT):
        fail("PyTake itself could not be installed: the lines above say why")


def main() -> None:
    use_a_new_enough_python()
    if is_installed():
        return
    started = time.monotonic()
    lock = lock_checkout()
    if not is_installed():
        make_venv()
        install()
        STAMP.write_text(fingerprint())
        say(f"ready after {time.monotonic() - started:.0f} s")
    os.close(lock)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        fail("interrupted; run it again to go on")
    except OSError as error:
        fail(f"{error}; is this folder writable for you?")
