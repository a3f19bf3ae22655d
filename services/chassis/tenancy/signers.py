"""Who signs: a service for itself; ingress and the operator for teams."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from joserfc import jwt
from joserfc.jwk import OKPKey

from services.chassis.clock import UnixSeconds, unix_seconds
from services.chassis.errors import InvalidArgument
from services.chassis.tenancy.keys import SigningKey
from services.chassis.tenancy.permissions import PERMISSIONS, ROLE_PERMISSIONS, ROLES, Permission
from services.chassis.tenancy.tokens import (
    ALGORITHM,
    ISSUER,
    ROOMS,
    SERVICE_TOKEN_SECONDS,
    TEAM_SIGNERS,
    TEAM_TOKEN_SECONDS,
)


class ServiceSigner:
    """Signs this service's calls; a token serves until half of its life is over, or until there is a new key."""

    def __init__(self, name: str, key: OKPKey, *, clock: UnixSeconds = unix_seconds) -> None:
        self.name = name
        self._key = SigningKey(name, key)
        self._clock = clock
        self._tokens: dict[str, tuple[str, float]] = {}

    @classmethod
    def from_file(cls, name: str, path: str) -> ServiceSigner:
        """Sign with the private JWK in a file, and follow its changes. Raises OSError or ValueError."""
        key = SigningKey.from_file(name, path)
        signer = cls(name, key.jwk)
        signer._key = key
        return signer

    def token_for(self, audience: str) -> str:
        """A token that only the room `audience` accepts."""
        if self._key.look():
            self._tokens.clear()
        token, renew_at = self._tokens.get(audience, ("", 0.0))
        now = self._clock()
        if now >= renew_at:
            claims = {"sub": f"svc:{self.name}", "aud": audience}
            token = _signed(self._key, claims, issued_at=now, seconds=SERVICE_TOKEN_SECONDS)
            self._tokens[audience] = (token, now + SERVICE_TOKEN_SECONDS / 2)
        return token


class TeamSigner:
    """Signs for people, teams and API keys, each bound to one organization."""

    def __init__(self, name: str, key: OKPKey, *, clock: UnixSeconds = unix_seconds) -> None:
        if name not in TEAM_SIGNERS:
            raise ValueError(f"nobody believes {name} when it signs for a team")
        self._key = SigningKey(name, key)
        self._clock = clock

    @classmethod
    def from_file(cls, name: str, path: str) -> TeamSigner:
        """Sign with the private JWK in a file, and follow its changes. Raises OSError or ValueError."""
        key = SigningKey.from_file(name, path)
        signer = cls(name, key.jwk)
        signer._key = key
        return signer

    def sign(
        self,
        *,
        organization_id: str,
        role: str | None,
        subject: str,
        permissions: Collection[Permission] | None = None,
        seconds: int = TEAM_TOKEN_SECONDS,
        audiences: Sequence[str] = ROOMS,
    ) -> str:
        """A token for REST and gRPC. Raises InvalidArgument on what no room would believe.

        `permissions` narrows what the role may do; an API key has permissions and no role.
        """
        _refuse_unbelievable(role, permissions, seconds)
        self._key.look()
        claims: dict[str, object] = {"sub": subject, "org_id": organization_id, "aud": list(audiences)}
        if role is not None:
            claims["role"] = role
        if permissions is not None:
            claims["scope"] = " ".join(sorted(permissions))
        return _signed(self._key, claims, issued_at=self._clock(), seconds=seconds)


def _refuse_unbelievable(role: str | None, permissions: Collection[Permission] | None, seconds: int) -> None:
    if role is not None and role not in ROLES:
        raise InvalidArgument(f"role {role!r} does not exist; use one of {', '.join(ROLES)}")
    if role is None and permissions is None:
        raise InvalidArgument("a token needs a role or permissions; give it one")
    if permissions is not None:
        most = PERMISSIONS if role is None else ROLE_PERMISSIONS[role]
        if not permissions:
            raise InvalidArgument("a token without any permission serves nobody; name one")
        if not most.issuperset(permissions):
            excess = ", ".join(sorted(frozenset(permissions) - most))
            raise InvalidArgument(f"{role or 'an API key'} cannot have {excess}; leave that out")
    if not 0 < seconds <= TEAM_TOKEN_SECONDS:
        raise InvalidArgument(f"a token lives 1 to {TEAM_TOKEN_SECONDS} seconds; ask for a new one when it has ended")


def _signed(key: SigningKey, claims: Mapping[str, object], *, issued_at: float, seconds: int) -> str:
    times = {"iat": int(issued_at), "exp": int(issued_at) + seconds}
    header = {"alg": ALGORITHM, "kid": key.key_id}
    return jwt.encode(header, {"iss": ISSUER, **claims, **times}, key.jwk, algorithms=[ALGORITHM])
