"""Ed25519 keys in files that may be replaced while the house runs.

A key id says whose key it is: "router" and "router.2" are router's. A signer may have several public keys at a time, so
that a new one is believed everywhere before its owner signs with it, and the old one until its last token has ended.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from services.chassis.clock import Monotonic, monotonic
from services.chassis.files import FileWatch
from services.chassis.logs import get_logger

_log = get_logger(__name__)


def signer_of(key_id: str) -> str:
    """Whose key it is."""
    return key_id.partition(".")[0]


class PublicKeys:
    """Whose signatures are believed: the public keys of all signers by key id.

    `edition` grows whenever the keys are others than before: what was proven by an older edition must be proven again.
    """

    def __init__(self, keys: Iterable[OKPKey]) -> None:
        self._keys = _by_id(keys)
        self._path: Path | None = None
        self._watch: FileWatch | None = None
        self.edition = 0

    @classmethod
    def from_file(cls, path: str, *, clock: Monotonic = monotonic) -> PublicKeys:
        """The keys of a JWKS file, now and after every change of it. Raises OSError or ValueError."""
        # The watch comes first: a change while the file is read is seen at the next look.
        watch = FileWatch([Path(path)], clock=clock)
        keys = cls(_read_public(Path(path)))
        keys._path, keys._watch = Path(path), watch
        return keys

    def look(self) -> None:
        """Read the file again if it was replaced, at most every few seconds."""
        if self._watch is not None and self._watch.has_changed():
            self._read_again()

    def find(self, key_id: str) -> OKPKey | None:
        """The key with this id. For an unknown one the file is looked at again, and read only if it was replaced."""
        key = self._keys.get(key_id)
        if key is None and self._watch is not None and self._watch.has_changed_now():
            self._read_again()
            key = self._keys.get(key_id)
        return key

    def _read_again(self) -> None:
        assert self._path is not None
        try:
            self._keys = _by_id(_read_public(self._path))
        except (OSError, ValueError) as error:
            # Half-written or gone: what is known stays, or every call of the house would be refused.
            _log.error("public_keys_unreadable", file=str(self._path), error=error)
            return
        self.edition += 1
        _log.info("public_keys_read", key_ids=sorted(self._keys))


class SigningKey:
    """A signer's private key; that of a file is followed when the file is replaced."""

    def __init__(self, name: str, key: OKPKey) -> None:
        self.name = name
        self.jwk = key
        self._path: Path | None = None
        self._watch: FileWatch | None = None

    @classmethod
    def from_file(cls, name: str, path: str, *, clock: Monotonic = monotonic) -> SigningKey:
        """The key of a private JWK file. Raises OSError, or ValueError when it is no Ed25519 key of this signer."""
        watch = FileWatch([Path(path)], clock=clock)
        key = cls(name, _read_private(name, Path(path)))
        key._path, key._watch = Path(path), watch
        return key

    @property
    def key_id(self) -> str:
        """What a token's header names."""
        return self.jwk.kid or self.name

    def look(self) -> bool:
        """Read the file again if it was replaced; True when there is a new key."""
        if self._path is None or self._watch is None or not self._watch.has_changed():
            return False
        try:
            self.jwk = _read_private(self.name, self._path)
        except (OSError, ValueError) as error:
            _log.error("signing_key_unreadable", file=str(self._path), error=error)
            return False
        _log.info("signing_key_read", key_id=self.key_id)
        return True


def _read_public(path: Path) -> list[OKPKey]:
    held = json.loads(path.read_text())
    if not isinstance(held, dict) or not isinstance(held.get("keys"), list):
        raise ValueError("it is no JWKS: an object with a list of keys")
    return [_ed25519(each) for each in held["keys"]]


def _read_private(name: str, path: Path) -> OKPKey:
    key = _ed25519(json.loads(path.read_text()))
    if not key.is_private:
        raise ValueError("it holds no private key")
    if signer_of(key.kid or name) != name:
        raise ValueError(f"it is the key of {key.kid}, not of {name}")
    return key


def _ed25519(values: object) -> OKPKey:
    if not isinstance(values, dict) or values.get("crv") != "Ed25519":
        raise ValueError("no Ed25519 key (RFC 8037)")
    try:
        return OKPKey.import_key(values)
    except (JoseError, AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"no Ed25519 key (RFC 8037): {error!r}") from error


def _by_id(keys: Iterable[OKPKey]) -> dict[str, OKPKey]:
    found = {key.kid or "": key for key in keys}
    if "" in found:
        raise ValueError("a key without kid: it would be nobody's")
    return found
