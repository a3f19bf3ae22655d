"""The house's secrets: made once, kept in the data folder for its owner alone."""

import base64
import json
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOMS = ("ingress", "router", "executor", "sender", "analytics")
SIGNERS = (*ROOMS, "operator")
"""Who has an Ed25519 key pair: the five services, and the operator, whom the command line speaks for."""
LOGINS = tuple(role for room in ROOMS for role in (f"svc_{room}", f"svc_{room}_ro"))
"""The login roles of Postgres: each service, and its read-only twin for people who look."""

MAKERS: dict[str, Callable[[], str]] = {
    "postgres": lambda: secrets.token_urlsafe(24),
    **{role: lambda: secrets.token_urlsafe(24) for role in LOGINS},
    "valkey": lambda: secrets.token_urlsafe(24),
    "SECRET_KEY": lambda: secrets.token_urlsafe(48),
    "LOG_SECRET": lambda: secrets.token_urlsafe(24),
    "SEALING_KEYS": lambda: base64.b64encode(secrets.token_bytes(32)).decode(),
    "TOMBSTONE_KEY": lambda: base64.b64encode(secrets.token_bytes(32)).decode(),
    "WEBHOOK_VERIFY_TOKEN": lambda: secrets.token_urlsafe(16),
    "META_APP_SECRET": lambda: secrets.token_hex(16),
    "META_ACCESS_TOKEN": lambda: "EAA" + secrets.token_hex(24),
}


def write_private(path: Path, text: str) -> None:
    """Replace a file at once, readable by its owner only."""
    draft = path.with_name(path.name + ".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def load_or_create_secrets(folder: Path) -> dict[str, str]:
    """Return all secrets by name, making those a newer release added."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / "secrets.json"
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    missing = {name: make() for name, make in MAKERS.items() if name not in kept}
    if missing:
        write_private(path, json.dumps(kept | missing, indent=2))
    return kept | missing


def read_sealing_keys(folder: Path) -> list[str]:
    """Return the keys that seal secrets at rest as the folder keeps them (base64), the active one first."""
    return load_or_create_secrets(folder)["SEALING_KEYS"].split(",")


def write_sealing_keys(folder: Path, keys: Sequence[str]) -> None:
    """Keep these sealing keys, the active one first; the services have them from their next start on."""
    kept = load_or_create_secrets(folder) | {"SEALING_KEYS": ",".join(keys)}
    write_private(folder / "secrets.json", json.dumps(kept, indent=2))


def new_sealing_key() -> str:
    """Make a key of 32 bytes (base64)."""
    return MAKERS["SEALING_KEYS"]()


def note_secrets_in_use(folder: Path, environment: Mapping[str, str]) -> None:
    """Write down which secrets the user chose at this start: other commands may run without those variables."""
    chosen = {name: environment[name] for name in load_or_create_secrets(folder) if environment.get(name)}
    write_private(folder / "in_use.json", json.dumps(chosen, indent=2))


def secrets_in_use(folder: Path) -> dict[str, str]:
    """Return all secrets by name as the services of the running house have them."""
    path = folder / "in_use.json"
    chosen: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    return load_or_create_secrets(folder) | chosen


def key_file(folder: Path, signer: str) -> Path:
    """Return the file with a signer's private key (JWK)."""
    return folder / f"{signer}.jwk.json"


def jwks_file(folder: Path) -> Path:
    """Return the file with every signer's public keys (JWKS); a key id is a signer's name, or "name.2" and so on."""
    return folder / "jwks.json"


def ensure_service_keys(folder: Path) -> None:
    """Make the key pairs that are missing; those that are there stay as they are."""
    for signer in SIGNERS:
        if not jwks_file(folder).exists() or not key_file(folder, signer).exists():
            rotate_key(folder, signer)


def renew_service_keys(folder: Path) -> None:
    """Make all key pairs anew: what was signed before is believed by nobody any more."""
    jwks_file(folder).unlink(missing_ok=True)
    for signer in SIGNERS:
        rotate_key(folder, signer)


def rotate_key(folder: Path, signer: str) -> str:
    """Give a signer a new key pair and return its id. The public keys it had stay: what they signed is under way."""
    public_keys = _public_keys(folder)
    key_id = _next_id(signer, [str(key["kid"]) for key in public_keys])
    private_key, public_key = make_key_pair(key_id)
    # First what is believed, then what signs: nobody sees a signature that it cannot check yet.
    write_private(jwks_file(folder), json.dumps({"keys": [*public_keys, public_key]}, indent=2))
    write_private(key_file(folder, signer), json.dumps(private_key))
    return key_id


def retire_key(folder: Path, key_id: str) -> None:
    """Take a public key out: nobody believes it any more. Raises ValueError when it is in use, or not there."""
    public_keys = _public_keys(folder)
    kept = [key for key in public_keys if key["kid"] != key_id]
    if len(kept) == len(public_keys):
        known = ", ".join(sorted(str(key["kid"]) for key in public_keys))
        raise ValueError(f"{key_id} is not among the public keys ({known or 'there are none'})")
    own = key_file(folder, key_id.partition(".")[0])
    if own.exists() and json.loads(own.read_text())["kid"] == key_id:
        raise ValueError(f"{key_id} is what its owner signs with; rotate it first")
    write_private(jwks_file(folder), json.dumps({"keys": kept}, indent=2))


def make_key_pair(key_id: str) -> tuple[dict[str, object], dict[str, object]]:
    """Return a new Ed25519 pair as private and public JWK (RFC 8037).

    Without "alg": libraries differ on its name (EdDSA in RFC 8037, Ed25519 in RFC 9864).
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # lazily: most commands make none

    key = Ed25519PrivateKey.generate()
    public: dict[str, object] = {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": _base64url(key.public_key().public_bytes_raw()),
        "kid": key_id,
        "use": "sig",
    }
    return public | {"d": _base64url(key.private_bytes_raw())}, public


def _public_keys(folder: Path) -> list[dict[str, object]]:
    path = jwks_file(folder)
    return list(json.loads(path.read_text())["keys"]) if path.exists() else []


def _next_id(signer: str, known: Sequence[str]) -> str:
    """The signer's name, then name.2, name.3: a number is not given twice while the newest key stays."""
    own = [key_id.partition(".")[2] or "1" for key_id in known if key_id.partition(".")[0] == signer]
    newest = max((int(label) for label in own if label.isdecimal()), default=0)
    return signer if not own else f"{signer}.{newest + 1}"


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
