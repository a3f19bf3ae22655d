"""What people may do over REST, teams may do over gRPC with the same permission: each endpoint says by what."""

from collections.abc import Iterator

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from services.chassis.rpc.policy import MethodPolicy
from tests.fixtures.rest import stage
from tests.house.calls import COMMON
from tests.house.test_callers import ROOMS, policies_of
from tests.house.test_http_access import routes_of

METHODS = {
    # Conversations
    "GET /conversations": ("executor.States.ListStates",),
    "GET /conversations/{phone}": ("executor.States.GetState",),
    "POST /conversations/{phone}/send": ("router.Routing.SubmitTestMessage",),
    "POST /conversations/{phone}/take": ("executor.States.TakeConversation",),
    "POST /conversations/{phone}/release": ("executor.States.ReleaseConversation", "router.Queues.Release"),
    "POST /conversations/{phone}/close": ("executor.States.CloseState",),
    "GET /inbox": ("router.Inbox.ListConversations",),
    "GET /inbox/{phone}": ("router.Inbox.GetConversation",),
    "POST /conversations/{phone}/tags": ("router.Inbox.UpdateConversation",),
    "POST /conversations/{phone}/read": ("router.Inbox.UpdateConversation",),
    "GET /conversations/{phone}/notes": ("router.Inbox.ListNotes",),
    "POST /conversations/{phone}/notes": ("router.Inbox.AddNote",),
    "POST /conversations/{phone}/messages": ("sender.MessageService.Send",),
    "GET /events": ("sender.MessageService.Watch",),
    "GET /conversations/{phone}/events": ("sender.MessageService.Watch", "router.Inbox.WatchConversation"),
    # Figures
    "GET /analytics/conversations": ("analytics.Reports.GetOverview",),
    "GET /analytics/metrics": ("analytics.Reports.GetOverview", "analytics.Reports.GetDeliveries"),
    "GET /analytics/deliveries": ("analytics.Reports.GetDeliveries",),
    "GET /analytics/flows/{flow_id}/funnel": ("analytics.Reports.GetFunnel",),
    "GET /analytics/flows/{flow_id}/versions": ("analytics.Reports.GetVersions",),
    "GET /analytics/export": ("analytics.Reports.ListRecords",),
    "GET /analytics/costs": ("analytics.Reports.GetCosts",),
    "GET /analytics/campaigns": ("analytics.Reports.GetCampaigns",),
    "GET /analytics/overview": (
        "analytics.Reports.GetOverview",
        "analytics.Reports.GetDeliveries",
        "analytics.Reports.GetBusyHours",
        "analytics.Reports.GetContactFigures",
    ),
    "GET /analytics/conversations/hourly": ("analytics.Reports.GetBusyHours",),
    "GET /analytics/messages": ("analytics.Reports.GetOverview", "analytics.Reports.GetDeliveries"),
    "GET /analytics/time-series/messages": ("analytics.Reports.GetMessageSeries",),
    "GET /analytics/contacts": ("analytics.Reports.GetContactFigures",),
    "GET /analytics/chatbots": ("analytics.Reports.GetFlowTotals",),
    "GET /analytics/agents": ("analytics.Reports.GetAgentFigures",),
    "GET /analytics/reports/full": ("analytics.Reports.GetOverview",),
    "POST /conversations/export": ("analytics.Reports.ListRecords",),
    "GET /whatsapp-analytics/flows/{flow_id}/report": ("analytics.Reports.GetFlowReport",),
    "GET /whatsapp-analytics/flows/{flow_id}/nodes-heatmap": ("analytics.Reports.GetNodeHeatmap",),
    "GET /whatsapp-analytics/flows/{flow_id}/daily-activity": ("analytics.Reports.GetDailyActivity",),
    "GET /whatsapp-analytics/flows/{flow_id}/user-segments": ("analytics.Reports.GetUserSegments",),
    "GET /whatsapp-analytics/conversations/{phone}/transcript": ("analytics.Reports.GetTranscript",),
    # Contacts and what an organization has set up
    "GET /contacts": ("router.People.ListContacts",),
    "POST /contacts": ("router.People.CreateContact",),
    "GET /contacts/{contact_id}": ("router.People.GetContact",),
    "PATCH /contacts/{contact_id}": ("router.People.UpdateContact",),
    "POST /contacts/{contact_id}/tags": ("router.People.UpdateContact",),
    "POST /contacts/{contact_id}/merge": ("router.People.MergeContacts",),
    "GET /organizations": ("router.Settings.GetOrganization",),
    "GET /organizations/{organization_id}": ("router.Settings.GetOrganization",),
    "PATCH /organizations/{organization_id}": ("router.Settings.UpdateOrganization",),
    "GET /whatsapp": ("router.Settings.ListOwnNumbers",),
    "POST /whatsapp": ("router.Settings.CreateNumber", "sender.Credentials.PutCredential"),
    "GET /whatsapp/{id}": ("router.Settings.GetNumber",),
    "PUT /whatsapp/{id}": ("router.Settings.UpdateNumber", "sender.Credentials.PutCredential"),
    "DELETE /whatsapp/{id}": ("router.Settings.UpdateNumber",),
    "GET /whatsapp/{id}/qrcode": ("router.Settings.GetNumber",),
    "GET /chatbots": ("router.Settings.ListChatbots",),
    "POST /chatbots": ("router.Settings.CreateChatbot",),
    "GET /chatbots/{chatbot_id}": ("router.Settings.GetChatbot",),
    "PATCH /chatbots/{chatbot_id}": ("router.Settings.UpdateChatbot",),
    "DELETE /chatbots/{chatbot_id}": ("router.Settings.DeleteChatbot",),
    # Flows
    "GET /flows": ("executor.FlowService.ListFlows",),
    "POST /flows": ("executor.FlowService.PutFlow",),
    "POST /flows/validate": ("executor.FlowService.ValidateFlow",),
    "POST /flows/import": ("executor.FlowService.ImportFlow",),
    "GET /flows/{flow_id}": ("executor.FlowService.GetFlow",),
    "PUT /flows/{flow_id}": ("executor.FlowService.PutFlow",),
    "DELETE /flows/{flow_id}": ("executor.FlowService.DeleteFlow",),
    "GET /flows/{flow_id}/export": ("executor.FlowService.ExportFlow",),
    "POST /flows/{flow_id}/publish": ("executor.FlowService.PublishFlow",),
    "GET /flows/{flow_id}/publish": ("executor.FlowService.GetPublish",),
    "GET /flows/{flow_id}/impact": ("executor.FlowService.GetPublishImpact",),
    "GET /flows/{flow_id}/versions": ("executor.FlowService.ListVersions",),
    "GET /flows/{flow_id}/versions/{version}": ("executor.FlowService.GetVersion",),
    "GET /flows/{flow_id}/diff": ("executor.FlowService.DiffVersions",),
    "POST /flows/{flow_id}/rollback": ("executor.FlowService.RollbackFlow",),
    # Messages, files, templates, campaigns
    "GET /messages": ("sender.MessageService.List",),
    "POST /messages": ("sender.MessageService.Send",),
    "GET /messages/{message_id}": ("sender.MessageService.Get",),
    "GET /media": ("sender.ReceivedMedia.List",),
    "PUT /media/{media_id}": ("sender.Media.UploadMedia",),
    "GET /media/{media_id}": ("sender.Media.GetMedia",),
    "DELETE /media/{media_id}": ("sender.Media.DeleteMedia",),
    "GET /media/{media_id}/content": ("sender.Media.GetMediaContent",),
    "GET /whatsapp/{id}/templates": ("sender.Templates.ListTemplates",),
    "POST /whatsapp/{id}/templates": ("sender.Templates.CreateTemplate",),
    "POST /whatsapp/{id}/templates/sync": ("sender.Templates.SyncTemplates",),
    "DELETE /whatsapp/{id}/templates/{name}": ("sender.Templates.DeleteTemplate",),
    "GET /campaigns": ("sender.Campaigns.List",),
    "POST /campaigns": ("sender.Campaigns.Create",),
    "GET /campaigns/{campaign_id}": ("sender.Campaigns.Get",),
    "GET /campaigns/{campaign_id}/recipients": ("sender.Campaigns.ListRecipients",),
    "POST /campaigns/{campaign_id}/recipients": ("sender.Campaigns.AddRecipients",),
    "POST /campaigns/{campaign_id}/schedule": ("sender.Campaigns.Schedule",),
    "POST /campaigns/{campaign_id}/start": ("sender.Campaigns.Start",),
    "POST /campaigns/{campaign_id}/pause": ("sender.Campaigns.Pause",),
    "POST /campaigns/{campaign_id}/resume": ("sender.Campaigns.Resume",),
    "POST /campaigns/{campaign_id}/cancel": ("sender.Campaigns.Cancel",),
    "GET /webhooks": ("sender.Webhooks.ListWebhooks",),
    "POST /webhooks": ("sender.Webhooks.PutWebhook",),
    "DELETE /webhooks/{webhook_id}": ("sender.Webhooks.DeleteWebhook",),
    # Departments, queues, agents
    "GET /departments": ("router.Queues.ListDepartments",),
    "POST /departments": ("router.Queues.PutDepartment",),
    "GET /departments/{department_id}": ("router.Queues.GetDepartment",),
    "PATCH /departments/{department_id}": ("router.Queues.UpdateDepartment",),
    "DELETE /departments/{department_id}": ("router.Queues.DeleteDepartment",),
    "GET /queues": ("router.Queues.ListQueues",),
    "POST /queues": ("router.Queues.PutQueue",),
    "GET /queues/{queue_id}": ("router.Queues.GetQueue",),
    "PATCH /queues/{queue_id}": ("router.Queues.UpdateQueue",),
    "DELETE /queues/{queue_id}": ("router.Queues.DeleteQueue",),
    "GET /queues/entries": ("router.Queues.ListEntries",),
    "POST /queues/pull": ("router.Queues.Pull",),
    "GET /agents": ("router.Queues.ListAgents",),
    "POST /agents": ("router.Queues.PutAgent",),
    "GET /agents/{agent_id}": ("router.Queues.GetAgent",),
    "PATCH /agents/{agent_id}": ("router.Queues.UpdateAgent",),
    "DELETE /agents/{agent_id}": ("router.Queues.DeleteAgent",),
    "POST /agents/me/presence": ("router.Queues.SetPresence",),
    "POST /conversations/{phone}/assign": ("router.Queues.Assign",),
    "POST /conversations/{phone}/transfer": ("router.Queues.Transfer",),
    # People, keys, rights, audit
    "GET /users": ("ingress.Accounts.ListUsers",),
    "POST /users": ("ingress.Accounts.CreateUser",),
    "GET /users/{user_id}": ("ingress.Accounts.GetUser",),
    "PATCH /users/{user_id}": ("ingress.Accounts.UpdateUser",),
    "DELETE /users/{user_id}": ("ingress.Accounts.UpdateUser",),
    "POST /users/{user_id}/unlock": ("ingress.Accounts.UnlockUser",),
    "GET /roles": ("ingress.Accounts.ListRoles",),
    "GET /invitations": ("ingress.Accounts.ListInvitations",),
    "POST /invitations": ("ingress.Accounts.CreateInvitation",),
    "DELETE /invitations/{invitation_id}": ("ingress.Accounts.RevokeInvitation",),
    "GET /api-keys": ("ingress.Accounts.ListApiKeys",),
    "POST /api-keys": ("ingress.Accounts.CreateApiKey",),
    "DELETE /api-keys/{key_id}": ("ingress.Accounts.RevokeApiKey",),
    "POST /contacts/{phone}/erasure": ("ingress.Privacy.RequestErasure",),
    "GET /contacts/{phone}/export": ("ingress.Privacy.ExportContact",),
    "GET /privacy/jobs/{job_id}": ("ingress.Privacy.GetPrivacyJob",),
    "GET /audit": ("common.Audit.ListAuditEvents",),
}
"""By which methods a team does the same; each needs the permission of the endpoint."""

