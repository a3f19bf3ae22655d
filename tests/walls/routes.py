"""Every HTTP route of ingress, and attacks on each that is not open on purpose."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import httpx
from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount, Route

from services.embedded.keys import SIGNERS
from services.ingress.http.rest.auth import Allowed, Permitted
from services.ingress.http.webhook import PATH as WEBHOOK
from tests.walls.forge import Forged, Keys, contract_token, contract_tokens, useless, without_permission
from tests.walls.methods import AT_ONCE, Attackers
from tests.walls.report import Attempt, Report
from tests.walls.victims import Victim

OPEN: Mapping[str, str] = {
    WEBHOOK: "the signature over the body proves Meta; the handshake proves nothing and tells nothing",
    f"{WEBHOOK}/{{app}}": "the same, for one app",
    "/api/v1/auth/login": "e-mail and password prove who asks",
    "/api/v1/auth/refresh": "a refresh token proves whose session it is",
    "/api/v1/auth/logout": "the same; without one, the bearer's sessions end, and nobody's without a bearer",
    "/api/v1/invitations/accept": "the invitation's token proves who was invited",
    "/healthz": "tells that the process turns",
    "/readyz": "tells whether the database answers",
    "/metrics": "counts without ids; ingress' port is behind a proxy that serves /api only",
    "/openapi.json": "the description of the API, the same for everybody",
    "/docs": "a page without data",
    "/docs/docs.js": "part of the page",
    "/docs/docs.css": "part of the page",
}
"""Routes that ask for no token, each with its reason. Every other one must name a permission."""

FOR_EVERYBODY_KNOWN: Mapping[str, str] = {
    "/api/v1/auth/me": "tells who the caller is, and nothing of anybody else",
    "/api/v1/auth/password": "people only; the current password proves it again",
    "/api/v1/auth/token": "API keys only; the token has their permissions",
}
"""Routes that ask for a token and for no permission, each with its reason."""

# Nobody takes a role away that is more than he has himself: with this permission alone, nobody's.
TAKES_MORE = ("/api/v1/users/{user_id}", "/api/v1/users/{user_id}/unlock", "/api/v1/invitations/{invitation_id}")

REFUSED = {401, 403}
NAMES = re.compile(r"\{(\w+)(?::\w+)?\}")
# The methods that a route may have; HEAD and OPTIONS of a route that has GET show no more than it.
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A method of a route, and the permission it demands; None when it demands nothing."""

    method: str
    path: str
    permission: str | None
    query: tuple[str, ...] = ()
    body: tuple[str, ...] = ()

    @property
    def is_for_everybody_known(self) -> bool:
        """Whether it demands a token, and no permission on purpose."""
        return self.path in FOR_EVERYBODY_KNOWN

    @property
    def is_open(self) -> bool:
        """Whether it is open on purpose."""
        return self.path in OPEN

    def url(self, organization: Victim) -> str:
        """The path with values of an organization in it."""
        return NAMES.sub(lambda found: organization.value_for(found[1]) or organization.organization_id, self.path)

    def content(self, organization: Victim) -> dict[str, str]:
        """A body about an organization: ids where fields are called so, and words elsewhere."""
        ids = {name: organization.value_for(name) or organization.organization_id for name in self.body if _is_id(name)}
        return {name: ids.get(name, "walls") for name in self.body}


def endpoints_of(site: FastAPI) -> list[Endpoint]:
    """All routes of the site, documented or hidden, with what each demands."""
    found = [
        Endpoint(method, path, _permission(route), _query(route), _body(route))
        for path, route in _routes(site.router, "")
        for method in sorted((getattr(route, "methods", None) or set()) & set(METHODS))
    ]
    documented = {
        (method.upper(), path) for path, methods in site.openapi()["paths"].items() for method in methods
        if method.upper() in METHODS
    }  # fmt: skip
    known = {(endpoint.method, endpoint.path) for endpoint in found}
    # What is documented and no route of FastAPI's is served ahead of it (the webhook).
    return found + [Endpoint(method, path, None) for method, path in sorted(documented - known)]


def undeclared(endpoints: list[Endpoint]) -> list[str]:
    """Routes that are neither open on purpose nor demand a permission."""
    excused = [it for it in endpoints if it.is_open or it.is_for_everybody_known]
    return [f"{it.method} {it.path}" for it in endpoints if it not in excused and it.permission is None]


async def attack(client: httpx.AsyncClient, endpoints: list[Endpoint], attackers: Attackers) -> Report:
    """Try everything on every route that is not open."""
    closed = [endpoint for endpoint in endpoints if not endpoint.is_open]
    report = Report(targets=len(closed))
    turns = asyncio.Semaphore(AT_ONCE)
    for endpoint in closed:
        tries = [*_by_token(endpoint, attackers), *_by_id(endpoint, attackers)]
        report.attempts += await asyncio.gather(*(_try(client, endpoint, each, turns) for each in tries))
        rights = _with_every_right(endpoint, attackers)
        report.let_in += await asyncio.gather(*(_try(client, endpoint, each, turns) for each in rights))
    return report


@dataclass(frozen=True, slots=True)
class Try:
    """A request that is to be made; with a victim, theirs is looked for in the answer."""

    kind: str
    token: str
    url: str
    body: Mapping[str, str]
    query: Mapping[str, str] = field(default_factory=dict)
    victim: Victim | None = None


