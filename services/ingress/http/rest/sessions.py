"""/api/v1/auth: log in, stay logged in, log out; who am I; a key's token; another password."""

from __future__ import annotations

from fastapi import APIRouter, Request

from services.ingress.accounts.people import People
from services.ingress.accounts.refusals import RefreshRefused, WrongCredentials
from services.ingress.accounts.sessions import Session, Sessions
from services.ingress.http.limits import client_address
from services.ingress.http.problems import Refusal
from services.ingress.http.rest.account_models import (
    LoginRequest,
    LogoutRequest,
    Me,
    PasswordRequest,
    RefreshRequest,
    SessionAnswer,
    TokenAnswer,
)
from services.ingress.http.rest.auth import Credential, Known, asking
from services.ingress.http.rest.refusals import open_refusals, refusals

_WRONG = "Wrong e-mail, password or organization"
_DEAD = "The refresh token is not valid; log in again"


class _Endpoints:
    """What happens at the door."""

    def __init__(self, sessions: Sessions, people: People) -> None:
        self._sessions = sessions
        self._people = people

    async def login(self, request: Request, wanted: LoginRequest) -> SessionAnswer:
        """Begin a session: an access token for 15 minutes, a refresh token for 7 days. No token is needed.

        The answer to a wrong e-mail, password or organization, and to a locked or closed account, is the same.
        """
        try:
            session = await self._sessions.login(
                email=wanted.email,
                password=wanted.password,
                organization=wanted.organization,
                address=client_address(request),
            )
        except WrongCredentials:
            raise Refusal(401, _WRONG, "AUTH_INVALID_CREDENTIALS") from None
        return SessionAnswer.of(session)

    async def refresh(self, request: Request, wanted: RefreshRequest) -> SessionAnswer:
        """Use a refresh token, once, and get the next one with a new access token. No other token is needed.

        A token that is presented again ends the session it belongs to: one of the two who had it is a thief.
        """
        try:
            session: Session = await self._sessions.refresh(token=wanted.refresh_token, address=client_address(request))
        except RefreshRefused:
            raise Refusal(401, _DEAD, "AUTH_INVALID_REFRESH_TOKEN") from None
        return SessionAnswer.of(session)

    async def logout(self, request: Request, credential: Credential, wanted: LogoutRequest | None = None) -> None:
        """End the session of a refresh token; without one, every session of the person whose access token is sent.
        Permission: none, your own sessions are yours to end.

        Access tokens that were given out live on until their 15 minutes are over.
        """
        if wanted is not None and wanted.refresh_token is not None:
            await self._sessions.logout(token=wanted.refresh_token)
        else:
            await self._sessions.logout_everywhere(caller=await asking(request, credential))

    async def me(self, caller: Known) -> Me:
        """Who you are here, and what you may do. Permission: none, a valid token will do."""
        user = None
        if caller.user_id is not None:
            user = await self._people.read(organization_id=caller.organization_id, user_id=caller.user_id)
        return Me.of(caller, user)

    async def token(self, caller: Known) -> TokenAnswer:
        """Exchange an API key for a token with the key's permissions, for gRPC. Permission: none, the key will do."""
        token, seconds = self._sessions.token_for_key(caller=caller)
        return TokenAnswer(access_token=token, expires_in=seconds)

    async def change_password(self, caller: Known, wanted: PasswordRequest) -> None:
        """Give yourself another password; every session of yours ends. Permission: none, it is for people only.

        A wrong current one counts as a failed login.
        """
        try:
            await self._sessions.change_password(
                caller=caller, current=wanted.current_password, new=wanted.new_password
            )
        except WrongCredentials:
            raise Refusal(401, _WRONG, "AUTH_INVALID_CREDENTIALS") from None


def session_routes(sessions: Sessions, people: People) -> APIRouter:
    """The routes, to be put under /api/v1."""
    endpoints = _Endpoints(sessions, people)
    routes = APIRouter(prefix="/auth", tags=["sessions"])
    routes.add_api_route(
        "/login",
        endpoints.login,
        methods=["POST"],
        summary="Log in",
        responses=open_refusals(on_401=f"{_WRONG}: AUTH_INVALID_CREDENTIALS"),
    )
    routes.add_api_route(
        "/refresh",
        endpoints.refresh,
        methods=["POST"],
        summary="Stay logged in",
        responses=open_refusals(on_401=f"{_DEAD}: AUTH_INVALID_REFRESH_TOKEN"),
    )
    routes.add_api_route(
        "/logout",
        endpoints.logout,
        methods=["POST"],
        status_code=204,
        summary="Log out",
        responses=refusals(),
        # A refresh token proves its session without another token.
        openapi_extra={"security": [{}]},
    )
    routes.add_api_route(
        "/me",
        endpoints.me,
        summary="Who am I",
        responses=refusals(on_404="The token names a user who is not here: USER_NOT_FOUND"),
    )
    routes.add_api_route(
        "/token", endpoints.token, methods=["POST"], summary="Exchange an API key for a token", responses=refusals()
    )
    routes.add_api_route(
        "/password",
        endpoints.change_password,
        methods=["POST"],
        status_code=204,
        summary="Change your password",
        responses=refusals(),
    )
    return routes
