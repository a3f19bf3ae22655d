"""Keys in files that are replaced while the house runs."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from services.chassis.errors import Unauthenticated
from services.chassis.files import LOOK_SECONDS, FileWatch
from services.chassis.tenancy import PublicKeys, ServiceSigner, TokenVerifier
from services.chassis.tenancy.keys import SigningKey
from services.embedded.keys import (
    ensure_service_keys,
    jwks_file,
    key_file,
    make_key_pair,
    renew_service_keys,
    retire_key,
    rotate_key,
)


@dataclass(slots=True)
class Clock:
    """Time that passes when it is told to."""

    seconds: float = 1_000.0
    looks: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.seconds


@dataclass(slots=True)
class Pair:
    """A room that calls and a room that is called, on the files of one folder."""

    folder: Path
    clock: Clock = field(default_factory=Clock)

    def signer(self, name: str = "router") -> ServiceSigner:
        signer = ServiceSigner.from_file(name, str(key_file(self.folder, name)))
        signer._key = SigningKey.from_file(name, str(key_file(self.folder, name)), clock=self.clock)
        return signer

    def verifier(self) -> TokenVerifier:
        keys = PublicKeys.from_file(str(jwks_file(self.folder)), clock=self.clock)
        return TokenVerifier(audience="executor", keys=keys)


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    ensure_service_keys(tmp_path)
    return Pair(tmp_path)


def test_a_rotation_refuses_no_call(pair: Pair) -> None:
    signer, verifier = pair.signer(), pair.verifier()
    tokens = [signer.token_for("executor")]

    for _ in range(3):
        rotate_key(pair.folder, "router")
        # Both sides look when their time has come, the signer first: what it signs is never unknown.
        for _ in range(5):
            pair.clock.seconds += LOOK_SECONDS / 2
            tokens.append(signer.token_for("executor"))
            assert {verifier.prove(token).name for token in tokens} == {"router"}

    assert len(set(tokens)) == 4


def test_a_new_key_is_known_at_once_to_who_sees_it(pair: Pair) -> None:
    verifier = pair.verifier()

    rotate_key(pair.folder, "router")

    assert verifier.prove(pair.signer().token_for("executor")).name == "router"


def test_a_key_that_was_taken_out_is_believed_no_longer_though_its_token_was_proven_before(pair: Pair) -> None:
    verifier = pair.verifier()
    old = pair.signer().token_for("executor")
    assert verifier.prove(old).name == "router"

    rotate_key(pair.folder, "router")
    retire_key(pair.folder, "router")
    pair.clock.seconds += LOOK_SECONDS

    with pytest.raises(Unauthenticated):
        verifier.prove(old)
    assert verifier.prove(pair.signer().token_for("executor")).name == "router"


def test_tokens_of_an_earlier_start_are_worth_nothing(pair: Pair) -> None:
    old = pair.signer().token_for("executor")

    renew_service_keys(pair.folder)

    with pytest.raises(Unauthenticated):
        pair.verifier().prove(old)
    assert pair.verifier().prove(pair.signer().token_for("executor")).name == "router"


@pytest.mark.parametrize("text", ["", "{", "{}", '{"keys": [{}]}', '{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}'])
def test_a_file_that_cannot_be_read_leaves_the_known_keys_believed(
    pair: Pair, text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    signer, verifier = pair.signer(), pair.verifier()

    jwks_file(pair.folder).write_text(text)
    key_file(pair.folder, "router").write_text(text)
    pair.clock.seconds += LOOK_SECONDS

    assert verifier.prove(signer.token_for("executor")).name == "router"
    assert capfd.readouterr().out.count("unreadable") == 2


def test_files_that_are_gone_change_nothing(pair: Pair) -> None:
    signer, verifier = pair.signer(), pair.verifier()
    jwks_file(pair.folder).unlink()
    key_file(pair.folder, "router").unlink()
    pair.clock.seconds += LOOK_SECONDS

    assert verifier.prove(signer.token_for("executor")).name == "router"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (json.dumps({"kty": "oct", "k": "c2VjcmV0"}), "no Ed25519 key"),
        (json.dumps(make_key_pair("router")[1]), "no private key"),
        (json.dumps(make_key_pair("executor")[0]), "the key of executor, not of router"),
        ("[]", "no Ed25519 key"),
        ("nonsense", "Expecting value"),
    ],
)
def test_a_key_file_that_is_not_the_signers_is_refused(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "key.json").write_text(text)

    with pytest.raises(ValueError, match=why):
        SigningKey.from_file("router", str(tmp_path / "key.json"))


def test_a_public_key_without_an_id_is_refused(tmp_path: Path) -> None:
    _, public = make_key_pair("router")
    del public["kid"]
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [public]}))

    with pytest.raises(ValueError, match="without kid"):
        PublicKeys.from_file(str(tmp_path / "jwks.json"))


def test_files_are_looked_at_seldom_and_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("one")
    (tmp_path / "other").write_text("other")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "one")
    clock = Clock()
    watch = FileWatch([link], clock=clock)

    (tmp_path / "next").symlink_to(tmp_path / "other")
    (tmp_path / "next").replace(link)

    assert watch.has_changed() is False
    clock.seconds += LOOK_SECONDS
    assert watch.has_changed() is True
    clock.seconds += LOOK_SECONDS
    assert watch.has_changed() is False
