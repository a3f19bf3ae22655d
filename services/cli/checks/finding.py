"""What a check of the house found."""

from dataclasses import dataclass
from typing import Literal

Result = Literal["ok", "problem", "not checked"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `pytake doctor`; `mend` says what to do about a problem."""

    check: str
    result: Result
    text: str
    mend: str = ""


def ok(check: str, text: str) -> Finding:
    """All is well."""
    return Finding(check, "ok", text)


def problem(check: str, text: str, mend: str) -> Finding:
    """Something is to be mended."""
    return Finding(check, "problem", text, mend)


def not_checked(check: str, text: str) -> Finding:
    """Nothing can be said, and why."""
    return Finding(check, "not checked", text)
