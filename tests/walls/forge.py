"""Tokens: those that callers of a house have, and everything that somebody could make without having one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import OKPKey

from services.chassis.tenancy import ROLE_PERMISSIONS, ROLES, ROOMS, TEAM_SIGNERS, ServiceSigner, TeamSigner
from services.embedded.keys import SIGNERS, jwks_file, key_file

ALGORITHM = "Ed25519"


@dataclass(frozen=True, slots=True)
class Forged:
    """A token and what is wrong with it; an empty token means that none is sent."""

    kind: str
    token: str


@dataclass(frozen=True, slots=True)
class Keys:
    """The private keys of all signers of a house, its public ones, and SECRET_KEY."""

    private: Mapping[str, OKPKey]
    secret_key: str

    @classmethod
    def of(cls, folder: Path, secret_key: str) -> Keys:
        """Those of a folder of `pytake keys` or of a data folder's secrets."""
        private = {name: OKPKey.import_key(json.loads(key_file(folder, name).read_text())) for name in SIGNERS}
        assert jwks_file(folder).exists()
        return cls(private, secret_key)

    @classmethod
    def made(cls) -> Keys:
        """New ones, for servers of a test's own."""
        private = {name: OKPKey.generate_key("Ed25519", parameters={"kid": name}) for name in SIGNERS}
        return cls(private, "a key of the tests, longer than thirty-two characters")

    def service(self, name: str, audience: str) -> str:
        """A service's right token."""
        return ServiceSigner(name, self.private[name]).token_for(audience)

    def team(self, organization_id: str, *, role: str | None = None, permissions: Sequence[str] | None = None) -> str:
        """A team's right token."""
        signer = TeamSigner("operator", self.private["operator"])
        return signer.sign(organization_id=organization_id, role=role, subject="walls", permissions=permissions)

    def signed(self, key: str, claims: Mapping[str, Any], *, key_id: str = "") -> str:
        """Any claims, signed with any signer's key, under any key's name."""
        header = {"alg": ALGORITHM, "kid": key_id or self.private[key].kid}
        return jwt.encode(header, dict(claims), self.private[key], algorithms=[ALGORITHM])


def team_claims(organization_id: str, **changes: Any) -> dict[str, Any]:
    """Claims that are right, but for the changes; None takes a claim out."""
    now = int(time.time())
    claims = {
        "iss": "pytake",
        "sub": "walls",
        "org_id": organization_id,
        "role": "org_admin",
        "aud": list(ROOMS),
        "iat": now,
        "exp": now + 600,
    }
    return {name: value for name, value in (claims | changes).items() if value is not None}


def service_claims(name: str, audience: str, **changes: Any) -> dict[str, Any]:
    """Claims of a service that are right, but for the changes."""
    now = int(time.time())
    return {"iss": "pytake", "sub": f"svc:{name}", "aud": audience, "iat": now, "exp": now + 300} | changes


def useless(keys: Keys, room: str, organization_id: str) -> Iterator[Forged]:
    """Tokens that no method and no route of a room may believe, whoever is among its callers."""
    elsewhere = [other for other in ROOMS if other != room]
    past, now = int(time.time()) - 3600, int(time.time())
    right = team_claims(organization_id)
    services = [service_claims(name, room) for name in SIGNERS]
    yield Forged("no token", "")
    yield Forged("no token at all", "nonsense")
    yield Forged("expired", keys.signed("operator", team_claims(organization_id, iat=past - 600, exp=past)))
    yield Forged("lives too long", keys.signed("operator", team_claims(organization_id, exp=now + 86_400)))
    yield Forged("never ends", keys.signed("operator", team_claims(organization_id, exp=None)))
    yield Forged("issued in the future", keys.signed("operator", team_claims(organization_id, iat=now + 60)))
    yield Forged("wrong audience", keys.signed("operator", team_claims(organization_id, aud=elsewhere)))
    yield Forged("no audience", keys.signed("operator", team_claims(organization_id, aud=None)))
    yield Forged("another issuer", keys.signed("operator", team_claims(organization_id, iss="elsewhere")))
    yield Forged("no organization", keys.signed("operator", team_claims(organization_id, org_id=None)))
    yield Forged("unknown role", keys.signed("operator", team_claims(organization_id, role="owner")))
    yield Forged("neither role nor scope", keys.signed("operator", team_claims(organization_id, role=None)))
    yield Forged(
        "scope above the role",
        keys.signed("operator", team_claims(organization_id, role="viewer", scope="messages:send conversations:read")),
    )
    for name in SIGNERS:
        yield Forged("expired", keys.signed(name, service_claims(name, room, iat=past - 300, exp=past)))
        yield Forged("lives too long", keys.signed(name, service_claims(name, room, exp=now + 3600)))
        yield Forged("wrong audience", keys.service(name, elsewhere[0]))
        if name not in TEAM_SIGNERS:
            yield Forged("service signs a team token", keys.signed(name, right))
    for signer, other in zip(SIGNERS, (*SIGNERS[1:], SIGNERS[0]), strict=True):
        yield Forged("service under another's name", keys.signed(signer, service_claims(other, room)))
        yield Forged("another's key id", keys.signed(signer, service_claims(other, room), key_id=other))
    yield Forged("team names itself a service", keys.signed("operator", team_claims(organization_id, sub="svc:router")))
    for claims in (right, *services):
        yield from _forged(keys, claims)


