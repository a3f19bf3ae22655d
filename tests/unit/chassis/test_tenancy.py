"""Whose call is this: tokens of services and of teams."""

import base64
import time
from collections.abc import Mapping

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from services.chassis.errors import InvalidArgument, Unauthenticated
from services.chassis.tenancy import (
    PERMISSIONS,
    ROLE_PERMISSIONS,
    ROLES,
    ROOMS,
    TEAM_TOKEN_SECONDS,
    PublicKeys,
    ServiceSigner,
    TeamSigner,
    TokenVerifier,
)

SECRET_KEY = "a key of the tests, longer than thirty-two characters"
ORGANIZATION = "0198c3a1-7b1e-7c55-9d0a-3f2e61b8a4d7"
KEYS = {
    kid: OKPKey.generate_key("Ed25519", parameters={"kid": kid})
    for kid in ("router", "router.2", "ingress", "operator", "team")
}
NOW = 1_750_000_000


def verifier(audience: str = "ingress", *, secret_key: str = "", now: float = NOW) -> TokenVerifier:
    keys = PublicKeys(KEYS.values())
    return TokenVerifier(audience=audience, keys=keys, secret_key=secret_key, clock=lambda: now)


def signed(key_id: str, **claims: object) -> str:
    """A team's token with these claims instead of the usual ones; None leaves one out."""
    usual: dict[str, object] = {
        "iss": "pytake",
        "sub": "user_1",
        "org_id": ORGANIZATION,
        "role": "agent",
        "aud": ["ingress"],
        "iat": NOW,
        "exp": NOW + 900,
    }
    return encoded(usual | claims, key_id)


def encoded(claims: Mapping[str, object], key_id: str) -> str:
    wanted = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": "Ed25519", "kid": key_id}, wanted, KEYS[key_id], algorithms=["Ed25519"])


def contract_token(key: str = SECRET_KEY, **claims: object) -> str:
    """A token as the product contract has it, section 8."""
    usual: dict[str, object] = {"sub": "user_1", "org_id": ORGANIZATION, "role": "agent", "iat": NOW}
    wanted = {name: value for name, value in (usual | claims).items() if value is not None}
    return jwt.encode({"alg": "HS256"}, wanted, OctKey.import_key(key), algorithms=["HS256"])


def team_signer(name: str = "operator") -> TeamSigner:
    return TeamSigner(name, KEYS[name], clock=lambda: NOW)


@pytest.mark.parametrize("name", ["ingress", "operator"])
def test_a_team_token_says_for_whom_it_is_and_what_its_bearer_may_do(name: str) -> None:
    token = team_signer(name).sign(organization_id=ORGANIZATION, role="supervisor", subject="ana")

    principal = verifier().prove(token)

    assert (principal.name, principal.organization_id, principal.role) == ("team", ORGANIZATION, "supervisor")
    assert (principal.subject, principal.permissions) == ("ana", ROLE_PERMISSIONS["supervisor"])
    assert (principal.is_service, principal.expires_at) == (False, NOW + 900)


@pytest.mark.parametrize("room", ROOMS)
def test_a_team_token_serves_in_every_room_unless_it_names_rooms(room: str) -> None:
    everywhere = team_signer().sign(organization_id=ORGANIZATION, role="agent", subject="ana")
    elsewhere = team_signer().sign(
        organization_id=ORGANIZATION, role="agent", subject="ana", audiences=[other for other in ROOMS if other != room]
    )

    assert verifier(room).prove(everywhere).name == "team"
    with pytest.raises(Unauthenticated):
        verifier(room).prove(elsewhere)


def test_a_scope_narrows_a_role() -> None:
    token = team_signer().sign(organization_id=ORGANIZATION, role="agent", subject="a", permissions=["flows:read"])

    assert verifier().prove(token).permissions == {"flows:read"}


def test_an_api_key_has_a_scope_and_no_role() -> None:
    wanted = {"flows:read", "users:manage"}
    token = team_signer().sign(organization_id=ORGANIZATION, role=None, subject="key_1", permissions=wanted)

    principal = verifier().prove(token)

    assert (principal.role, principal.permissions) == (None, wanted)