OF_REST_ALONE = {
    "POST /auth/login": "gives the token that gRPC takes",
    "POST /auth/refresh": "gives the next one",
    "POST /auth/logout": "ends the session that gave it",
    "POST /auth/token": "exchanges an API key for a token, which gRPC takes",
    "POST /auth/password": "a person's own, with the one before; teams have none",
    "GET /auth/me": "a token says itself whose it is; a person is told by Accounts.GetUser",
    "POST /invitations/accept": "whoever accepts has no token yet",
    "GET /healthz": "grpc.health.v1.Health, on every service",
    "GET /readyz": "the same",
    "GET /metrics": "the operator's, on a port of its own",
    "GET /docs": "gRPC has reflection",
    "GET /docs/docs.js": "a part of the page",
    "GET /docs/docs.css": "a part of the page",
}
"""Why there is no method."""


def operations() -> dict[str, set[str]]:
    """Every operation of the REST API with the permissions it demands; the webhook is no part of FastAPI's site."""
    site, *_ = stage(is_ready=True)
    found: dict[str, set[str]] = {}
    for route in routes_of(site.router):
        if isinstance(route, APIRoute):
            for method in route.methods:
                found.setdefault(f"{method} {route.path.rstrip('/')}", set()).update(permissions_of(route.dependant))
    return found


