"""What the houses are set up with: documents for `pytake apply`."""

from collections.abc import Mapping, Sequence

from tests.benchmarks.flows import Document, bubbles_flow, long_flow, workshop_flow
from tests.benchmarks.meta.people import Cast

FLOWS: dict[Cast, Document] = {"workshop": workshop_flow(), "long": long_flow(), "bubbles": bubbles_flow()}


def one_organization(numbers: Mapping[Cast, Sequence[str]]) -> dict[str, object]:
    """Everything in one organization: each cast's numbers start its flow."""
    return {"organizations": [_organization("Oficina", numbers)]}


def many_organizations(numbers: Sequence[str]) -> dict[str, object]:
    """As many organizations as numbers, each with the workshop's flow of its own."""
    each = [_organization(f"Oficina {number}", {"workshop": (number,)}) for number in numbers]
    return {"organizations": each}


def _organization(name: str, numbers: Mapping[Cast, Sequence[str]]) -> dict[str, object]:
    flows = {cast: FLOWS[cast] for cast in numbers}
    return {
        "name": name,
        "flows": [{"name": flow["name"], "document": flow} for flow in flows.values()],
        "numbers": [_number(number, flows[cast]["name"]) for cast, each in numbers.items() for number in each],
    }


def _number(phone_number_id: str, flow: str) -> dict[str, str]:
    return {
        "phone_number_id": phone_number_id,
        "display_phone_number": f"+55 11 {phone_number_id[-9:]}",
        "access_token": f"EAA-of-{phone_number_id}",
        "default_flow": flow,
    }
