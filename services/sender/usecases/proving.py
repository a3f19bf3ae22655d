"""Whose a number is: whoever has a token that opens it. Meta gives tokens to whom a business trusts, nobody else."""

from __future__ import annotations

from uuid import UUID

from services.chassis.errors import FailedPrecondition, InvalidArgument, Unavailable
from services.pb.common.v1 import errors_pb2
from services.sender.cache import ManagementCalls
from services.sender.ports import Management
from services.sender.usecases import check_credential, too_often

_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500


class ProveNumber:
    """Asks the Graph API for a number with the token that is shown."""

    def __init__(self, graph: Management, calls: ManagementCalls) -> None:
        self._graph = graph
        self._calls = calls

    async def prove(self, *, organization_id: UUID, phone_number_id: str, token: str) -> None:
        """Return when the token opens the number. Nothing is kept.

        Raises InvalidArgument when it does not, FailedPrecondition when the organization asks too often, and
        Unavailable when Meta tells neither.
        """
        check_credential(phone_number_id, token)
        # By organization: whoever tries numbers one after the other stands in his own way alone.
        wait = await self._calls.take(f"proof:{organization_id}")
        if wait > 0:
            raise FailedPrecondition(too_often(wait), reason=errors_pb2.ERROR_REASON_RATE_LIMITED)
        answer = await self._graph.manage("GET", [phone_number_id], token=token, query={"fields": "id"})
        if answer.status >= _SERVER_ERROR or answer.status == _TOO_MANY_REQUESTS:
            raise Unavailable(
                "Meta did not say whose the number is; try again", reason=errors_pb2.ERROR_REASON_REFUSED_BY_META
            )
        if answer.document is None or answer.document.get("id") != phone_number_id:
            raise InvalidArgument(
                "access_token does not open this number at Meta; give a token of the business that the number is of"
            )
