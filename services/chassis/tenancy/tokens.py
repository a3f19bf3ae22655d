"""Whose call is this, and for which organization.

Two kinds of principals. Services speak for themselves, with a token for one room, signed with their own key. People,
teams and API keys ("team") are bound to one organization and to permissions; ingress, which people log in at, and the
operator sign for them. All are Ed25519 JWTs. Ingress's REST side also believes the product contract's HS256 tokens.
"""

from __future__ import annotations

import math
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from joserfc.jws import extract_compact

from services.chassis.clock import UnixSeconds, unix_seconds
from services.chassis.errors import Unauthenticated
from services.chassis.tenancy.keys import PublicKeys, signer_of
from services.chassis.tenancy.permissions import PERMISSIONS, ROLE_PERMISSIONS, Permission

ROOMS = ("ingress", "router", "executor", "sender", "analytics")
"""Whom a token can be meant for."""

ISSUER = "pytake"
ALGORITHM = "Ed25519"
"""RFC 9864's name of it."""

TEAM = "team"
TEAM_SIGNERS = frozenset({"ingress", "operator"})
"""Whose signature makes a team token; every other key speaks for its owner only."""

SERVICE_TOKEN_SECONDS = 300
TEAM_TOKEN_SECONDS = 900
"""The longest life of a token; a longer one is refused, not shortened."""

LONGEST_SUBJECT = 200

_LEEWAY_SECONDS = 5
_CACHE_SIZE = 1024
_SERVICE = "svc:"
# What reading somebody's claims may raise; numbers too large for a float are among them.
_WRONG = (JoseError, ValueError, KeyError, TypeError, AttributeError, OverflowError)


@dataclass(frozen=True, slots=True)
class Principal:
    """A proven caller: `name` is a room's name, "operator" or "team".

    A team has an organization, a `subject` (whom the token names) and permissions; its role is None when it is an API
    key. A service has neither organization nor permissions: policies name it.
    """

    name: str
    organization_id: str | None
    role: str | None
    expires_at: float
    subject: str
    permissions: frozenset[Permission]

    @property
    def is_service(self) -> bool:
        """Whether it may name any organization."""
        return self.organization_id is None


