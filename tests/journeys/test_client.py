"""pytake-client from outside: built, installed into an environment of its own, and used against a running house."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.house.files import files
from tests.journeys.conftest import OpenShop
from tests.journeys.house import ROOT
from tests.journeys.shop import Shop, flow_of
from tools.client import build

README = ROOT / "clients" / "python" / "README.md"
PROTOS = ROOT / "protos" / "README.md"
API = ROOT / "docs" / "api.md"
MESSAGES = ROOT / "docs" / "messages.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# What the wheel asks for, by the name it is imported by; nothing of PyTake is among it.
NEEDED = ("grpc", "grpc_status", "google", "typing_extensions")


def blocks(page: Path, kind: str) -> list[str]:
    """The examples of one kind on a page."""
    return [text for found, text in FENCE.findall(page.read_text()) if found == kind]


def lines_with_buf(page: Path) -> str:
    """The shell examples of a page that call with `buf`, and what they say they need, as one program."""
    return "set -e\n" + "\n".join(text for text in blocks(page, "sh") if "buf curl" in text)


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


def surroundings(shop: Shop, **more: str) -> dict[str, str]:
    """What a program is told: the addresses of the services, and a token."""
    services = shop.house.first_status["services"]
    addresses = {room.upper(): services[room]["grpc"] for room in services}
    return {"PATH": os.environ["PATH"], "TOKEN": shop.token(), **addresses, **more}


def run(program: Path, text: str, shop: Shop, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a program outside of this repository, as the README says."""
    environment = surroundings(shop, **more)
    return subprocess.run(
        [program, "-c", text], cwd=program.parent, env=environment, capture_output=True, text=True, check=False
    )


