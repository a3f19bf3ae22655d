"""Become another program that does not outlive its parent: `tether.py SIGNAL PARENT USER PROGRAM ARGUMENT…`.

Run as a script by `process.spawn`, with the standard library only. Doing this between fork and exec in
the parent (`preexec_fn`) is not safe once the parent has threads; an extra interpreter start is 20 ms.
The kernel forgets the death signal when the user changes, so the user is changed first.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def become(user: str) -> None:
    """Drop root for `uid:gid`; "-" keeps the user."""
    if user == "-":
        return
    uid, gid = map(int, user.split(":"))
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def die_with_parent(signal_number: int, parent: int) -> None:
    """Ask Linux to send us the signal when the parent dies; elsewhere nothing can be asked."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit("the parent died before this process was tied to it")


def main(arguments: list[str]) -> None:
    """Tie, drop and execute; returns only by an exception."""
    signal_number, parent, user, *command = arguments
    become(user)
    die_with_parent(int(signal_number), int(parent))
    os.execv(command[0], command)  # noqa: S606 - no shell is meant


if __name__ == "__main__":
    main(sys.argv[1:])