def permissions_of(dependant: Dependant) -> Iterator[str]:
    """What the dependencies of an endpoint demand (http.rest.auth)."""
    if permission := getattr(dependant.call, "permission", None):
        yield permission
    for inner in dependant.dependencies:
        yield from permissions_of(inner)


def policies() -> dict[str, MethodPolicy]:
    return {
        f"{room}.{service}.{method}": policy
        for room in (*ROOMS, COMMON)
        for (service, method), policy in policies_of(room).items()
    }


def test_every_operation_of_the_rest_api_says_by_which_method_a_team_does_it() -> None:
    found = operations()

    assert len(found) > 100
    assert found.keys() == METHODS.keys() | OF_REST_ALONE.keys()
    assert not METHODS.keys() & OF_REST_ALONE.keys()


def test_a_team_needs_the_same_permission_as_people() -> None:
    known = policies()
    needed = {
        (operation, name): {known[name].scope if "team" in known[name].callers else "no team may"}
        for operation, names in METHODS.items()
        for name in names
    }

    demanded = operations()
    assert needed == {(operation, name): demanded[operation] for operation, name in needed}


def test_what_has_no_method_takes_no_permission() -> None:
    assert {operation: demanded for operation, demanded in operations().items() if operation in OF_REST_ALONE} == {
        operation: set() for operation in OF_REST_ALONE
    }
