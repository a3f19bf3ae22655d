"""What /docs and /openapi.json tell: everything there is, and nothing loaded from elsewhere."""

import re

import pytest

from tests.fixtures.rest import Asker

METHODS = ("get", "post", "put", "patch", "delete")


async def test_the_document_names_the_webhook_and_every_resource(asker: Asker) -> None:
    paths = (await asker.get("/openapi.json")).json()["paths"]

    assert {path: sorted(set(methods) & set(METHODS)) for path, methods in paths.items()} == {
        "/api/v1/whatsapp/webhook": ["get", "post"],
        "/api/v1/whatsapp/webhook/{app}": ["get", "post"],
        "/api/v1/conversations": ["get"],
        "/api/v1/conversations/{phone}": ["get"],
        "/api/v1/conversations/{phone}/send": ["post"],
        "/api/v1/conversations/{phone}/take": ["post"],
        "/api/v1/conversations/{phone}/release": ["post"],
        "/api/v1/conversations/{phone}/close": ["post"],
        "/api/v1/conversations/{phone}/assign": ["post"],
        "/api/v1/conversations/{phone}/tags": ["post"],
        "/api/v1/conversations/{phone}/read": ["post"],
        "/api/v1/conversations/{phone}/notes": ["get", "post"],
        "/api/v1/conversations/{phone}/messages": ["post"],
        "/api/v1/conversations/{phone}/events": ["get"],
        "/api/v1/events": ["get"],
        "/api/v1/inbox": ["get"],
        "/api/v1/inbox/{phone}": ["get"],
        "/api/v1/contacts": ["get", "post"],
        "/api/v1/contacts/{contact_id}": ["get", "patch"],
        "/api/v1/contacts/{contact_id}/tags": ["post"],
        "/api/v1/contacts/{contact_id}/merge": ["post"],
        "/api/v1/organizations": ["get"],
        "/api/v1/organizations/{organization_id}": ["get", "patch"],
        "/api/v1/whatsapp/": ["get", "post"],
        "/api/v1/whatsapp/{id}": ["delete", "get", "put"],
        "/api/v1/chatbots": ["get", "post"],
        "/api/v1/chatbots/{chatbot_id}": ["delete", "get", "patch"],
        "/api/v1/analytics/agents": ["get"],
        "/api/v1/analytics/campaigns": ["get"],
        "/api/v1/analytics/chatbots": ["get"],
        "/api/v1/analytics/contacts": ["get"],
        "/api/v1/analytics/costs": ["get"],
        "/api/v1/analytics/conversations": ["get"],
        "/api/v1/analytics/conversations/hourly": ["get"],
        "/api/v1/analytics/messages": ["get"],
        "/api/v1/analytics/overview": ["get"],
        "/api/v1/analytics/reports/full": ["get"],
        "/api/v1/analytics/time-series/messages": ["get"],
        "/api/v1/analytics/metrics": ["get"],
        "/api/v1/analytics/deliveries": ["get"],
        "/api/v1/analytics/export": ["get"],
        "/api/v1/conversations/export": ["post"],
        "/api/v1/analytics/flows/{flow_id}/funnel": ["get"],
        "/api/v1/analytics/flows/{flow_id}/versions": ["get"],
        "/api/v1/whatsapp-analytics/flows/{flow_id}/report": ["get"],
        "/api/v1/whatsapp-analytics/flows/{flow_id}/nodes-heatmap": ["get"],
        "/api/v1/whatsapp-analytics/flows/{flow_id}/daily-activity": ["get"],
        "/api/v1/whatsapp-analytics/flows/{flow_id}/user-segments": ["get"],
        "/api/v1/whatsapp-analytics/conversations/{phone}/transcript": ["get"],
        "/api/v1/conversations/{phone}/transfer": ["post"],
        "/api/v1/departments": ["get", "post"],
        "/api/v1/departments/{department_id}": ["delete", "get", "patch"],
        "/api/v1/queues": ["get", "post"],
        "/api/v1/queues/entries": ["get"],
        "/api/v1/queues/pull": ["post"],
        "/api/v1/queues/{queue_id}": ["delete", "get", "patch"],
        "/api/v1/agents": ["get", "post"],
        "/api/v1/agents/{agent_id}": ["delete", "get", "patch"],
        "/api/v1/agents/me/presence": ["post"],
        "/api/v1/flows": ["get", "post"],
        "/api/v1/flows/validate": ["post"],
        "/api/v1/flows/import": ["post"],
        "/api/v1/flows/{flow_id}": ["delete", "get", "put"],
        "/api/v1/flows/{flow_id}/export": ["get"],
        "/api/v1/flows/{flow_id}/publish": ["get", "post"],
        "/api/v1/flows/{flow_id}/impact": ["get"],
        "/api/v1/flows/{flow_id}/versions": ["get"],
        "/api/v1/flows/{flow_id}/versions/{version}": ["get"],
        "/api/v1/flows/{flow_id}/diff": ["get"],
        "/api/v1/flows/{flow_id}/rollback": ["post"],
        "/api/v1/messages": ["get", "post"],
        "/api/v1/messages/{message_id}": ["get"],
        "/api/v1/media": ["get"],
        "/api/v1/media/{media_id}": ["delete", "get", "put"],
        "/api/v1/media/{media_id}/content": ["get"],
        "/api/v1/webhooks": ["get", "post"],
        "/api/v1/webhooks/{webhook_id}": ["delete"],
        "/api/v1/contacts/{phone}/erasure": ["post"],
        "/api/v1/contacts/{phone}/export": ["get"],
        "/api/v1/privacy/jobs/{job_id}": ["get"],
        "/api/v1/whatsapp/{id}/qrcode": ["get"],
        "/api/v1/whatsapp/{id}/templates": ["get", "post"],
        "/api/v1/whatsapp/{id}/templates/sync": ["post"],
        "/api/v1/whatsapp/{id}/templates/{name}": ["delete"],
        "/api/v1/auth/login": ["post"],
        "/api/v1/auth/refresh": ["post"],
        "/api/v1/auth/logout": ["post"],
        "/api/v1/auth/me": ["get"],
        "/api/v1/auth/token": ["post"],
        "/api/v1/auth/password": ["post"],
        "/api/v1/campaigns": ["get", "post"],
        "/api/v1/campaigns/{campaign_id}": ["get"],
        "/api/v1/campaigns/{campaign_id}/recipients": ["get", "post"],
        "/api/v1/campaigns/{campaign_id}/schedule": ["post"],
        "/api/v1/campaigns/{campaign_id}/start": ["post"],
        "/api/v1/campaigns/{campaign_id}/pause": ["post"],
        "/api/v1/campaigns/{campaign_id}/resume": ["post"],
        "/api/v1/campaigns/{campaign_id}/cancel": ["post"],
        "/api/v1/users": ["get", "post"],
        "/api/v1/users/{user_id}": ["delete", "get", "patch"],
        "/api/v1/users/{user_id}/unlock": ["post"],
        "/api/v1/roles": ["get"],
        "/api/v1/invitations": ["get", "post"],
        "/api/v1/invitations/accept": ["post"],
        "/api/v1/invitations/{invitation_id}": ["delete"],
        "/api/v1/api-keys": ["get", "post"],
        "/api/v1/api-keys/{key_id}": ["delete"],
        "/api/v1/audit": ["get"],
        "/healthz": ["get"],
        "/readyz": ["get"],
        "/metrics": ["get"],
    }


