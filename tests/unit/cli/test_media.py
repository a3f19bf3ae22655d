"""`pytake media`: upload, list, get."""

import json
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from services.pb.sender.v1 import sender_pb2
from tests.unit.cli.conftest import Line, acme

CONTENT = bytes(range(256)) * 9000  # more than two pieces


@pytest.fixture
async def organization(line: Line) -> str:
    await line.run("apply", line.write(acme()))
    return next(key[0] for key in line.kept.values if key[1] == "chatbot")


def given(folder: Path, name: str = "menu.pdf", content: bytes = CONTENT) -> str:
    path = folder / name
    path.write_bytes(content)
    return str(path)


async def test_a_file_is_uploaded_in_pieces_and_read_back(line: Line, organization: str, tmp_path: Path) -> None:
    uploaded = await line.run("media", "upload", "acme", given(tmp_path), "--kind", "document")
    media_id = uploaded.output.strip()
    assert UUID(media_id)
    file, pieces = line.kept.values[organization, "media", media_id]
    assert (file.mime_type, file.size, len(pieces)) == ("application/pdf", len(CONTENT), 3)

    out = tmp_path / "copy.pdf"
    read = await line.run("media", "get", "acme", media_id, "--out", str(out))
    assert read.output == f"{out}: application/pdf, {len(CONTENT):,} bytes\n"
    assert out.read_bytes() == CONTENT


async def test_a_file_that_is_there_is_not_overwritten(line: Line, organization: str, tmp_path: Path) -> None:
    media_id = (await line.run("media", "upload", "acme", given(tmp_path), "--kind", "document")).output.strip()
    out = tmp_path / "mine"
    out.write_text("mine")
    result = await line.run("media", "get", "acme", media_id, "--out", str(out))
    assert (result.exit_code, out.read_text()) == (2, "mine")


async def test_a_file_that_came_otherwise_than_it_was_stored_is_not_left_behind(
    line: Line, organization: str, tmp_path: Path
) -> None:
    media_id = (await line.run("media", "upload", "acme", given(tmp_path), "--kind", "document")).output.strip()
    line.kept.values[organization, "media", media_id][1].pop()
    out = tmp_path / "copy"
    result = await line.run("media", "get", "acme", media_id, "--out", str(out))
    assert result.exit_code == 1
    assert "came otherwise" in result.output
    assert not out.exists()


async def test_a_file_is_deleted_once(line: Line, organization: str, tmp_path: Path) -> None:
    media_id = (await line.run("media", "upload", "acme", given(tmp_path), "--kind", "document")).output.strip()
    first, again = [await line.run("media", "delete", "acme", media_id) for _ in range(2)]
    assert (first.exit_code, first.output) == (0, f"{media_id} is gone\n")
    assert (again.exit_code, "no such file" in again.output) == (1, True)


async def test_no_such_file_leaves_nothing_behind(line: Line, organization: str, tmp_path: Path) -> None:
    out = tmp_path / "copy"
    result = await line.run("media", "get", "acme", str(uuid4()), "--out", str(out))
    assert (result.exit_code, out.exists()) == (1, False)
    assert "no such file" in result.output


@pytest.mark.parametrize(
    ("name", "content", "options", "words"),
    [
        ("a.png", b"x", ("--kind", "picture"), "--kind is 'picture'"),
        ("a", b"x", ("--kind", "image"), "name it with --type"),
        ("a.png", b"", ("--kind", "image"), "is empty"),
        ("a.png", None, ("--kind", "image"), "cannot be read"),
    ],
)
async def test_what_cannot_be_uploaded_is_said_before_anything_is_sent(
    line: Line, tmp_path: Path, name: str, content: bytes | None, options: tuple[str, ...], words: str
) -> None:
    path = str(tmp_path / name) if content is None else given(tmp_path, name, content)
    result = await line.run("media", "upload", "acme", path, *options)
    assert result.exit_code == 2
    assert words in result.output


async def test_what_sender_refuses_is_told(line: Line, organization: str, tmp_path: Path) -> None:
    path = given(tmp_path, "page.html")
    result = await line.run("media", "upload", "acme", path, "--kind", "image")
    assert result.exit_code == 1
    assert "which is no image" in result.output


async def test_a_contacts_files_are_listed_as_lines_and_as_json(line: Line, organization: str) -> None:
    conversation = str(uuid4())
    stored = sender_pb2.ReceivedFile(
        media_id="b", conversation_id=conversation, kind="image", mime_type="image/jpeg", state="stored", size=1234,
        sha256=b"\x01" * 32,
    )  # fmt: skip
    refused = sender_pb2.ReceivedFile(media_id="a", kind="document", state="refused", reason="too large")
    line.kept.values[organization, "arrived", conversation] = [stored, refused]

    plain = (await line.run("media", "list", "acme", conversation)).output.splitlines()
    as_json = (await line.run("media", "list", "acme", conversation, "--json")).output.splitlines()

    assert plain[0].startswith("b\timage\timage/jpeg\tstored\t1,234\t")
    assert plain[1].startswith("a\tdocument\t-\trefused\t-\t")
    assert plain[1].endswith("\ttoo large")
    first, second = [json.loads(each) for each in as_json]
    assert (first["id"], first["size"], first["sha256"], first["reason"]) == ("b", 1234, "01" * 32, None)
    assert (second["state"], second["reason"], second["sha256"]) == ("refused", "too large", None)