@pytest.mark.parametrize("key_id", ["router", "router.2"])
def test_a_room_cannot_sign_for_a_team(key_id: str) -> None:
    assert verifier().prove(signed("ingress")).name == "team"
    with pytest.raises(Unauthenticated):
        verifier().prove(signed(key_id))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": None},
        {"iss": "another"},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 201},
        {"sub": "svc:operator"},
        {"sub": "svc:router"},
        {"org_id": None},
        {"org_id": "acme"},
        {"org_id": ORGANIZATION.upper()},
        {"org_id": f"{{{ORGANIZATION}}}"},
        {"role": "owner"},
        {"role": 1},
        {"role": None},
        {"scope": ""},
        {"scope": "users:manage"},
        {"scope": "flows:fly"},
        {"scope": ["flows:read"]},
        {"role": None, "scope": "flows:fly"},
        {"aud": None},
        {"aud": []},
        {"aud": ["router"]},
        {"aud": "router"},
        {"aud": {"ingress": False}, "sub": None},
        {"iat": None},
        {"iat": "now"},
        {"iat": True},
        {"iat": NOW + 60},
        {"iat": float("nan")},
        {"exp": None},
        {"exp": "never"},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"exp": 10**400},
        {"exp": NOW + TEAM_TOKEN_SECONDS + 1},
    ],
    ids=str,
)
def test_a_token_that_leaves_a_question_open_is_refused(claims: dict[str, object]) -> None:
    with pytest.raises(Unauthenticated, match="not valid here"):
        verifier().prove(signed("operator", **claims))


def test_an_expired_token_is_refused_also_when_it_was_proven_before() -> None:
    now = [NOW]
    proof = TokenVerifier(audience="ingress", keys=PublicKeys(KEYS.values()), clock=lambda: now[0])
    token = signed("operator", exp=NOW + 30)
    proof.prove(token)

    now[0] = NOW + 60

    with pytest.raises(Unauthenticated, match="expired"):
        proof.prove(token)


def _segment(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "token",
    ["", "a", "a.b", "a.b.c", "é.é.é", "." * 5000, "e30.e30.e30", f"{_segment(b'[' * 4000)}.e30.e30"],
)
def test_what_is_no_token_is_refused_without_another_error(token: str) -> None:
    with pytest.raises(Unauthenticated):
        verifier(secret_key=SECRET_KEY).prove(token)


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "HS512", "EdDSA", "RS256", ""])
def test_only_the_one_algorithm_is_believed(algorithm: str) -> None:
    _, claims, signature = signed("operator").split(".")
    header = _segment(b'{"alg":"%s","kid":"operator"}' % algorithm.encode())

    for told in (f"{header}.{claims}.{signature}", f"{header}.{claims}."):
        with pytest.raises(Unauthenticated):
            verifier(secret_key=SECRET_KEY).prove(told)


def test_a_public_key_is_no_secret_to_sign_with() -> None:
    public = str(KEYS["operator"].as_dict(private=False)["x"])
    for secret in (public, base64.urlsafe_b64decode(public + "=").hex()):
        with pytest.raises(Unauthenticated):
            verifier(secret_key=SECRET_KEY).prove(contract_token(secret))


def test_a_key_that_nobody_knows_proves_nothing() -> None:
    stranger = OKPKey.generate_key("Ed25519", parameters={"kid": "operator"})
    claims = {"iss": "pytake", "sub": "u", "org_id": ORGANIZATION, "role": "agent", "aud": "ingress"}
    times = {"iat": NOW, "exp": NOW + 60}
    for header in ({"kid": "operator"}, {"kid": "stranger"}, {"jwk": stranger.as_dict(private=False)}, {}):
        token = jwt.encode({"alg": "Ed25519", **header}, claims | times, stranger, algorithms=["Ed25519"])

        with pytest.raises(Unauthenticated):
            verifier().prove(token)


@pytest.mark.parametrize("key_id", ["router", "router.2"])
def test_a_service_is_believed_by_the_room_it_calls_and_by_no_other(key_id: str) -> None:
    token = ServiceSigner("router", KEYS[key_id], clock=lambda: NOW).token_for("ingress")

    principal = verifier("ingress").prove(token)

    assert (principal.name, principal.organization_id, principal.is_service) == ("router", None, True)
    assert (principal.subject, principal.permissions) == ("svc:router", frozenset())
    with pytest.raises(Unauthenticated):
        verifier("executor").prove(token)


