"""The house's secrets: made once, kept in the data folder for its owner alone."""

import base64
import json
import os
import secrets
from collections.abc import Callable, Mapping
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
    "SEALING_KEYS": lambda: base64.b64encode(secrets.token_bytes(32)).decode(),
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
    """Return the file with every signer's public key (JWKS); a key id is a signer's name: it says who a caller is."""
    return folder / "jwks.json"


def ensure_service_keys(folder: Path) -> None:
    """Make the key pairs that are missing, and the set of public keys from all of them."""
    if jwks_file(folder).exists() and all(key_file(folder, signer).exists() for signer in SIGNERS):
        return
    public = []
    for signer in SIGNERS:
        private_key, public_key = make_key_pair(signer)
        write_private(key_file(folder, signer), json.dumps(private_key))
        public.append(public_key)
    write_private(jwks_file(folder), json.dumps({"keys": public}, indent=2))


def make_key_pair(signer: str) -> tuple[dict[str, object], dict[str, object]]:
    """Return a new Ed25519 pair as private and public JWK (RFC 8037).

    Without "alg": libraries differ on its name (EdDSA in RFC 8037, Ed25519 in RFC 9864).
    """
    from joserfc.jwk import OKPKey  # lazily: needed once in the life of a data folder

    key = OKPKey.generate_key("Ed25519", private=True)
    marks: dict[str, object] = {"kid": signer, "use": "sig"}
    return key.as_dict(private=True) | marks, key.as_dict(private=False) | marks
