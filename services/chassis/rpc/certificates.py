"""Certificates of both ends of a connection between rooms (mutual TLS), followed when their files are replaced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import grpc
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate, load_pem_x509_certificates

from services.chassis.files import FileWatch
from services.chassis.logs import get_logger
from services.chassis.settings import SettingsError

TRUST_DOMAIN = "spiffe://pytake/"

_NAMES = "x509_subject_alternative_name"

_log = get_logger(__name__)


class TlsSettings(Protocol):
    """The settings of a service or of the operator's command line that name the three files."""

    @property
    def tls_cert_file(self) -> str:
        """The own certificate."""

    @property
    def tls_key_file(self) -> str:
        """Its private key."""

    @property
    def tls_ca_file(self) -> str:
        """The authority's certificates."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """What the three files held at one moment, as PEM."""

    certificate: bytes
    key: bytes
    authority: bytes


class Certificates:
    """A room's own certificate and key, and the authority that signs everybody's."""

    def __init__(self, certificate: Path, key: Path, authority: Path) -> None:
        self._certificate = certificate
        self._key = key
        self._authority = authority
        self._read()

    @classmethod
    def from_settings(cls, settings: TlsSettings) -> Certificates | None:
        """What the settings name; None means clear text. Raises SettingsError."""
        files = (settings.tls_cert_file, settings.tls_key_file, settings.tls_ca_file)
        if not any(files):
            return None
        if not all(files):
            raise SettingsError("TLS_CERT_FILE, TLS_KEY_FILE and TLS_CA_FILE belong together; set all three or none")
        try:
            return cls(*map(Path, files))
        except (OSError, ValueError) as error:
            raise SettingsError(f"TLS_CERT_FILE, TLS_KEY_FILE and TLS_CA_FILE cannot be used: {error}") from error

    def watch(self) -> FileWatch:
        """A watch on the three files, for who follows them."""
        return FileWatch([self._certificate, self._key, self._authority])

    def for_channel(self) -> grpc.ChannelCredentials:
        """Credentials that show the certificate as it is now. Raises OSError or ValueError."""
        pair = self._read()
        return grpc.ssl_channel_credentials(pair.authority, pair.key, pair.certificate)

    def for_server(self) -> grpc.ServerCredentials:
        """Credentials that follow the files, and let in only who shows a certificate of the authority."""
        watch = self.watch()

        def fetch() -> grpc.ServerCertificateConfiguration | None:
            """What the next connections are shown; None leaves it as it is. gRPC calls this from threads of its own."""
            if not watch.has_changed():
                return None
            try:
                found = _configuration(self._read())
            except (OSError, ValueError) as error:
                # Certificate and key are replaced one after the other: in between they do not fit.
                _log.warning("certificates_unreadable", file=str(self._certificate), error=error)
                return None
            _log.info("certificates_read", file=str(self._certificate))
            return found

        initial = _configuration(self._read())
        return grpc.dynamic_ssl_server_credentials(
            initial,
            fetch,  # type: ignore[arg-type]  # None is what gRPC documents for "as before"; its types forget it
            require_client_authentication=True,
        )

    def _read(self) -> _Pair:
        pair = _Pair(self._certificate.read_bytes(), self._key.read_bytes(), self._authority.read_bytes())
        load_pem_x509_certificates(pair.authority)
        own = load_pem_x509_certificate(pair.certificate)
        if own.public_key() != load_pem_private_key(pair.key, None).public_key():
            raise ValueError(f"the key in {self._key} is not that of the certificate in {self._certificate}")
        return pair


def principals_named(peer: Mapping[str, Iterable[bytes]]) -> frozenset[str]:
    """The principals that a peer's certificate names (a call's auth_context): DNS router, router.… or SPIFFE id."""
    return frozenset(_principals(name.decode(errors="replace") for name in peer.get(_NAMES, ())))


def _principals(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        if name.startswith(TRUST_DOMAIN):
            yield name.removeprefix(TRUST_DOMAIN)
        elif "/" not in name and "@" not in name:
            yield name.partition(".")[0]


def _configuration(pair: _Pair) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(pair.key, pair.certificate)], pair.authority)
