"""The image holds what runs, pinned by hash, and nothing that builds."""

import re
import tomllib

import pytest
import yaml

from tests.house.kustomize import ROOT

PIN = re.compile(r"^([A-Za-z0-9_.-]+)==([^ \\]+).*?((?:\\\n +--hash=\S+ ?)+)", re.MULTILINE)
LOCKS = ("deploy/image/requirements.lock", "deploy/image/build.lock")

Pins = dict[str, tuple[str, frozenset[str]]]


def pins_of(path: str) -> Pins:
    """Name → version and hashes."""
    found = PIN.findall((ROOT / path).read_text())
    return {name: (version, frozenset(re.findall(r"--hash=(\S+)", hashes))) for name, version, hashes in found}


@pytest.mark.parametrize("lock", LOCKS)
def test_the_image_gets_the_very_packages_that_were_tested(lock: str) -> None:
    pins, tested = pins_of(lock), pins_of("requirements.lock")

    assert pins
    assert {name: pin for name, pin in pins.items() if tested.get(name) != pin} == {}


def test_the_image_gets_every_dependency_and_no_developers_tool() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = {_name(line) for line in project["project"]["dependencies"]}
    tools = {_name(line) for line in project["dependency-groups"]["dev"]} - wanted
    installed = set(pins_of(LOCKS[0]))

    assert wanted <= installed
    assert installed & tools == set()


def test_the_image_runs_as_nobody_special_and_takes_a_room() -> None:
    _, final = (ROOT / "Dockerfile").read_text().rsplit("\nFROM ", 1)

    assert "\nUSER 10001:10001\n" in final
    # Nothing is added after the user is set, and nothing is run as root when a container starts.
    assert re.search(r"\n(RUN|COPY|ADD) ", final.partition("\nUSER ")[2]) is None
    assert "--shell /usr/sbin/nologin" in final
    assert "--no-create-home" in final
    assert final.rstrip().endswith('ENTRYPOINT ["pytake", "serve"]')
    assert "pip" not in re.sub(r"^#.*$", "", final, flags=re.MULTILINE)


def test_compose_gives_a_container_no_more_rights_than_a_pod_has() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    ours = {name: service for name, service in services.items() if service["image"] == "pytake"}

    assert len(ours) == 6
    for service in ours.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    assert [name for name, service in ours.items() if "volumes" in service or "tmpfs" in service] == ["sender"]


def test_everything_the_dockerfile_copies_is_sent_to_the_build() -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    sources = {source for line in copied for source in line.split()}

    assert sources
    assert {
        source for source in sources if not any(source == it or source.startswith(it + "/") for it in sent)
    } == set()


def _name(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9_.-]+", requirement)
    assert match
    return match.group().lower()
