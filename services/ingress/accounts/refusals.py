"""What use cases and tables of accounts refuse, in one sentence each."""

from __future__ import annotations

from services.chassis.errors import AlreadyExists, FailedPrecondition, NotFound, PermissionDenied
from services.pb.common.v1 import errors_pb2


class WrongCredentials(Exception):
    """Nobody, somebody else, locked or gone: the answer is the same."""


class RefreshRefused(Exception):
    """The refresh token is used, revoked, too old, or nobody's."""


def beyond_own() -> PermissionDenied:
    """More than the caller has himself, or what only people, or only API keys, may do."""
    return PermissionDenied(
        "this takes permissions you do not have", reason=errors_pb2.ERROR_REASON_AUTH_INSUFFICIENT_PERMISSION
    )


def user_not_found() -> NotFound:
    """Nobody here, or somebody of another organization: the same."""
    return NotFound("no user has this id or e-mail here", reason=errors_pb2.ERROR_REASON_USER_NOT_FOUND)


def user_exists() -> AlreadyExists:
    """The e-mail is a member's, active or not."""
    return AlreadyExists(
        "somebody here has this e-mail already; change that user instead", reason=errors_pb2.ERROR_REASON_USER_EXISTS
    )


def last_org_admin() -> FailedPrecondition:
    """Nobody would be left to keep the organization."""
    return FailedPrecondition(
        "this is the organization's last active org_admin; make somebody else one first",
        reason=errors_pb2.ERROR_REASON_LAST_ORG_ADMIN,
    )


def invitation_not_found() -> NotFound:
    """Unknown, accepted, revoked or too old: the same."""
    return NotFound(
        "this invitation is not open; ask for a new one", reason=errors_pb2.ERROR_REASON_INVITATION_NOT_FOUND
    )


def key_not_found() -> NotFound:
    """Unknown, revoked, or another organization's: the same."""
    return NotFound("no API key has this id or name here", reason=errors_pb2.ERROR_REASON_API_KEY_NOT_FOUND)


def key_exists() -> AlreadyExists:
    """A living key has the name, or the text that the operator chose is a key already."""
    return AlreadyExists(
        "an API key has this name or text already; choose another", reason=errors_pb2.ERROR_REASON_API_KEY_EXISTS
    )
