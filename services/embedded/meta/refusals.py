"""Errors in Meta's words and shapes: the answer of the Graph API and the errors of a failed status."""

from dataclasses import dataclass
from enum import Enum

HELP = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"


@dataclass(frozen=True, slots=True)
class ErrorForm:
    """What Meta sends for one error code; `http` is the status seen, which callers should not decide on."""

    code: int
    http: int
    message: str
    subcode: int | None = None
    is_transient: bool = False
    type: str = "OAuthException"


class ErrorKind(Enum):
    """The errors the simulator can give."""

    NO_TOKEN = ErrorForm(0, 401, "AuthException")
    WRONG_TOKEN = ErrorForm(190, 401, "Invalid OAuth access token - Cannot parse access token")
    NO_SUCH_OBJECT = ErrorForm(
        100, 400, "Unsupported request. Object does not exist, cannot be loaded due to missing permissions,"
        " or does not support this operation", subcode=33, type="GraphMethodException",
    )  # fmt: skip
    UNKNOWN_PATH = ErrorForm(2500, 400, "Unknown path components")
    INVALID_PARAMETER = ErrorForm(100, 400, "Invalid parameter")
    MISSING_PARAMETER = ErrorForm(131008, 400, "Required parameter is missing")
    BAD_VALUE = ErrorForm(131009, 400, "Parameter value is not valid")
    NOT_VERIFIED = ErrorForm(2200, 400, "Callback verification failed")
    UNSUPPORTED_TYPE = ErrorForm(131051, 400, "Unsupported message type")
    NUMBER_LIMIT = ErrorForm(130429, 400, "Rate limit hit")
    PAIR_LIMIT = ErrorForm(131056, 400, "(Business Account, Consumer Account) pair rate limit hit")
    TRANSIENT = ErrorForm(2, 503, "Service temporarily unavailable", is_transient=True)
    UNDELIVERABLE = ErrorForm(131026, 400, "Message undeliverable")
    UPLOAD_FAILED = ErrorForm(131053, 400, "Media upload error")
    NO_TEMPLATE = ErrorForm(132001, 404, "Template name does not exist in the translation")
    TEMPLATE_PAUSED = ErrorForm(132015, 400, "Template is paused")
    TEMPLATE_DISABLED = ErrorForm(132016, 400, "Template is disabled")
    WINDOW_CLOSED = ErrorForm(131047, 400, "Re-engagement message")


class GraphError(Exception):
    """Meta refuses the request; nothing was accepted."""

    def __init__(self, kind: ErrorKind, details: str = "") -> None:
        super().__init__(f"{kind.value.code}: {details or kind.value.message}")
        self.form = kind.value
        self.details = details


def graph_answer(refusal: GraphError, trace: str) -> dict[str, object]:
    """The JSON body of a refused Graph call."""
    form = refusal.form
    error: dict[str, object] = {
        "message": f"(#{form.code}) {form.message}",
        "type": form.type,
        "code": form.code,
    }
    if refusal.details:
        error["error_data"] = {"messaging_product": "whatsapp", "details": refusal.details}
    if form.subcode is not None:
        error["error_subcode"] = form.subcode
    if form.is_transient:
        error["is_transient"] = True
    return {"error": error | {"fbtrace_id": trace}}


def status_error(kind: ErrorKind, details: str) -> dict[str, object]:
    """One element of `errors` in a failed status."""
    form = kind.value
    return {
        "code": form.code,
        "title": form.message,
        "message": form.message,
        "error_data": {"details": details},
        "href": HELP,
    }
