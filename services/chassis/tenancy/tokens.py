"""Whose call is this, and for which organization.

Two kinds of principals: services (Ed25519 tokens signed with the service's own key, one per callee) and people or teams
(HS256 tokens over SECRET_KEY, bound to one organization and one role; product contract, section 8).
"""

from __future__ import annotations

import json
import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey, OKPKey
from joserfc.jws import extract_compact

from services.chassis.errors import InvalidArgument, Unauthenticated
from services.chassis.tenancy.permissions import ROLES

SERVICE_TOKEN_SECONDS = 300
TEAM_TOKEN_SECONDS = 12 * 3600

_LEEWAY_SECONDS = 5
_CACHE_SIZE = 1024


@dataclass(frozen=True, slots=True)
class Principal:
    """A proven caller: `name` is a room's name, "operator" or "team".

    Teams have an organization, a role and a `subject` (whom the token names).
    """

    name: str
    organization_id: str | None
    role: str | None
    expires_at: float
    subject: str

    @property
    def is_service(self) -> bool:
        """Whether it may name any organization."""
        return self.organization_id is None


@dataclass(slots=True)
class ServiceSigner:
    """Signs this service's calls; a token serves until half of its life is over."""

    name: str
    key: OKPKey
    _tokens: dict[str, tuple[str, float]] = field(default_factory=dict)

    @classmethod
    def from_file(cls, name: str, path: str) -> ServiceSigner:
        """Read the private JWK. Raises OSError or ValueError when it is no Ed25519 key."""
        return cls(name, OKPKey.import_key(json.loads(Path(path).read_text())))

    def token_for(self, audience: str) -> str:
        """A token that only the room `audience` accepts."""
        token, renew_at = self._tokens.get(audience, ("", 0.0))
        now = time.time()
        if now >= renew_at:
            claims = {"iss": "pytake", "sub": f"svc:{self.name}", "aud": audience, "iat": int(now)}
            claims["exp"] = int(now) + SERVICE_TOKEN_SECONDS
            header = {"alg": "Ed25519", "kid": self.name}
            token = jwt.encode(header, claims, self.key, algorithms=["Ed25519"])
            self._tokens[audience] = (token, now + SERVICE_TOKEN_SECONDS / 2)
        return token


def sign_team_token(
    secret_key: str, *, organization_id: str, role: str, subject: str, seconds: int = TEAM_TOKEN_SECONDS
) -> str:
    """A token for REST and gRPC, bound to one organization and role. Raises InvalidArgument on an unknown role."""
    if role not in ROLES:
        raise InvalidArgument(f"role {role!r} does not exist; use one of {', '.join(ROLES)}")
    now = int(time.time())
    claims = {"sub": subject, "org_id": organization_id, "role": role, "iat": now, "exp": now + seconds}
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(secret_key), algorithms=["HS256"])


class TokenVerifier:
    """Proves tokens; verified ones are remembered until they expire (a signature check costs 190 µs, a look-up 1)."""

    def __init__(self, *, audience: str, jwks: KeySet, secret_key: str) -> None:
        self._audience = audience
        self._jwks = jwks
        self._secret = OctKey.import_key(secret_key)
        self._proven: OrderedDict[str, Principal] = OrderedDict()

    @classmethod
    def from_file(cls, *, audience: str, jwks_file: str, secret_key: str) -> TokenVerifier:
        """Read the public keys of all services. Raises OSError or ValueError."""
        jwks = KeySet.import_key_set(json.loads(Path(jwks_file).read_text()))
        return cls(audience=audience, jwks=jwks, secret_key=secret_key)

    def prove(self, token: str) -> Principal:
        """The principal a token stands for. Raises Unauthenticated."""
        principal = self._proven.get(token)
        if principal is None:
            principal = self._verify(token)
            self._proven[token] = principal
            if len(self._proven) > _CACHE_SIZE:
                self._proven.popitem(last=False)
        if principal.expires_at + _LEEWAY_SECONDS < time.time():
            self._proven.pop(token, None)
            raise Unauthenticated("the token has expired; get a new one")
        return principal

    def _verify(self, token: str) -> Principal:
        try:
            header = extract_compact(token.encode()).headers()
            if header.get("alg") == "Ed25519":
                claims = jwt.decode(token, self._jwks, algorithms=["Ed25519"]).claims
                return self._service(claims, key_id=str(header["kid"]))
            if header.get("alg") == "HS256":
                return _team(jwt.decode(token, self._secret, algorithms=["HS256"]).claims)
        except (JoseError, ValueError, KeyError, TypeError, AttributeError):
            pass
        raise Unauthenticated("the token is not valid here; get one with `pytake token`")

    def _service(self, claims: dict[str, object], *, key_id: str) -> Principal:
        # The key decides who it is: a room that names itself otherwise is refused.
        if claims["aud"] != self._audience or claims["sub"] != f"svc:{key_id}":
            raise ValueError("made for another service, or with another's key")
        return Principal(key_id, None, None, _number(claims["exp"]), key_id)


def _team(claims: dict[str, object]) -> Principal:
    role = str(claims["role"])
    if role not in ROLES:
        raise ValueError("unknown role")
    organization_id = str(uuid.UUID(str(claims["org_id"])))
    return Principal("team", organization_id, role, _team_expiry(claims), str(claims.get("sub", "")))


def _team_expiry(claims: dict[str, object]) -> float:
    """The end of a token's life; one that names none (product contract, section 8) lives 12 hours from its issue."""
    if "exp" in claims:
        return _number(claims["exp"])
    issued_at = _number(claims["iat"])
    if issued_at > time.time() + _LEEWAY_SECONDS:
        raise ValueError("issued in the future: it would live longer than any other")
    return issued_at + TEAM_TOKEN_SECONDS


def _number(claim: object) -> float:
    if isinstance(claim, bool) or not isinstance(claim, int | float):
        raise TypeError("not a time")
    return float(claim)
