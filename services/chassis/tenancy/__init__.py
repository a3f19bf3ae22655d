"""Who calls, for which organization, and what that caller may do."""

from services.chassis.tenancy.permissions import PERMISSIONS, ROLE_PERMISSIONS, ROLES, Permission
from services.chassis.tenancy.tokens import (
    SERVICE_TOKEN_SECONDS,
    TEAM_TOKEN_SECONDS,
    Principal,
    ServiceSigner,
    TokenVerifier,
    sign_team_token,
)

__all__ = [
    "PERMISSIONS",
    "ROLES",
    "ROLE_PERMISSIONS",
    "SERVICE_TOKEN_SECONDS",
    "TEAM_TOKEN_SECONDS",
    "Permission",
    "Principal",
    "ServiceSigner",
    "TokenVerifier",
    "sign_team_token",
]
