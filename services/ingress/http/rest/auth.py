"""Who asks: a team's token, bound to one organization and to permissions (product contract, section 8)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.chassis.errors import Unauthenticated
from services.chassis.tenancy import Denials, Permission, Principal, TokenVerifier, denial_of
from services.ingress.http.problems import Refusal

_bearer = HTTPBearer(
    auto_error=False,
    bearerFormat="JWT",
    description="A token of `pytake token`; it sees one organization, and does what its permissions allow.",
)


class Allowed:
    """Gives the caller's organization if it has the permission."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(
        self, request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> UUID:
        """The organization everything is asked for. Raises Refusal with 401 or 403."""
        verifier: TokenVerifier = request.app.state.verifier
        try:
            principal = verifier.prove(credentials.credentials if credentials else "")
        except Unauthenticated:
            _note(request, "AUTH_MISSING_TOKEN", None)
            raise Refusal(401, "Not authenticated", "AUTH_MISSING_TOKEN") from None
        # A service's token names no organization and no permissions: it speaks gRPC.
        if principal.organization_id is None or self.permission not in principal.permissions:
            _note(request, "AUTH_INSUFFICIENT_PERMISSION", principal)
            raise Refusal(403, "Insufficient permissions", "AUTH_INSUFFICIENT_PERMISSION")
        return UUID(principal.organization_id)


def _note(request: Request, reason: str, principal: Principal | None) -> None:
    """Write a denial down under the route, not the path: that has phone numbers in it."""
    denials: Denials = request.app.state.denials
    denials.note(denial_of(f"{request.method} {request.scope['route'].path}", reason, principal))


Reader = Annotated[UUID, Depends(Allowed("conversations:read"))]
Sender = Annotated[UUID, Depends(Allowed("messages:send"))]
Closer = Annotated[UUID, Depends(Allowed("conversations:close"))]
FlowReader = Annotated[UUID, Depends(Allowed("flows:read"))]
