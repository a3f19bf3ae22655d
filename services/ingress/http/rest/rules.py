"""Rules that code behind holds, and says better than a pattern would when they are broken: the document tells them."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Strict

Rule = dict[str, Any]
"""For `json_schema_extra`."""

Flag = Annotated[bool, Strict()]
"""In a body: true or false, and no text or number that Pydantic would take for one of them."""

Whole = Annotated[int, Strict()]
"""In a body: a whole number, and no text or flag."""

NO_NUL: Final[Rule] = {"pattern": r"^[^\x00]*$"}
SAYS_SOMETHING: Final[Rule] = {"minLength": 1, "pattern": r"^[^\x00]*[^\s\x00][^\x00]*$"}
NO_SPACES: Final[Rule] = {"pattern": r"^[!-~]*$"}
EMAIL: Final[Rule] = {"format": "email", "minLength": 3}
WEB_ADDRESS: Final[Rule] = {"pattern": r"^https?://[^\s\x00]+$"}
LOCAL_TIME: Final[Rule] = {"pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$"}
PLACE_OF_TIME: Final[Rule] = {"pattern": r"^([A-Za-z]+(/[A-Za-z0-9_+-]+)*)?$"}


def one_of(*texts: str) -> Rule:
    """One of these texts."""
    return {"enum": list(texts)}


def either(one: str, other: str) -> Rule:
    """For a model: one of two texts or ids is given, and not the other one."""
    return {"oneOf": [_only(one, other), _only(other, one)]}


def _only(given: str, missing: str) -> Rule:
    absent: Rule = {"anyOf": [{"type": "null"}, {"const": ""}]}
    return {"required": [given], "properties": {given: {"not": absent}, missing: absent}}
