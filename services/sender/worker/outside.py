"""Calls of webhooks through the chassis' way out: public addresses only, no proxies, one deadline."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from services.chassis.egress import Egress, Forbidden, NoAnswer
from services.chassis.egress.target import read_target


class EgressPost:
    """See ports.teams.Outside."""

    def __init__(self, egress: Egress, *, seconds: float) -> None:
        self._egress = egress
        self._seconds = seconds

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> str:
        """See Outside."""
        try:
            answer = await self._egress.call("POST", url, headers=headers, body=body, seconds=self._seconds)
        except Forbidden as error:
            return f"it may not be called: {error}"
        except NoAnswer as error:
            return str(error)
        return "" if 200 <= answer.status < 300 else f"it answered {answer.status}"


class Addresses:
    """Says what is wrong with an address. Where its name leads is found out when it is called."""

    def __init__(self, ports: Collection[int], *, is_plain_allowed: bool) -> None:
        """`is_plain_allowed` where calls stay inside a network of the house's own."""
        self._ports = frozenset(ports)
        self._is_plain_allowed = is_plain_allowed

    def why_not(self, url: str) -> str:
        """One sentence with the mend; empty when nothing is wrong."""
        if not self._is_plain_allowed and url[:7].lower() == "http://":
            return "it must begin with https://, for it tells who was written to and when"
        try:
            read_target(url, self._ports)
        except Forbidden as error:
            return str(error)
        return ""