def _forged(keys: Keys, claims: Mapping[str, Any]) -> Iterator[Forged]:
    """The same right claims, under every signature that is none."""
    key_id = str(claims["sub"]).removeprefix("svc:") if "org_id" not in claims else "operator"
    whole = keys.signed(key_id, claims)
    _, body, signature = whole.split(".")
    for algorithm in ("none", "None", "NONE", ""):
        header = segment({"alg": algorithm, "kid": key_id})
        yield Forged("alg none", f"{header}.{body}.")
        yield Forged("alg none", f"{header}.{body}.{signature}")
    head = whole.rpartition(".")[0]
    yield Forged("signature taken off", f"{head}.")
    yield Forged("signature taken off", head)
    yield Forged("signature of something else", f"{head}.{segment({'another': 'text'})}")
    stranger = OKPKey.generate_key("Ed25519", parameters={"kid": key_id})
    yield Forged("own key", _encoded({"kid": key_id}, claims, stranger))
    yield Forged("own key", _encoded({"kid": "stranger"}, claims, stranger))
    yield Forged("own key", _encoded({}, claims, stranger))
    public = keys.private[key_id].as_dict(private=False)
    raw = base64.urlsafe_b64decode(str(public["x"]) + "=")
    texts = (str(public["x"]).encode(), json.dumps(public).encode(), keys.private[key_id].as_pem(private=False))
    for secret in (raw, *texts, b""):
        yield Forged("HS256 with the public key", _hs256({"kid": key_id}, claims, secret))


def contract_tokens(keys: Keys, organization_id: str) -> Iterator[Forged]:
    """HS256 tokens as the product contract has them, right but for one thing."""
    past = int(time.time()) - 3600
    right = {"sub": "walls", "org_id": organization_id, "role": "org_admin", "iat": int(time.time())}
    secret = keys.secret_key.encode()
    yield Forged("expired", _hs256({}, right | {"iat": past}, secret))
    yield Forged("expired", _hs256({}, right | {"exp": past}, secret))
    yield Forged("lives too long", _hs256({}, right | {"iat": past, "exp": past + 86_400}, secret))
    yield Forged("HS256 with another secret", _hs256({}, right, b"another secret, that is long enough as well"))
    yield Forged("HS256 with another secret", _hs256({}, right, b""))


def contract_token(keys: Keys, organization_id: str) -> str:
    """A right one: REST believes it, gRPC must not."""
    claims = {"sub": "walls", "org_id": organization_id, "role": "org_admin", "iat": int(time.time())}
    return _hs256({}, claims, keys.secret_key.encode())


def without_permission(keys: Keys, organization_id: str, permission: str | None) -> Iterator[Forged]:
    """Right tokens of teams that lack a permission; None stands for one that nobody can have."""
    for role in ROLES:
        if permission not in ROLE_PERMISSIONS[role]:
            yield Forged("wrong role", keys.team(organization_id, role=role))
        rest = sorted(ROLE_PERMISSIONS[role] - {permission or ""})
        yield Forged("scope without the permission", keys.team(organization_id, role=role, permissions=rest))
        yield Forged("API key without the permission", keys.team(organization_id, permissions=rest))


def segment(value: object) -> str:
    """A part of a token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _encoded(header: Mapping[str, Any], claims: Mapping[str, Any], key: OKPKey) -> str:
    return jwt.encode({"alg": ALGORITHM, **header}, dict(claims), key, algorithms=[ALGORITHM])


def _hs256(header: Mapping[str, Any], claims: Mapping[str, Any], secret: bytes) -> str:
    """Signed by hand: libraries refuse to use such keys."""
    signed = f"{segment({'alg': 'HS256', 'typ': 'JWT', **header})}.{segment(dict(claims))}"
    digest = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"
