"""Who asks: a team's token, bound to one organization and one role (product contract, section 8)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.chassis.errors import Unauthenticated
from services.chassis.tenancy import TokenVerifier
from services.ingress.http.problems import Refusal

_bearer = HTTPBearer(
    auto_error=False,
    bearerFormat="JWT",
    description="A token of `pytake token`; it sees one organization with one role.",
)


class Allowed:
    """Gives the caller's organization if its role is one of `roles`; without roles every one may."""

    def __init__(self, *roles: str) -> None:
        self.roles = roles

    async def __call__(
        self, request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
    ) -> UUID:
        """The organization everything is asked for. Raises Refusal with 401 or 403."""
        verifier: TokenVerifier = request.app.state.verifier
        try:
            principal = verifier.prove(credentials.credentials if credentials else "")
        except Unauthenticated:
            raise Refusal(401, "Not authenticated", "AUTH_MISSING_TOKEN") from None
        # A service's token names no organization: it speaks gRPC.
        if principal.organization_id is None or (self.roles and principal.role not in self.roles):
            raise Refusal(403, "Insufficient permissions", "AUTH_INSUFFICIENT_PERMISSION")
        return UUID(principal.organization_id)


Reader = Annotated[UUID, Depends(Allowed("org_admin", "agent", "super_admin"))]
Writer = Annotated[UUID, Depends(Allowed("org_admin", "agent"))]
Eraser = Annotated[UUID, Depends(Allowed("org_admin", "super_admin"))]
Exporter = Annotated[UUID, Depends(Allowed("org_admin", "super_admin"))]
Member = Annotated[UUID, Depends(Allowed())]
