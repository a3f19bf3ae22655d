"""/api/v1/whatsapp/{id}/templates over fakes."""

from tests.fixtures.rest import asking

PATH = "/api/v1/whatsapp/100200300/templates"
NEW = {
    "name": "parcel",
    "language": "pt_BR",
    "category": "UTILITY",
    "components": [{"type": "BODY", "text": "Olá {{1}}"}],
}


async def test_a_template_is_made_listed_and_deleted() -> None:
    async with asking() as asker:
        made = await asker.client.post(PATH, json=NEW, headers=asker.headers)
        assert (made.status_code, made.json()["status"]) == (201, "PENDING")
        listed = (await asker.get(PATH)).json()
        assert (listed["total"], listed["templates"][0]["components"]) == (1, NEW["components"])
        deleted = await asker.client.delete(f"{PATH}/parcel?language=pt_BR", headers=asker.headers)
        assert deleted.json() == {"deleted": 1}
        assert {(what, number) for what, _, number in asker.templates.asked} == {
            ("create", "100200300"), ("list", "100200300"), ("delete", "100200300"),
        }  # fmt: skip
        assert {organization for _, organization, _ in asker.templates.asked} == {asker.organization_id}


async def test_templates_are_read_from_meta_on_demand() -> None:
    async with asking() as asker:
        read = await asker.client.post(f"{PATH}/sync", headers=asker.headers)
        assert read.json() == {"found": 0, "changed": 1, "removed": 0}


async def test_who_may_only_read_templates_changes_none() -> None:
    async with asking(role="viewer") as asker:
        assert (await asker.get(PATH)).status_code == 200
        for method, path in (("POST", PATH), ("POST", f"{PATH}/sync"), ("DELETE", f"{PATH}/parcel")):
            answer = await asker.client.request(method, path, json=NEW, headers=asker.headers)
            assert answer.status_code == 403


async def test_what_no_template_can_be_is_refused() -> None:
    async with asking() as asker:
        for change in ({"name": "Parcel"}, {"category": "SPAM"}, {"components": []}, {"language": "português"}):
            answer = await asker.client.post(PATH, json=NEW | change, headers=asker.headers)
            assert answer.status_code == 422
        assert (await asker.client.delete(f"{PATH}/other", headers=asker.headers)).status_code == 404
        assert (await asker.get("/api/v1/whatsapp/webhooks/templates")).status_code == 422
