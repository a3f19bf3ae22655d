"""pytake-client from outside: built, installed into an environment of its own, and used against a running house."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.journeys.conftest import OpenShop
from tests.journeys.house import ROOT
from tests.journeys.shop import Shop, flow_of
from tools.client import build

README = ROOT / "clients" / "python" / "README.md"
PROTOS = ROOT / "protos" / "README.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# What the wheel asks for, by the name it is imported by; nothing of PyTake is among it.
NEEDED = ("grpc", "grpc_status", "google", "typing_extensions")


def blocks(page: Path, kind: str) -> list[str]:
    """The examples of one kind on a page."""
    return [text for found, text in FENCE.findall(page.read_text()) if found == kind]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with pytake-client, and without PyTake."""
    folder = tmp_path_factory.mktemp("outside")
    wheel = build(folder)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "env"], check=True)
    python = folder / "env" / "bin" / "python"
    packages = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    install = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--quiet"]
    subprocess.run([*install, "--disable-pip-version-check", "--target", packages, wheel], check=True)
    ours = Path(sysconfig.get_path("purelib"))
    for name in NEEDED:
        place = ours / name if (ours / name).exists() else ours / f"{name}.py"
        (Path(packages) / place.name).symlink_to(place)
    return python


@pytest.fixture
def shop(open_shop: OpenShop) -> Shop:
    return open_shop({"seedlings": flow_of("seedlings")})


def run(program: Path, text: str, shop: Shop) -> subprocess.CompletedProcess[str]:
    """Run a program outside of this repository, as the README says."""
    services = shop.house.first_status["services"]
    environment = {
        "PATH": os.environ["PATH"],
        "TOKEN": shop.token(),
        **{room.upper(): services[room]["grpc"] for room in services},
    }
    return subprocess.run(
        [program, "-c", text], cwd=program.parent, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("page", [README, PROTOS], ids=lambda page: page.parent.name)
def test_the_python_lines_of_a_page_list_the_contacts(program: Path, shop: Shop, page: Path) -> None:
    person = shop.person()
    shop.hear_text(person, "Oi")
    (text,) = blocks(page, "python")
    assert text.strip().count("\n") < 12

    done = run(program, text, shop)

    assert (done.stderr, done.stdout) == ("", f"{person.name} {person.wa_id}\n")


def test_what_is_refused_tells_its_reason(program: Path, shop: Shop) -> None:
    text = """
import os
from pytake_client import Refused, Room
from pytake_client.pb.router.v1.router_pb2 import GetContactRequest
from pytake_client.pb.router.v1.router_pb2_grpc import PeopleStub

with Room(os.environ["ROUTER"], lambda: os.environ["TOKEN"]) as router:
    people = router.stub(PeopleStub)
    for contact_id in ("00000000-0000-0000-0000-000000000007", "nobody"):
        request = GetContactRequest(organization_id=router.organization_id, contact_id=contact_id)
        try:
            router.call(people.GetContact, request)
        except Refused as refusal:
            print(refusal.code.name, refusal.reason)
"""
    done = run(program, text, shop)
    assert (done.stderr, done.stdout) == ("", "NOT_FOUND CONTACT_NOT_FOUND\nINVALID_ARGUMENT INVALID_FIELD\n")


def test_a_stream_is_read_answer_by_answer(program: Path, shop: Shop) -> None:
    text = """
import os
from pytake_client import Room
from pytake_client.pb.sender.v1.sender_pb2 import WatchMessagesRequest
from pytake_client.pb.sender.v1.sender_pb2_grpc import MessageServiceStub

with Room(os.environ["SENDER"], os.environ["TOKEN"]) as sender:
    request = WatchMessagesRequest(organization_id=sender.organization_id)
    first = next(sender.stream(sender.stub(MessageServiceStub).Watch, request, seconds=20))
    print(bool(first.cursor), len(first.changes))
"""
    done = run(program, text, shop)
    assert (done.stderr, done.stdout) == ("", "True 0\n")


def test_nothing_of_the_services_is_needed(program: Path, shop: Shop) -> None:
    done = run(program, "import pytake_client, sys; print('services' in sys.modules)\nimport services", shop)
    assert done.stdout == "False\n"
    assert "No module named 'services'" in done.stderr


def test_types_come_along(program: Path) -> None:
    text = """
import pathlib, pytake_client
folder = pathlib.Path(pytake_client.__file__).parent
print((folder / "py.typed").exists(), len(list(folder.rglob("*_pb2_grpc.pyi"))) > 4)
"""
    done = subprocess.run([program, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout == "True True\n"


def test_the_shell_lines_of_the_contracts_page_run(shop: Shop) -> None:
    """As a reader types them: with `buf` and `pytake` on the path, and the organization's own token."""
    services = shop.house.first_status["services"]
    program = "set -e\n" + "\n".join(blocks(PROTOS, "sh"))
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "TOKEN": shop.token(),
        "ROUTER": services["router"]["grpc"],
    }
    shop.hear_text(shop.person(), "Oi")

    done = subprocess.run(
        ["bash", "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "pytake.router.v1.People" in done.stdout
    assert shop.person().wa_id in done.stdout
