"""Who calls, for which organization, and what that caller may do."""

from services.chassis.tenancy.denials import Denial, Denials, denial_of
from services.chassis.tenancy.keys import PublicKeys
from services.chassis.tenancy.permissions import PERMISSIONS, ROLE_PERMISSIONS, ROLES, Permission
from services.chassis.tenancy.signers import ServiceSigner, TeamSigner
from services.chassis.tenancy.tokens import (
    ROOMS,
    SERVICE_TOKEN_SECONDS,
    TEAM,
    TEAM_SIGNERS,
    TEAM_TOKEN_SECONDS,
    Principal,
    TokenVerifier,
)

__all__ = [
    "PERMISSIONS",
    "ROLES",
    "ROLE_PERMISSIONS",
    "ROOMS",
    "SERVICE_TOKEN_SECONDS",
    "TEAM",
    "TEAM_SIGNERS",
    "TEAM_TOKEN_SECONDS",
    "Denial",
    "Denials",
    "Permission",
    "Principal",
    "PublicKeys",
    "ServiceSigner",
    "TeamSigner",
    "TokenVerifier",
    "denial_of",
]
