"""Examples in the OpenAPI document: of refusals by their codes, and of bodies from their fields' own examples."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

# A sentence tells codes as "What is wrong: CODE; what else may be: OTHER_CODE".
_CODE = re.compile(r"[A-Z]+(?:_[A-Z]+)+")
_AFTER_CODE = re.compile(r"(?<=[A-Z]); ")


def refusal_examples(sentence: str) -> dict[str, Any]:
    """Examples of a refusal, one for each code that its sentence names, as OpenAPI's `examples`."""
    return {code: {"value": {"detail": detail, "error_code": code}} for code, detail in _codes_of(sentence)}


def wrong_field_examples(sentence: str) -> dict[str, Any]:
    """The same of a request that can never succeed as it is, with its field."""
    found: dict[str, Any] = refusal_examples(sentence)
    for example in found.values():
        example["value"]["errors"] = [{"field": "request", "message": example["value"]["detail"]}]
    return found


def example_of(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """A value of a schema: its own example where it has one, otherwise put together from those of its parts.

    `schemas` are the document's named ones. None stands for what nobody gave an example of.
    """
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if schema.get("examples"):
        return schema["examples"][0]
    for name in ("const", "default"):
        if name in schema:
            return schema[name]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return example_of(next(one for one in schema["anyOf"] if one.get("type") != "null"), schemas)
    if "properties" in schema:
        return {name: example_of(part, schemas) for name, part in schema["properties"].items()}
    if schema.get("type") == "array":
        return [example_of(schema["items"], schemas)]
    return True if schema.get("type") == "boolean" else None


def _codes_of(sentence: str) -> Iterator[tuple[str, str]]:
    for part in _AFTER_CODE.split(sentence):
        detail, _, codes = part.partition(": ")
        for code in _CODE.findall(codes):
            yield code, detail
