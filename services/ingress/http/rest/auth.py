"""Who asks: a token or an API key, bound to one organization and to permissions (product contract, section 8)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from starlette.responses import JSONResponse

from services.chassis.errors import PermissionDenied, Unauthenticated
from services.chassis.rpc import act_as
from services.chassis.tenancy import Denials, Permission
from services.chassis.tenancy.denials import Denial
from services.ingress.accounts.gate import Gate
from services.ingress.domain.accounts.facts import Caller
from services.ingress.http.limits import note_account
from services.ingress.http.problems import Refusal, problem
from services.pb.common.v1 import errors_pb2

_bearer = HTTPBearer(
    auto_error=False,
    bearerFormat="JWT",
    description="A token of POST /api/v1/auth/login or `pytake token`, or an API key. It sees one organization, and "
    "does what its permissions allow.",
)
_key_header = APIKeyHeader(name="X-API-Key", auto_error=False, description="An API key, for who cannot send a bearer.")


async def _credential(
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    key: Annotated[str | None, Depends(_key_header)],
) -> str:
    return bearer.credentials if bearer else key or ""


Credential = Annotated[str, Depends(_credential)]
"""What was sent to prove who asks; empty when nothing was."""


async def asking(request: Request, credential: Credential) -> Caller:
    """Who asks, proven and counted. Raises Refusal with 401, PermissionDenied for a service, or LimitReached."""
    gate: Gate = request.app.state.gate
    try:
        caller = await gate.identify(credential)
    except Unauthenticated:
        _denials(request).note(Denial(_route(request), "AUTH_MISSING_TOKEN"))
        raise Refusal(401, "Not authenticated", "AUTH_MISSING_TOKEN") from None
    request.state.caller = caller
    act_as(caller.subject)
    note_account(request, await gate.count(caller))
    return caller


Known = Annotated[Caller, Depends(asking)]


class Permitted:
    """Gives the caller if it has the permission."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(self, request: Request, caller: Known) -> Caller:
        """The caller. Raises PermissionDenied."""
        gate: Gate = request.app.state.gate
        gate.require(caller, self.permission)
        return caller


class Allowed:
    """Gives the caller's organization if the caller has the permission."""

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    async def __call__(self, request: Request, caller: Known) -> UUID:
        """The organization everything is asked for. Raises PermissionDenied."""
        gate: Gate = request.app.state.gate
        gate.require(caller, self.permission)
        return caller.organization_id


async def _sending(request: Request, organization_id: Annotated[UUID, Depends(Allowed("messages:send"))]) -> UUID:
    gate: Gate = request.app.state.gate
    await gate.count_sending(organization_id)
    return organization_id


async def _uploading(request: Request, organization_id: Annotated[UUID, Depends(Allowed("messages:send"))]) -> UUID:
    gate: Gate = request.app.state.gate
    await gate.count_upload(organization_id)
    return organization_id


async def denied(request: Request, error: Exception) -> JSONResponse:
    """The answer to what a caller may not do; it is noted in the log and in the organization's audit log."""
    assert isinstance(error, PermissionDenied)
    if error.reason != errors_pb2.ERROR_REASON_AUTH_INSUFFICIENT_PERMISSION:
        # A peer refused ingress itself: our set-up is wrong, not the request.
        raise error
    caller: Caller | None = getattr(request.state, "caller", None)
    if caller is None:
        _denials(request).note(Denial(_route(request), error.code))
    else:
        gate: Gate = request.app.state.gate
        subject, organization_id = caller.subject, str(caller.organization_id)
        _denials(request).note(Denial(_route(request), error.code, caller.kind, subject, organization_id))
        await gate.note_denial(caller, _route(request))
    return problem(403, "Insufficient permissions", "AUTH_INSUFFICIENT_PERMISSION")


def _route(request: Request) -> str:
    """Method and route, not the path: that has phone numbers in it."""
    return f"{request.method} {request.scope['route'].path}"


def _denials(request: Request) -> Denials:
    found: Denials = request.app.state.denials
    return found


Reader = Annotated[UUID, Depends(Allowed("conversations:read"))]
Sender = Annotated[UUID, Depends(_sending)]
Uploader = Annotated[UUID, Depends(_uploading)]
Manager = Annotated[UUID, Depends(Allowed("conversations:manage"))]
Closer = Annotated[UUID, Depends(Allowed("conversations:close"))]
FlowReader = Annotated[UUID, Depends(Allowed("flows:read"))]
FlowWriter = Annotated[UUID, Depends(Allowed("flows:manage"))]
FlowPublisher = Annotated[UUID, Depends(Allowed("flows:publish"))]
TemplateReader = Annotated[UUID, Depends(Allowed("templates:read"))]
TemplateWriter = Annotated[UUID, Depends(Allowed("templates:manage"))]
Auditor = Annotated[UUID, Depends(Allowed("audit:read"))]
Eraser = Annotated[UUID, Depends(Allowed("contacts:erase"))]
Exporter = Annotated[UUID, Depends(Allowed("contacts:export"))]
