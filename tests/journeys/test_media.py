"""Files through the whole house: one that the organization sends, and one that a contact sends."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.journeys import webhooks
from tests.journeys.conftest import OpenShop
from tests.journeys.patience import eventually
from tests.journeys.shop import Shop, sign
from tests.journeys.webhooks import Person

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 300
PHOTO = b"\xff\xd8\xff" + bytes(range(256)) * 200
LARGE = b"%PDF-1.7\n" + bytes(5 * 1024 * 1024)


def keep(shop: Shop, content: bytes, *, kind: str = "image", mime_type: str = "image/png") -> str:
    """Upload a file over REST; its id."""
    media_id = str(uuid4())
    answer = shop.ask(
        "PUT", f"/media/{media_id}?kind={kind}", token=shop.token("agent"), content=content,
        headers={"Content-Type": mime_type},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    assert answer.json()["sha256"] == hashlib.sha256(content).hexdigest()
    return media_id


def send(shop: Shop, person: Person, media_id: str, *, kind: str = "IMAGE") -> None:
    message = {
        "idempotency_key": str(uuid4()), "phone_number_id": shop.number, "phone_number": person.wa_id,
        "content": {"media": {"media": {"kind": f"MEDIA_KIND_{kind}", "upload": media_id}}},
    }  # fmt: skip
    answer = shop.ask("POST", "/messages", token=shop.token("agent"), json={"messages": [message]})
    assert [each["outcome"] for each in answer.json()["results"]] == ["ok"], answer.text
    shop.house.settle()


def test_a_file_kept_over_rest_reaches_contacts_and_goes_to_meta_once(open_shop: OpenShop) -> None:
    shop = open_shop({"sign": sign("oi")})
    people = [shop.person(1), shop.person(2)]
    media_id = keep(shop, PICTURE)
    for person in people:
        shop.hear_text(person, "bom dia")
        send(shop, person, media_id)

    pictures = [
        [entry["body"]["image"]["id"] for entry in shop.sent_to(person) if entry["body"]["type"] == "image"]
        for person in people
    ]
    assert len(pictures[0]) == 1
    assert pictures[0] == pictures[1]
    found = shop.house.web.get(
        f"{shop.house.meta}/v26.0/{pictures[0][0]}", headers={"Authorization": f"Bearer {shop.access_token}"}
    )
    assert found.json()["sha256"] == hashlib.sha256(PICTURE).hexdigest()


def test_a_document_of_several_pieces_comes_back_as_it_was(open_shop: OpenShop, tmp_path: Path) -> None:
    shop = open_shop({"sign": sign("oi")})
    media_id = keep(shop, LARGE, kind="document", mime_type="application/pdf")

    read = shop.ask("GET", f"/media/{media_id}/content", token=shop.token("agent"))
    assert read.content == LARGE
    assert read.headers["content-disposition"] == f'attachment; filename="{media_id}.pdf"'

    shop.house.pytake("media", "get", shop.name, media_id, "--out", str(tmp_path / "menu.pdf"))
    assert (tmp_path / "menu.pdf").read_bytes() == LARGE


def test_a_contacts_file_is_kept_where_it_is_wanted_read_and_erased_with_the_contact(open_shop: OpenShop) -> None:
    shop = open_shop({"sign": sign("oi")}, media={"kinds": ["image"]})
    person, token = shop.person(), shop.token()
    given = shop.house.web.post(
        f"{shop.house.meta}/_sim/media/{shop.number}", content=PHOTO, headers={"Content-Type": "image/jpeg"}
    ).json()
    shop.hear(person, webhooks.image(person, **given))
    conversation = shop.ask("GET", "/messages", token=token).json()["messages"][0]["conversation_id"]

    def stored() -> list[dict[str, Any]]:
        files = shop.ask("GET", f"/media?conversation_id={conversation}", token=token).json()["files"]
        return [file for file in files if file["state"] == "stored"]

    (file,) = eventually(stored, "a file that is stored")
    assert file["sha256"] == hashlib.sha256(PHOTO).hexdigest()
    place = f"/media/{file['id']}/content"
    read = shop.ask("GET", place, token=token)
    assert (read.content, read.headers["content-type"]) == (PHOTO, "image/jpeg")
    assert file["id"] in shop.house.pytake("media", "list", shop.name, conversation)
    neighbour = open_shop({"sign": sign("oi")})
    assert shop.ask("GET", place, token=neighbour.token()).status_code == 404
    assert file["sha256"] in shop.ask("GET", f"/contacts/{person.wa_id}/export", token=token).text

    job = shop.ask("POST", f"/contacts/{person.wa_id}/erasure", token=token).json()
    eventually(
        lambda: shop.ask("GET", f"/privacy/jobs/{job['id']}", token=token).json()["state"] == "done",
        "an erasure that is done",
    )
    assert shop.ask("GET", place, token=token).status_code == 404
    kept = [path for path in (shop.house.data / "media").rglob("*") if path.is_file()]
    assert [path for path in kept if hashlib.sha256(path.read_bytes()).hexdigest() == file["sha256"]] == []