@pytest.mark.parametrize(
    ("key_id", "changes"),
    [
        ("router", {"sub": "svc:executor"}),
        ("operator", {"sub": "svc:router"}),
        ("team", {"sub": "svc:team"}),
        ("router", {"aud": ["ingress"]}),
        ("router", {"exp": NOW + 301}),
        ("router", {"iat": None}),
        ("router", {"iss": "another"}),
    ],
)
def test_a_service_speaks_for_itself_alone_and_not_for_long(key_id: str, changes: dict[str, object]) -> None:
    usual: dict[str, object] = {"iss": "pytake", "sub": "svc:router", "aud": "ingress", "iat": NOW, "exp": NOW + 300}
    assert verifier().prove(encoded(usual, "router")).name == "router"

    with pytest.raises(Unauthenticated):
        verifier().prove(encoded(usual | changes, key_id))


def test_a_service_token_serves_again_until_half_of_its_life_is_over() -> None:
    now = [NOW]
    signer = ServiceSigner("router", KEYS["router"], clock=lambda: now[0])
    first = signer.token_for("ingress")

    assert signer.token_for("ingress") == first
    assert signer.token_for("executor") != first
    now[0] = NOW + 200
    assert signer.token_for("ingress") != first


def test_the_contracts_tokens_are_believed_only_where_their_secret_is_given() -> None:
    assert verifier(secret_key=SECRET_KEY).prove(contract_token()).permissions == ROLE_PERMISSIONS["agent"]
    with pytest.raises(Unauthenticated):
        verifier().prove(contract_token())


@pytest.mark.parametrize(
    ("claims", "end"),
    [
        ({}, NOW + 900),
        ({"iat": NOW - 60}, NOW + 840),
        ({"exp": NOW + 60}, NOW + 60),
        ({"exp": NOW + 86_400}, NOW + 900),
        ({"iat": None, "exp": NOW + 900}, NOW + 900),
    ],
)
def test_a_token_of_the_contract_lives_fifteen_minutes_at_most(claims: dict[str, object], end: int) -> None:
    assert verifier(secret_key=SECRET_KEY).prove(contract_token(**claims)).expires_at == end


@pytest.mark.parametrize(
    "claims",
    [
        {"iat": None},
        {"iat": None, "exp": NOW + 901},
        {"iat": NOW - 1_000},
        {"iat": NOW - 1_000, "exp": NOW + 60},
        {"iat": NOW + 3600},
        {"iat": float("nan")},
        {"role": "owner"},
        {"role": None, "scope": "flows:read"},
        {"org_id": None},
        {"sub": None},
        {"sub": "svc:operator"},
    ],
    ids=str,
)
def test_a_token_of_the_contract_that_leaves_a_question_open_is_refused(claims: dict[str, object]) -> None:
    with pytest.raises(Unauthenticated):
        verifier(secret_key=SECRET_KEY).prove(contract_token(**claims))


def test_another_secret_proves_nothing() -> None:
    with pytest.raises(Unauthenticated):
        verifier(secret_key=SECRET_KEY).prove(contract_token("another key of the tests, also long enough for use"))


@pytest.mark.parametrize(
    ("wanted", "mend"),
    [
        ({"role": "king"}, "use one of super_admin"),
        ({"role": None}, "needs a role or permissions"),
        ({"permissions": []}, "name one"),
        ({"role": "viewer", "permissions": ["messages:send"]}, "viewer cannot have messages:send"),
        ({"role": None, "permissions": ["flows:fly"]}, "an API key cannot have flows:fly"),
        ({"seconds": 901}, "1 to 900 seconds"),
        ({"seconds": 0}, "1 to 900 seconds"),
    ],
    ids=str,
)
def test_a_token_that_no_room_would_believe_is_not_made(wanted: dict[str, object], mend: str) -> None:
    usual: dict[str, object] = {"organization_id": ORGANIZATION, "role": "agent", "subject": "ana"}
    with pytest.raises(InvalidArgument, match=mend):
        team_signer().sign(**(usual | wanted))  # type: ignore[arg-type]  # wrong on purpose


def test_a_room_has_no_signer_for_teams() -> None:
    with pytest.raises(ValueError, match="nobody believes router"):
        TeamSigner("router", KEYS["router"])


@pytest.mark.parametrize("role", ROLES)
def test_what_is_made_is_believed_for_every_role(role: str) -> None:
    signer = TeamSigner("ingress", KEYS["ingress"])
    token = signer.sign(organization_id=ORGANIZATION, role=role, subject="ana", permissions=ROLE_PERMISSIONS[role])

    assert verifier(now=time.time()).prove(token).permissions == ROLE_PERMISSIONS[role] <= PERMISSIONS
