"""What can be paused, and the names by which a message meets the pauses that hold it up."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from uuid import UUID

from services.sender.domain.codes import PAUSES, Scope
from services.sender.domain.countries import country_of

PAUSABLE = (*PAUSES.values(), Scope.COUNTRY)


@dataclass(frozen=True, slots=True)
class PauseName:
    """One thing Meta may refuse as a whole.

    `name` is a digest of an access token (credentials), a phone_number_id (number), an account's id (waba), or
    NAME/LANGUAGE (template). What goes to a country (ACCOUNT/COUNTRY) fails rather than waits while it is one.
    """

    organization_id: UUID
    scope: Scope
    name: str


def digest_of_token(token: str) -> str:
    """Names an access token without telling it: Meta's are too long to be guessed."""
    return hashlib.sha256(token.encode()).hexdigest()[:32]


def names_of(
    organization_id: UUID, phone_number_id: str, *, token: str, waba_id: str, template: str, recipient: str = ""
) -> dict[Scope, PauseName]:
    """What may hold up a message of this number; an account that is not known stands for its number alone."""
    names = {
        Scope.CREDENTIALS: digest_of_token(token),
        Scope.NUMBER: phone_number_id,
        Scope.WABA: waba_id or phone_number_id,
    }
    if template:
        names[Scope.TEMPLATE] = template
    if country := country_of(recipient):
        names[Scope.COUNTRY] = f"{names[Scope.WABA]}/{country}"
    return {scope: PauseName(organization_id, scope, name) for scope, name in names.items()}
