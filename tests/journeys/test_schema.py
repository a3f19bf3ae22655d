"""schemathesis over the whole OpenAPI of a running house: no server error, and every answer is a documented one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.journeys.conftest import new_folder
from tests.journeys.house import running_house
from tests.journeys.shop import Shop, flow_of

# So many requests for each operation, of each kind: such as the document allows, and such as it does not.
EXAMPLES = 8
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
# Streams do not end by themselves; tests/journeys/test_people_api.py listens to them.
ENDLESS = ("/api/v1/events", "/api/v1/conversations/{phone}/events")
NO_LIMIT = dict.fromkeys(
    (
        "ORGANIZATION_REQUESTS_PER_MINUTE",
        "CALLER_REQUESTS_PER_MINUTE",
        "LOGINS_PER_MINUTE",
        "REFRESHES_PER_MINUTE",
        "ACCEPTANCES_PER_HOUR",
        "SENDS_PER_MINUTE",
    ),
    "0",
)


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    """An organization with a conversation, in a house without limits."""
    with new_folder() as folder, running_house(folder, **NO_LIMIT) as house:
        shop = Shop(house, 1)
        shop.apply(shop.document({"seedlings": flow_of("seedlings")}))
        shop.hear_text(shop.person(), "Oi", "Ana")
        yield shop


def test_every_operation_answers_as_the_document_says(shop: Shop) -> None:
    document = shop.house.web.get(f"{shop.house.http}/openapi.json").json()
    schema = schemathesis.openapi.from_dict(document)
    # The one token is given with each call.
    schema.config.generation.update(with_security_parameters=False)
    headers = {"Authorization": f"Bearer {shop.token()}"}
    found: dict[str, str] = {}
    tried = 0

    for operation in (result.ok() for result in schema.get_all_operations()):
        if operation.path in ENDLESS:
            continue
        name = f"{operation.method.upper()} {operation.path}"
        for mode in GenerationMode:

            @given(case=operation.as_strategy(generation_mode=mode))
            @settings(
                max_examples=EXAMPLES, database=None, derandomize=True, deadline=None, phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            def answers(case: Any) -> None:
                nonlocal tried
                tried += 1
                case.call_and_validate(base_url=shop.house.http, headers=headers, checks=CHECKS)

            try:
                # Not every operation can be asked wrongly.
                with suppress(Unsatisfiable):
                    answers()
            except (Exception, BaseExceptionGroup) as error:
                found[f"{name} {mode.value}"] = f"{type(error).__name__}: {error}"

    assert not found, "\n\n".join(f"{name}\n{said}" for name, said in found.items())
    assert tried > EXAMPLES * 60
