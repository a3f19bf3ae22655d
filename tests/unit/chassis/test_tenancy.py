"""Whose call is this: tokens of services and of teams."""

import time
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, OKPKey

from services.chassis.errors import InvalidArgument, Unauthenticated
from services.chassis.tenancy import TEAM_TOKEN_SECONDS, ServiceSigner, TokenVerifier, sign_team_token

SECRET_KEY = "a key of the tests, longer than thirty-two characters"
ORGANIZATION = str(uuid4())
ROUTER_KEY = OKPKey.generate_key("Ed25519", parameters={"kid": "router"})


def verifier(audience: str = "ingress") -> TokenVerifier:
    return TokenVerifier(audience=audience, jwks=KeySet([ROUTER_KEY]), secret_key=SECRET_KEY)


def team_token(key: str = SECRET_KEY, **claims: object) -> str:
    usual: dict[str, object] = {"sub": "user_1", "org_id": ORGANIZATION, "role": "agent", "iat": int(time.time())}
    wanted = {name: value for name, value in (usual | claims).items() if value is not None}
    return jwt.encode({"alg": "HS256"}, wanted, OctKey.import_key(key), algorithms=["HS256"])


def test_a_team_token_names_its_organization_and_role() -> None:
    token = sign_team_token(SECRET_KEY, organization_id=ORGANIZATION, role="org_admin", subject="cli")

    principal = verifier().prove(token)

    assert (principal.name, principal.organization_id, principal.role) == ("team", ORGANIZATION, "org_admin")
    assert not principal.is_service


def test_a_token_without_an_end_lives_twelve_hours_from_its_issue() -> None:
    young, old = int(time.time()) - 60, int(time.time()) - TEAM_TOKEN_SECONDS - 60

    assert verifier().prove(team_token(iat=young)).expires_at == young + TEAM_TOKEN_SECONDS
    with pytest.raises(Unauthenticated, match="expired"):
        verifier().prove(team_token(iat=old))


@pytest.mark.parametrize(
    "claims",
    [
        {"iat": None},
        {"iat": int(time.time()) + 3600},
        {"iat": "now"},
        {"iat": True},
        {"exp": "never"},
        {"role": "owner"},
        {"role": None},
        {"org_id": "acme"},
        {"org_id": None},
    ],
)
def test_a_token_that_leaves_a_question_open_is_refused(claims: dict[str, object]) -> None:
    with pytest.raises(Unauthenticated, match="not valid here"):
        verifier().prove(team_token(SECRET_KEY, **claims))


def test_an_expired_token_is_refused_also_when_it_was_proven_before(monkeypatch: pytest.MonkeyPatch) -> None:
    proof, token = verifier(), team_token(exp=int(time.time()) + 30)
    proof.prove(token)

    later = time.time() + 60
    monkeypatch.setattr("services.chassis.tenancy.tokens.time.time", lambda: later)

    with pytest.raises(Unauthenticated, match="expired"):
        proof.prove(token)


@pytest.mark.parametrize("token", ["", "a", "a.b", "a.b.c", "é.é.é", "." * 5000, "e30.e30.e30"])
def test_what_is_no_token_is_refused_without_another_error(token: str) -> None:
    with pytest.raises(Unauthenticated):
        verifier().prove(token)


def test_another_key_proves_nothing() -> None:
    with pytest.raises(Unauthenticated):
        verifier().prove(team_token(key="another key of the tests, also long enough for use"))


def test_an_unsigned_token_is_refused() -> None:
    header_of_none = "eyJhbGciOiJub25lIn0"
    with pytest.raises(Unauthenticated):
        verifier().prove(f"{header_of_none}.{team_token().split('.')[1]}.")


def test_a_service_is_believed_by_the_room_it_calls_and_by_no_other() -> None:
    token = ServiceSigner("router", ROUTER_KEY).token_for("ingress")

    principal = verifier("ingress").prove(token)

    assert (principal.name, principal.organization_id, principal.is_service) == ("router", None, True)
    with pytest.raises(Unauthenticated):
        verifier("executor").prove(token)


def test_a_room_cannot_call_itself_by_another_name() -> None:
    claims = {"iss": "pytake", "sub": "svc:executor", "aud": "ingress", "exp": int(time.time()) + 60}
    token = jwt.encode({"alg": "Ed25519", "kid": "router"}, claims, ROUTER_KEY, algorithms=["Ed25519"])

    with pytest.raises(Unauthenticated):
        verifier().prove(token)


def test_a_team_key_cannot_sign_for_a_service() -> None:
    claims = {"sub": "svc:router", "aud": "ingress", "exp": int(time.time()) + 60}
    token = jwt.encode({"alg": "HS256", "kid": "router"}, claims, OctKey.import_key(SECRET_KEY), algorithms=["HS256"])

    with pytest.raises(Unauthenticated):
        verifier().prove(token)


def test_a_token_for_a_role_that_does_not_exist_is_not_made() -> None:
    with pytest.raises(InvalidArgument, match="use one of"):
        sign_team_token(SECRET_KEY, organization_id=ORGANIZATION, role="king", subject="cli")


def test_a_service_token_serves_again_until_half_of_its_life_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    signer = ServiceSigner("router", ROUTER_KEY)
    first = signer.token_for("ingress")

    assert signer.token_for("ingress") == first
    assert signer.token_for("executor") != first
    later = time.time() + 200
    monkeypatch.setattr("services.chassis.tenancy.tokens.time.time", lambda: later)
    assert signer.token_for("ingress") != first