class TokenVerifier:
    """Proves tokens; verified ones are remembered until they expire (a signature check costs 190 µs, a look-up 1).

    `secret_key`, given at ingress's REST side only, makes HS256 tokens believed as well.
    """

    def __init__(
        self, *, audience: str, keys: PublicKeys, secret_key: str = "", clock: UnixSeconds = unix_seconds
    ) -> None:
        self._audience = audience
        self._keys = keys
        self._secret = OctKey.import_key(secret_key) if secret_key else None
        self._clock = clock
        self._proven: OrderedDict[str, Principal] = OrderedDict()
        self._edition = keys.edition

    @classmethod
    def from_file(cls, *, audience: str, jwks_file: str, secret_key: str = "") -> TokenVerifier:
        """Believe the public keys of a JWKS file, and follow its changes. Raises OSError or ValueError."""
        return cls(audience=audience, keys=PublicKeys.from_file(jwks_file), secret_key=secret_key)

    def prove(self, token: str) -> Principal:
        """The principal a token stands for. Raises Unauthenticated."""
        self._forget_if_keys_changed()
        principal = self._proven.get(token)
        if principal is None:
            principal = self._verify(token)
            self._proven[token] = principal
            if len(self._proven) > _CACHE_SIZE:
                self._proven.popitem(last=False)
        if principal.expires_at + _LEEWAY_SECONDS < self._clock():
            self._proven.pop(token, None)
            raise Unauthenticated("the token has expired; get a new one")
        return principal

    def _forget_if_keys_changed(self) -> None:
        self._keys.look()
        if self._keys.edition != self._edition:
            self._edition = self._keys.edition
            self._proven.clear()

    def _verify(self, token: str) -> Principal:
        try:
            header = extract_compact(token.encode()).headers()
            if header.get("alg") == ALGORITHM:
                return self._signed_by(str(header["kid"]), token)
            if header.get("alg") == "HS256" and self._secret is not None:
                claims = jwt.decode(token, self._secret, algorithms=["HS256"]).claims
                return _team(claims, _contract_expiry(claims, self._clock()), role=_text(claims["role"]))
        except _WRONG:
            pass
        raise Unauthenticated("the token is not valid here; get one with `pytake token`")

    def _signed_by(self, key_id: str, token: str) -> Principal:
        """The principal of an Ed25519 token. The key decides for whom it may speak, the claims only say for whom."""
        key = self._keys.find(key_id)
        if key is None:
            raise ValueError("nobody's key")
        claims = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
        if claims["iss"] != ISSUER:
            raise ValueError("from another issuer")
        signer, subject = signer_of(key_id), _text(claims["sub"])
        if subject.startswith(_SERVICE):
            return self._service(claims, signer, subject)
        audience = claims["aud"]
        if signer not in TEAM_SIGNERS or self._audience not in ([audience] if isinstance(audience, str) else audience):
            raise ValueError("by a room that may not sign for teams, or made for other rooms")
        return _team(claims, self._expiry(claims, TEAM_TOKEN_SECONDS), role=claims.get("role"))

    def _service(self, claims: Mapping[str, object], signer: str, subject: str) -> Principal:
        if subject != _SERVICE + signer or signer == TEAM or claims["aud"] != self._audience:
            raise ValueError("in another's name, or made for another room")
        return Principal(signer, None, None, self._expiry(claims, SERVICE_TOKEN_SECONDS), subject, frozenset())

    def _expiry(self, claims: Mapping[str, object], longest: int) -> float:
        issued_at, expires_at = _number(claims["iat"]), _number(claims["exp"])
        if issued_at > self._clock() + _LEEWAY_SECONDS or expires_at - issued_at > longest:
            raise ValueError("issued in the future, or made to live longer than tokens may")
        return expires_at


def _team(claims: Mapping[str, object], expires_at: float, *, role: object) -> Principal:
    organization_id = _text(claims["org_id"])
    # The very text is compared with requests: other spellings of a UUID are not taken.
    if str(uuid.UUID(organization_id)) != organization_id:
        raise ValueError("no organization's id")
    subject = _text(claims["sub"])
    if subject.startswith(_SERVICE) or len(subject) > LONGEST_SUBJECT:
        raise ValueError("named like a service, or by a whole text")
    role = None if role is None else _text(role)
    return Principal(TEAM, organization_id, role, expires_at, subject, _permissions(role, claims.get("scope")))


def _permissions(role: str | None, scope: object) -> frozenset[Permission]:
    """What a role may do, or the part of it that a scope names; without a role the scope alone says it."""
    most = PERMISSIONS if role is None else ROLE_PERMISSIONS[role]
    if scope is None and role is not None:
        return most
    wanted = frozenset(_text(scope).split())
    if not wanted or not wanted <= most:
        raise ValueError("a scope of nothing, or of more than its bearer may do")
    return wanted


def _contract_expiry(claims: Mapping[str, object], now: float) -> float:
    """The end of an HS256 token's life (product contract, section 8: access lives 900 s from its issue)."""
    if "iat" not in claims:
        expires_at = _number(claims["exp"])
        if expires_at > now + TEAM_TOKEN_SECONDS:
            raise ValueError("it would live longer than tokens may")
        return expires_at
    issued_at = _number(claims["iat"])
    if issued_at > now + _LEEWAY_SECONDS:
        raise ValueError("issued in the future: it would live longer than any other")
    longest = issued_at + TEAM_TOKEN_SECONDS
    return min(_number(claims["exp"]), longest) if "exp" in claims else longest


def _text(claim: object) -> str:
    if not isinstance(claim, str) or not claim:
        raise TypeError("not a text")
    return claim


def _number(claim: object) -> float:
    if isinstance(claim, bool) or not isinstance(claim, int | float) or not math.isfinite(claim):
        raise TypeError("not a time")
    return float(claim)
