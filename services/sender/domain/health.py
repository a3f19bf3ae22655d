"""What the Graph API tells of a number, read tolerantly: nothing of it is promised to be there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

NUMBER_FIELDS = (
    "id,quality_rating,throughput,status,whatsapp_business_manager_messaging_limit,messaging_limit_tier,"
    "webhook_configuration"
)
NEEDED_SCOPES = ("whatsapp_business_messaging", "whatsapp_business_management")
# Only the simulated Meta posts there.
_THIS_MACHINE = ("http://127.0.0.1:", "http://localhost:", "http://[::1]:")
# A token that ends sooner is a problem already.
_SOON_SECONDS = 7 * 86_400

Told = Mapping[str, object]
Result = Literal["ok", "problem", "unknown"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked: token, scopes, subscription or webhook."""

    check: str
    result: Result
    text: str
    mend: str = ""
    callback_url: str = ""


@dataclass(frozen=True, slots=True)
class NumberState:
    """How a number does at Meta; a text is empty when Meta does not tell."""

    quality_rating: str = ""
    messaging_limit: str = ""
    throughput_level: str = ""
    connection: str = ""


def state_of(told: Told) -> NumberState:
    """What a number says of itself."""
    limit = _text(told, "whatsapp_business_manager_messaging_limit") or _text(told, "messaging_limit_tier")
    level = _text(_object(told, "throughput"), "level")
    return NumberState(_text(told, "quality_rating"), limit, level, _text(told, "status"))


def callback_of(told: Told) -> str:
    """Where Meta posts a number's webhooks: the number's own address goes before its account's and the app's."""
    configured = _object(told, "webhook_configuration")
    names = ("phone_number", "whatsapp_business_account", "application")
    return next(filter(None, (_text(configured, name) for name in names)), "")


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """What a token says of itself; `expires_at` is 0 when it never ends."""

    is_valid: bool
    why_not: str
    app_id: str
    scopes: Sequence[str]
    accounts: Sequence[str]
    expires_at: int


def token_of(told: Told) -> TokenFacts:
    """Read the answer of debug_token."""
    data = _object(told, "data")
    granular = [each for each in _list(data, "granular_scopes") if isinstance(each, dict)]
    accounts = [str(account) for each in granular for account in _list(each, "target_ids")]
    expires_at = data.get("expires_at")
    return TokenFacts(
        is_valid=data.get("is_valid") is True,
        why_not=_text(_object(data, "error"), "message"),
        app_id=_text(data, "app_id"),
        scopes=[str(scope) for scope in _list(data, "scopes")],
        accounts=list(dict.fromkeys(accounts)),
        expires_at=expires_at if isinstance(expires_at, int) else 0,
    )


def on_token(token: TokenFacts, *, now: float) -> Finding:
    """Whether a token serves, and for long."""
    new_one = "Put a new access token with `pytake apply`."
    if not token.is_valid:
        return Finding(
            "token", "problem", f"Meta takes the token no more ({token.why_not or 'it does not say why'})", new_one
        )
    if token.expires_at and token.expires_at - now < _SOON_SECONDS:
        hours = max(int((token.expires_at - now) / 3600), 0)
        return Finding(
            "token", "problem", f"the token ends in {hours} hours", "Use a system user's token, which stays."
        )
    return Finding("token", "ok", "Meta takes the token")


def on_scopes(token: TokenFacts) -> Finding:
    """Whether a token may do what sender does with it."""
    missing = [scope for scope in NEEDED_SCOPES if scope not in token.scopes]
    if missing:
        mend = "Make a token with these scopes and put it with `pytake apply`."
        return Finding("scopes", "problem", f"the token lacks {', '.join(missing)}", mend)
    return Finding("scopes", "ok", f"the token has {', '.join(NEEDED_SCOPES)}")


def on_subscription(told: Told, *, waba_id: str, app_id: str) -> Finding:
    """Whether the token's app hears of the account's numbers."""
    apps = [_object(each, "whatsapp_business_api_data") for each in _list(told, "data") if isinstance(each, dict)]
    ids = {_text(app, "id") for app in apps}
    if not apps:
        mend = f"Subscribe it: POST /{waba_id}/subscribed_apps with the access token."
        return Finding("subscription", "problem", f"no app hears of account {waba_id}", mend)
    if app_id and app_id not in ids:
        mend = f"Subscribe it: POST /{waba_id}/subscribed_apps with the access token."
        return Finding("subscription", "problem", f"another app hears of account {waba_id}, not the token's", mend)
    return Finding("subscription", "ok", f"the token's app hears of account {waba_id}")


def on_webhook(told: Told) -> Finding:
    """Where webhooks go."""
    url = callback_of(told)
    if not url:
        return Finding("webhook", "unknown", "Meta does not tell where it posts this number's webhooks")
    if not url.startswith(("https://", *_THIS_MACHINE)):
        mend = "Give the app an https address in Meta's app dashboard."
        return Finding("webhook", "problem", f"Meta posts webhooks to {url}, which is not encrypted", mend, url)
    return Finding("webhook", "ok", f"Meta posts webhooks to {url}", callback_url=url)


def ids_in(told: Told) -> set[str]:
    """The ids of what is listed."""
    return {_text(each, "id") for each in _list(told, "data") if isinstance(each, dict)}


def _object(told: Told, name: str) -> Told:
    found = told.get(name)
    return found if isinstance(found, dict) else {}


def _list(told: Told, name: str) -> Sequence[object]:
    found = told.get(name)
    return found if isinstance(found, list) else ()


def _text(told: Told, name: str) -> str:
    found = told.get(name)
    return str(found)[:2048] if isinstance(found, str | int) and not isinstance(found, bool) else ""
