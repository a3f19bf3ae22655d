"""The texts inside JSON values."""

from collections.abc import Iterator

from services.executor.domain.json_value import Json


def texts_in(value: Json) -> Iterator[str]:
    """Every text inside a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts_in(item)
