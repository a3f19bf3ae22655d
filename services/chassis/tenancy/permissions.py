"""What a role may do: `resource:action`, the one list that REST, gRPC policies and API keys share.

Product contract, section 8. It lists org_admin, agent, super_admin and viewer; supervisor came later and leads agents.
"""

from __future__ import annotations

from collections.abc import Mapping

Permission = str

_EVERYBODY = {"chatbots:read", "flows:read", "templates:read", "campaigns:read", "reports:read", "whatsapp:read"}
_AGENT = _EVERYBODY | {
    "contacts:read",
    "contacts:manage",
    "conversations:read",
    "conversations:manage",
    "conversations:close",
    "messages:send",
}
_SUPERVISOR = _AGENT | {"analytics:read", "users:read", "contacts:export"}
_ORG_ADMIN = _SUPERVISOR | {
    "analytics:export",
    "api_keys:manage",
    "api_keys:read",
    "audit:read",
    "campaigns:execute",
    "campaigns:manage",
    "chatbots:manage",
    "chatbots:publish",
    "contacts:erase",
    "flows:manage",
    "flows:publish",
    "roles:read",
    "settings:manage",
    "settings:read",
    "templates:manage",
    "users:manage",
    "users:manage_roles",
    "whatsapp:manage",
}
# The contract gives them no voice in conversations: whoever looks after many organizations speaks for none.
# They alone see that there are other organizations.
_SUPER_ADMIN = _ORG_ADMIN - {"conversations:manage", "conversations:close", "messages:send"} | {"organizations:read"}

ROLE_PERMISSIONS: Mapping[str, frozenset[Permission]] = {
    "super_admin": frozenset(_SUPER_ADMIN),
    "org_admin": frozenset(_ORG_ADMIN),
    "supervisor": frozenset(_SUPERVISOR),
    "agent": frozenset(_AGENT),
    "viewer": frozenset(_EVERYBODY),
}
"""Role → what it may do, the mightiest first."""

PERMISSIONS = frozenset[Permission]().union(*ROLE_PERMISSIONS.values())
"""Every permission there is."""

ROLES = tuple(ROLE_PERMISSIONS)
