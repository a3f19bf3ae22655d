"""Every denial is written down, and a flood of them is a few lines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from services.chassis import metrics
from services.chassis.logs import get_logger
from services.chassis.tenancy.tokens import Principal

SUM_SECONDS = 10.0
MOST_KINDS = 1_000

_log = get_logger(__name__)

CallLater = Callable[[float, Callable[[], None]], object]


@dataclass(frozen=True, slots=True)
class Denial:
    """A call that was refused. `principal` and the organization are empty when the caller did not prove who it is."""

    method: str
    reason: str
    principal: str = ""
    subject: str = ""
    organization_id: str = ""


def denial_of(method: str, reason: str, principal: Principal | None) -> Denial:
    """The denial of a call by a caller as far as it is known."""
    if principal is None:
        return Denial(method, reason)
    return Denial(method, reason, principal.name, principal.subject, principal.organization_id or "")


_Kind = tuple[str, str, str]
# Who invents names without end finds all that is above MOST_KINDS under this one.
_REST: _Kind = ("(many)", "(many)", "(many)")


def _call_later(seconds: float, action: Callable[[], None]) -> object:
    return asyncio.get_running_loop().call_later(seconds, action)


class Denials:
    """Logs the first denial of a kind (method, principal, reason) at once and sums up the others every SUM_SECONDS.

    What is remembered is bounded: a kind that was quiet for a while is forgotten, and there are MOST_KINDS at most.
    """

    def __init__(self, *, call_later: CallLater = _call_later) -> None:
        self._call_later = call_later
        self._further: dict[_Kind, int] = {}
        self._is_waiting = False

    def note(self, denial: Denial) -> None:
        """Count a denial, and log it if it is the first of its kind."""
        metrics.rpc_denied_total.labels(denial.method, denial.reason).inc()
        kind = (denial.method, denial.principal, denial.reason)
        if kind not in self._further and len(self._further) >= MOST_KINDS:
            kind = _REST
        if kind in self._further:
            self._further[kind] += 1
            return
        self._further[kind] = 0
        _log.warning(
            "call_denied",
            method=denial.method,
            principal=denial.principal,
            subject=denial.subject,
            organization_id=denial.organization_id,
            reason=denial.reason,
        )
        if not self._is_waiting:
            self._is_waiting = True
            self._call_later(SUM_SECONDS, self._sum_up_again)

    def sum_up(self) -> None:
        """Log how many more there were of each kind, and forget the kinds without any."""
        self._further, ended = {}, self._further
        for (method, principal, reason), count in ended.items():
            if count:
                self._further[method, principal, reason] = 0
                _log.warning("calls_denied", method=method, principal=principal, reason=reason, further=count)

    def _sum_up_again(self) -> None:
        self.sum_up()
        self._is_waiting = bool(self._further)
        if self._is_waiting:
            self._call_later(SUM_SECONDS, self._sum_up_again)