def run_in_shell(text: str, shop: Shop, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run lines as a reader types them: with `buf`, and with a `pytake` that knows where the house is."""
    pytake = folder / "pytake"
    pytake.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m services "$@" --data "{shop.house.data}"\n')
    pytake.chmod(0o755)
    path = os.pathsep.join([str(folder), str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | surroundings(shop, PATH=path, **more)
    return subprocess.run(["bash", "-c", text], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


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


def test_a_type_checker_knows_what_is_asked_and_what_is_told(program: Path, tmp_path: Path) -> None:
    """With the stubs that the README names, which are for type checkers only."""
    packages = Path(
        subprocess.run(
            [program, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    )
    for stubs in ("grpc-stubs", "google-stubs"):
        (packages / stubs).unlink(missing_ok=True)
        (packages / stubs).symlink_to(Path(sysconfig.get_path("purelib")) / stubs)
    (text,) = blocks(API, "python")
    (tmp_path / "right.py").write_text(text)
    (tmp_path / "wrong.py").write_text(
        text.replace("cursor=cursor", "curser=cursor").replace("told.cursor", "told.no_such_thing")
    )

    checking = [sys.executable, "-m", "mypy", "--strict", "--python-executable", program, "--cache-dir", tmp_path / "c"]
    right, wrong = (
        subprocess.run([*checking, f"{name}.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
        for name in ("right", "wrong")
    )

    assert right.returncode == 0, right.stdout
    assert '"curser"' in wrong.stdout
    assert '"no_such_thing"' in wrong.stdout


def test_a_watched_conversation_is_told_as_it_changes(program: Path, shop: Shop) -> None:
    """The lines of docs/api.md, while somebody tags the conversation over REST."""
    person = shop.person()
    shop.hear_text(person, "Oi")
    (text,) = blocks(API, "python")
    environment = surroundings(shop, CONTACT=person.wa_id)

    with subprocess.Popen(
        [program, "-c", text], cwd=program.parent, env=environment, stdout=subprocess.PIPE, text=True
    ) as watching:
        assert watching.stdout is not None
        told = [watching.stdout.readline()]
        tagged = shop.ask("POST", f"/conversations/{person.wa_id}/tags", token=shop.token(), json={"add": ["late"]})
        told.append(next(line for line in watching.stdout if line != told[0]))
        watching.kill()

    assert tagged.status_code == 200
    assert told == [f"{person.name}\n", f"{person.name} late\n"]


def test_what_was_said_in_one_conversation_can_be_watched(program: Path, shop: Shop) -> None:
    watched, other = shop.person(1), shop.person(2)
    shop.hear_text(watched, "Oi")
    text = """
import os
from pytake_client import Room
from pytake_client.pb.router.v1.router_pb2 import GetConversationRequest, SubmitTestMessageRequest
from pytake_client.pb.router.v1.router_pb2_grpc import InboxStub, RoutingStub
from pytake_client.pb.sender.v1.sender_pb2 import WatchMessagesRequest
from pytake_client.pb.sender.v1.sender_pb2_grpc import MessageServiceStub

ours, other = os.environ["OURS"], os.environ["OTHER"]
token = os.environ["TOKEN"]
with Room(os.environ["ROUTER"], token) as router, Room(os.environ["SENDER"], token) as sender:
    organization_id = router.organization_id
    request = GetConversationRequest(organization_id=organization_id, contact=ours)
    conversation_id = router.call(router.stub(InboxStub).GetConversation, request).conversation.conversation_id
    request = WatchMessagesRequest(organization_id=organization_id, conversation_id=conversation_id)
    stream = sender.stream(sender.stub(MessageServiceStub).Watch, request, seconds=30)
    next(stream)
    for number, phone in enumerate((other, ours)):
        request = SubmitTestMessageRequest(
            organization_id=organization_id, phone_number=phone, text="Oi", event_id=f"said-{number}"
        )
        router.call(router.stub(RoutingStub).SubmitTestMessage, request)
    told = next(change for answer in stream for change in answer.changes)
    print(told.conversation_id == conversation_id, told.status)
"""
    shop.hear_text(other, "Oi")

    done = run(program, text, shop, OURS=watched.wa_id, OTHER=other.wa_id)

    assert (done.stderr, done.stdout) == ("", "True accepted\n")


def test_the_shell_lines_of_the_contracts_page_run(shop: Shop, tmp_path: Path) -> None:
    shop.hear_text(shop.person(), "Oi")

    done = run_in_shell(lines_with_buf(PROTOS), shop, tmp_path)

    assert done.returncode == 0, done.stderr
    assert "pytake.router.v1.People" in done.stdout
    assert shop.person().wa_id in done.stdout


def test_the_buf_lines_of_the_api_page_run(shop: Shop, tmp_path: Path) -> None:
    shop.hear_text(shop.person(), "Oi")

    done = run_in_shell(lines_with_buf(API), shop, tmp_path)

    assert done.returncode == 0, done.stderr
    for told in ("pytake.executor.v1.FlowService", "SERVING", '"name": "seedlings"', shop.person().wa_id):
        assert told in done.stdout


def test_the_buf_lines_of_the_messages_page_run(shop: Shop, tmp_path: Path) -> None:
    shop.hear_text(shop.person(), "Oi")
    text = (
        lines_with_buf(MESSAGES)
        .replace("106540352242922", shop.number)
        .replace("+55 11 98765-4321", shop.person().wa_id)
    )
    organization = lines_with_buf(API).split("ORGANIZATION=")[1].splitlines()[0]

    done = run_in_shell(f"ORGANIZATION={organization}\n{text}", shop, tmp_path)

    assert done.returncode == 0, done.stderr
    assert "ITEM_OUTCOME_OK" in done.stdout


def test_no_page_has_a_buf_line_that_is_not_run() -> None:
    run_here = {PROTOS, API, MESSAGES}

    assert {page for page in files(".md") if "buf curl --" in page.read_text()} == run_here


def test_no_page_has_python_lines_for_teams_that_are_not_run() -> None:
    pages = {*files(".md"), README}

    with_lines = {page for page in pages if any("pytake_client" in text for text in blocks(page, "python"))}

    assert with_lines == {README, PROTOS, API}
