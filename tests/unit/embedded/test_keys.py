import json
import stat
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import KeySet, OKPKey

from services.chassis.sealing import Sealer
from services.chassis.tenancy import ROOMS as TOKEN_ROOMS
from services.chassis.tenancy import ServiceSigner, TokenVerifier
from services.embedded.keys import (
    ROOMS,
    SIGNERS,
    ensure_service_keys,
    jwks_file,
    key_file,
    load_or_create_secrets,
    note_secrets_in_use,
    renew_service_keys,
    secrets_in_use,
)


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    assert load_or_create_secrets(tmp_path) == load_or_create_secrets(tmp_path)


def test_a_secret_that_a_newer_release_needs_is_added_and_the_others_stay(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text(json.dumps({"postgres": "kept"}))
    secrets = load_or_create_secrets(tmp_path)
    assert secrets["postgres"] == "kept"
    assert len(secrets["SECRET_KEY"]) >= 32


def test_a_secret_the_user_chose_at_the_start_is_in_use_until_a_start_without_it(tmp_path: Path) -> None:
    own = load_or_create_secrets(tmp_path)["SECRET_KEY"]
    note_secrets_in_use(tmp_path, {"SECRET_KEY": "mine", "META_APP_SECRET": ""})
    assert secrets_in_use(tmp_path) == load_or_create_secrets(tmp_path) | {"SECRET_KEY": "mine"}
    note_secrets_in_use(tmp_path, {})
    assert secrets_in_use(tmp_path)["SECRET_KEY"] == own


def test_two_data_folders_share_no_secret(tmp_path: Path) -> None:
    first = load_or_create_secrets(tmp_path / "first")
    second = load_or_create_secrets(tmp_path / "second")
    assert not set(first.values()) & set(second.values())


def test_only_the_owner_can_read_a_secret(tmp_path: Path) -> None:
    load_or_create_secrets(tmp_path)
    ensure_service_keys(tmp_path)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {0o600}


def test_the_sealing_key_is_one_the_sealer_takes(tmp_path: Path) -> None:
    sealer = Sealer.from_text(load_or_create_secrets(tmp_path)["SEALING_KEYS"])
    sealed = sealer.seal("hush", table="t", organization_id="o", row="r")
    assert sealer.open(sealed, table="t", organization_id="o", row="r") == "hush"


def test_what_a_service_signs_is_verified_with_the_public_keys_of_all(tmp_path: Path) -> None:
    ensure_service_keys(tmp_path)
    private = OKPKey.import_key(json.loads(key_file(tmp_path, "router").read_text()))
    public = KeySet.import_key_set(json.loads(jwks_file(tmp_path).read_text()))
    token = jwt.encode({"alg": "Ed25519", "kid": private.kid}, {"sub": "svc:router"}, private, algorithms=["Ed25519"])
    assert jwt.decode(token, public, algorithms=["Ed25519"]).claims == {"sub": "svc:router"}


def test_the_public_keys_hold_nothing_private_and_name_every_signer(tmp_path: Path) -> None:
    ensure_service_keys(tmp_path)
    keys = json.loads(jwks_file(tmp_path).read_text())["keys"]
    assert all("d" not in key for key in keys)
    assert {key["kid"] for key in keys} == set(SIGNERS)


def test_a_call_the_operator_signs_is_believed_by_a_room(tmp_path: Path) -> None:
    ensure_service_keys(tmp_path)
    signer = ServiceSigner.from_file("operator", str(key_file(tmp_path, "operator")))
    verifier = TokenVerifier.from_file(audience="router", jwks_file=str(jwks_file(tmp_path)))
    assert verifier.prove(signer.token_for("router")).name == "operator"


def test_the_rooms_have_one_list_of_names() -> None:
    assert ROOMS == TOKEN_ROOMS


def test_a_new_start_has_new_keys_and_the_folder_stays_private(tmp_path: Path) -> None:
    ensure_service_keys(tmp_path)
    before = jwks_file(tmp_path).read_bytes()

    renew_service_keys(tmp_path)

    assert {key["kid"] for key in json.loads(jwks_file(tmp_path).read_text())["keys"]} == set(SIGNERS)
    assert not {key["x"] for key in json.loads(before)["keys"]} & {
        key["x"] for key in json.loads(jwks_file(tmp_path).read_text())["keys"]
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_the_key_pairs_of_a_data_folder_stay(tmp_path: Path) -> None:
    ensure_service_keys(tmp_path)
    before = jwks_file(tmp_path).read_bytes()
    ensure_service_keys(tmp_path)
    assert jwks_file(tmp_path).read_bytes() == before