def _by_token(endpoint: Endpoint, attackers: Attackers) -> Iterator[Try]:
    keys, ours = attackers.keys, attackers.ours
    forged = [*useless(keys, "ingress", ours.organization_id), *contract_tokens(keys, ours.organization_id)]
    forged += [Forged("service over REST", keys.service(name, "ingress")) for name in SIGNERS]
    if not endpoint.is_for_everybody_known:
        forged += without_permission(keys, ours.organization_id, endpoint.permission)
    for each in forged:
        yield Try(each.kind, each.token, endpoint.url(ours), endpoint.content(ours))


def _by_id(endpoint: Endpoint, attackers: Attackers) -> Iterator[Try]:
    """Each organization's token with the other's ids: in the path, in each parameter and each field of the body."""
    ours, theirs = attackers.ours, attackers.theirs
    own = attackers.keys.team(ours.organization_id, permissions=_needed(endpoint))
    foreign = attackers.keys.team(theirs.organization_id, permissions=_needed(endpoint))
    parameters = [{name: _theirs(name, theirs)} for name in endpoint.query if _is_id(name)]
    fields = [{name: _theirs(name, theirs)} for name in endpoint.body if _is_id(name)]
    for url, query, body in product((endpoint.url(ours), endpoint.url(theirs)), ({}, *parameters), ({}, *fields)):
        content = endpoint.content(ours) | body
        yield Try("our token with another organization's ids", own, url, content, query, theirs)
    if endpoint.is_for_everybody_known:
        return  # They ask about themselves, and their own log notes it when they may not.
    url, content = endpoint.url(ours), endpoint.content(ours)
    yield Try("another organization's token with our ids", foreign, url, content, victim=ours)


def _theirs(name: str, theirs: Victim) -> str:
    return theirs.value_for(name) or theirs.organization_id


def _with_every_right(endpoint: Endpoint, attackers: Attackers) -> Iterator[Try]:
    keys, ours = attackers.keys, attackers.ours
    if endpoint.path in FOR_EVERYBODY_KNOWN and endpoint.method == "POST":
        return  # A team is neither a person nor an API key.
    for token in _right_tokens(keys, ours.organization_id, endpoint):
        yield Try("every right", token, endpoint.url(ours), endpoint.content(ours))


def _right_tokens(keys: Keys, organization_id: str, endpoint: Endpoint) -> Iterator[str]:
    yield keys.team(organization_id, role="org_admin")
    if endpoint.path not in TAKES_MORE:
        yield keys.team(organization_id, permissions=_needed(endpoint))
    yield contract_token(keys, organization_id)


def _needed(endpoint: Endpoint) -> list[str]:
    """A route that demands nothing takes any permission."""
    return [endpoint.permission or "flows:read"]


async def _try(client: httpx.AsyncClient, endpoint: Endpoint, each: Try, turns: asyncio.Semaphore) -> Attempt:
    headers = {"authorization": f"Bearer {each.token}"} if each.token else {}
    content: dict[str, Any] = {} if endpoint.method == "GET" else {"json": dict(each.body)}
    asked = client.stream(endpoint.method, each.url, headers=headers, params=dict(each.query), **content)
    async with turns, asked as answer:
        text = await _said(answer)
    target = f"{endpoint.method} {endpoint.path}"
    if each.kind == "every right":
        return Attempt(each.kind, target, str(answer.status_code), answer.status_code not in REFUSED)
    if each.victim is None:
        return Attempt(each.kind, target, str(answer.status_code), answer.status_code not in REFUSED)
    seen = each.victim.seen_in(text, each.url + json.dumps([each.query, each.body]), target)
    return Attempt(each.kind, target, f"{answer.status_code} {seen}", bool(seen))


async def _said(answer: httpx.Response) -> str:
    """What was answered; of a stream, which does not end, how it begins."""
    if answer.headers.get("content-type", "").startswith("text/event-stream"):
        return await anext(answer.aiter_text())
    return (await answer.aread()).decode(errors="replace")


def _routes(router: APIRouter, prefix: str) -> Iterator[tuple[str, BaseRoute]]:
    """All routes with their whole paths, also those of routers within."""
    for route in router.routes:
        if isinstance(route, Route):
            yield prefix + route.path, route
        elif isinstance(route, Mount):
            raise AssertionError(f"{route.path}: what is mounted has no permissions; name its routes")
        else:
            inner: Any = route  # FastAPI's own kind of mount
            yield from _routes(inner.original_router, prefix + inner.include_context.prefix)


def _permission(route: BaseRoute) -> str | None:
    """What the route demands: the permission of a dependency of its own, or of one of those."""
    if not isinstance(route, APIRoute):
        return None
    return next((it.permission for it in _dependencies(route.dependant) if isinstance(it, Allowed | Permitted)), None)


def _dependencies(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for each in dependant.dependencies:
        yield from _dependencies(each)


def _query(route: BaseRoute) -> tuple[str, ...]:
    if not isinstance(route, APIRoute):
        return ()
    return tuple(parameter.alias for parameter in route.dependant.query_params)


def _body(route: BaseRoute) -> tuple[str, ...]:
    if not isinstance(route, APIRoute):
        return ()
    models = [parameter.field_info.annotation for parameter in route.dependant.body_params]
    return tuple(name for model in models for name in getattr(model, "model_fields", ()))


def _is_id(name: str) -> bool:
    return name.endswith("_id") or name in ("phone", "contact")
