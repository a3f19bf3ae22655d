"""What schemathesis looks at besides its own checks, and what it must not do: the command loads this file as hooks."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import schemathesis


@schemathesis.check
def refusal_has_a_documented_code(_: Any, response: schemathesis.Response, case: schemathesis.Case) -> None:
    """The code of every refusal is one of those that the document shows for its status."""
    documented = case.operation.responses.find_by_status_code(response.status_code)
    if response.status_code < 400 or documented is None:
        return
    examples = documented.definition.get("content", {}).get("application/json", {}).get("examples", {})
    code = response.json().get("error_code")
    if examples and code not in examples:
        raise AssertionError(f"{response.status_code} with {code}, documented: {', '.join(examples)}")


@schemathesis.hook
def before_call(_: Any, case: schemathesis.Case, **__: Any) -> None:
    """Schemathesis sends one key with different requests, which is refused before anything else is looked at."""
    for name in [name for name in case.headers or {} if name.lower() == "idempotency-key"]:
        case.headers[name] = f"{str(case.headers[name])[:200]}{uuid4()}"
