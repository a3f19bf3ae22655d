"""Users and API keys of apply's files."""

from services.chassis.tenancy import PERMISSIONS, ROLES
from services.cli.apply.reading import Fields, close_to
from services.cli.apply.wanted import ApiKey, User
from services.ingress.domain.accounts.emails import normal_email
from services.ingress.domain.accounts.passwords import check_password
from services.ingress.domain.accounts.texts import check_own_key

USER_KEYS = ("email", "name", "role", "password", "active")
API_KEY_KEYS = ("name", "scopes", "expires_in_days", "requests_per_minute", "key")

_NAME_LENGTH = 120
_MOST_DAYS = 3650
_MOST_REQUESTS = 100_000


def read_user(fields: Fields) -> User:
    """A person: e-mail and role are needed."""
    email = fields.checked("email", normal_email, is_required=True)
    role = fields.text("role", is_required=True)
    if role and role not in ROLES:
        fields.problems.add(fields.where.key("role"), f"is {role!r}; use {', '.join(ROLES)}")
    return User(
        name=email,
        display_name=fields.text("name", most=_NAME_LENGTH),
        role=role,
        password=fields.checked("password", lambda text: check_password(text, email=email)),
        is_active=fields.flag("active", default=True),
        where=fields.where,
    )


def read_api_key(fields: Fields) -> ApiKey:
    """A key: name and scopes are needed."""
    scopes = [fields.as_text(value, place) for value, place in fields.items("scopes")]
    for scope in scopes:
        if scope not in PERMISSIONS:
            close = close_to(scope, PERMISSIONS)
            mend = f"did you mean {close}?" if close else "GET /api/v1/roles lists them"
            fields.problems.add(fields.where.key("scopes"), f"has {scope!r}, which is no permission; {mend}")
    if not scopes:
        fields.problems.add(fields.where.key("scopes"), "is missing; list at least one permission")
    return ApiKey(
        name=fields.text("name", is_required=True, most=_NAME_LENGTH).strip(),
        scopes=tuple(sorted(set(scopes))),
        expires_in_days=fields.number("expires_in_days", most=_MOST_DAYS),
        requests_per_minute=fields.number("requests_per_minute", most=_MOST_REQUESTS),
        key=fields.checked("key", check_own_key),
        where=fields.where,
    )
