"""Errors a caller may see: a sentence, and a reason from errors.proto to match on."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from services.pb.common.v1 import errors_pb2

if TYPE_CHECKING:
    Reason: TypeAlias = errors_pb2.ErrorReason.ValueType
else:
    Reason = int


class PytakeError(Exception):
    """Base of every error whose text is meant for the caller; `reason` is a value of ErrorReason."""

    def __init__(self, sentence: str, *, reason: Reason) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.reason = reason

    @property
    def code(self) -> str:
        """The reason's name without its prefix, such as FLOW_NOT_FOUND."""
        return errors_pb2.ErrorReason.Name(self.reason).removeprefix("ERROR_REASON_")


class InvalidArgument(PytakeError):
    """The request can never succeed as it is; the sentence names the field and the mend."""

    def __init__(self, sentence: str, *, reason: Reason = errors_pb2.ERROR_REASON_INVALID_FIELD) -> None:
        super().__init__(sentence, reason=reason)


class NotFound(PytakeError):
    """What the request names does not exist for this organization."""


class AlreadyExists(PytakeError):
    """What the request would create belongs to somebody already."""


class FailedPrecondition(PytakeError):
    """The request is right but the state of things forbids it."""


class Unauthenticated(PytakeError):
    """The caller did not prove who it is."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, reason=errors_pb2.ERROR_REASON_UNAUTHENTICATED)


class PermissionDenied(PytakeError):
    """The caller is known and may not do this."""


class Unavailable(PytakeError):
    """Nothing was changed; the same request may succeed later."""


class DeadlineExceeded(PytakeError):
    """The call took longer than any may; what it asked for may have been done."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, reason=errors_pb2.ERROR_REASON_DEADLINE_EXCEEDED)