async def test_every_operation_is_described_and_has_a_name_of_its_own(asker: Asker) -> None:
    paths = (await asker.get("/openapi.json")).json()["paths"]
    operations = [methods[method] for methods in paths.values() for method in METHODS if method in methods]

    assert all(one["summary"] and one["tags"] for one in operations)
    assert len({one["operationId"] for one in operations}) == len(operations)


async def test_every_reference_in_the_document_leads_somewhere(asker: Asker) -> None:
    answer = await asker.get("/openapi.json")
    schemas = answer.json()["components"]["schemas"]

    references = set(re.findall(r'"#/components/schemas/([^"]+)"', answer.text))

    assert references <= set(schemas)
    assert {"Problem", "ValidationProblem", "ConversationList"} <= references


async def test_the_webhook_tells_of_its_signature(asker: Asker) -> None:
    paths = (await asker.get("/openapi.json")).json()["paths"]

    for path in ("/api/v1/whatsapp/webhook", "/api/v1/whatsapp/webhook/{app}"):
        (header,) = paths[path]["post"]["parameters"]
        assert (header["name"], header["in"], header["required"]) == ("X-Hub-Signature-256", "header", True)


@pytest.mark.parametrize(
    ("path", "media_type"),
    [("/docs", "text/html"), ("/docs/docs.js", "text/javascript"), ("/docs/docs.css", "text/css")],
)
async def test_the_page_is_complete_without_any_other_host(asker: Asker, path: str, media_type: str) -> None:
    answer = await asker.client.get(path)

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(media_type)
    assert "://" not in answer.text


async def test_every_write_but_those_that_tell_secrets_takes_an_idempotency_key(asker: Asker) -> None:
    paths = (await asker.get("/openapi.json")).json()["paths"]
    named = {
        f"{method} {path}": any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", ()))
        for path, methods in paths.items()
        for method, operation in methods.items()
        if method in METHODS
    }

    assert named["post /api/v1/contacts"]
    assert named["delete /api/v1/flows/{flow_id}"]
    assert not named["get /api/v1/contacts"]
    assert not named["post /api/v1/api-keys"]
    assert not named["post /api/v1/whatsapp/webhook"]


async def test_the_page_writes_text_and_never_markup(asker: Asker) -> None:
    script = (await asker.client.get("/docs/docs.js")).text

    assert "innerHTML" not in script
    assert "insertAdjacentHTML" not in script
