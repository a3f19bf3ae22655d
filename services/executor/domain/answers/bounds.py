"""The bounds an author set on answers."""

from collections.abc import Callable, Mapping

from services.executor.domain.json_value import Json, number_of, text_at, whole_number_at
from services.executor.domain.patterns import compile_validation

Bounds = Callable[[str], str | None]


def compile_bounds(kind: str, validation: Mapping[str, Json]) -> Bounds:
    """Compile min_length, max_length, regex, and min and max to: answer → rejection code or None."""
    shortest, longest = whole_number_at(validation, "min_length"), whole_number_at(validation, "max_length")
    regex = text_at(validation, "regex")
    matches = compile_validation(regex) if regex else None
    in_range = _range(kind, validation)

    def check(answer: str) -> str | None:
        if shortest is not None and len(answer) < shortest:
            return "too_short"
        if longest is not None and len(answer) > longest:
            return "too_long"
        if matches is not None and not matches(answer):
            return "again"
        return in_range(answer)

    return check


def _range(kind: str, validation: Mapping[str, Json]) -> Bounds:
    if kind == "number":
        return _number_range(validation)
    if kind == "rating":
        return _number_range({"min": 1, "max": 5, **{key: one for key, one in validation.items() if one is not None}})
    if kind == "date":
        return _sorted_range(text_at(validation, "min"), text_at(validation, "max"))
    if kind == "time":
        return _sorted_range(_padded(text_at(validation, "min")), _padded(text_at(validation, "max")))
    return lambda answer: None


def _number_range(validation: Mapping[str, Json]) -> Bounds:
    lowest, highest = number_of(validation.get("min")), number_of(validation.get("max"))

    def check(answer: str) -> str | None:
        number = number_of(answer)
        if lowest is not None and number is not None and number < lowest:
            return "too_low"
        return "too_high" if highest is not None and number is not None and number > highest else None

    return check


def _padded(time: str) -> str:
    return time.strip().zfill(5) if time.strip() else ""


def _sorted_range(earliest: str, latest: str) -> Bounds:
    # ISO dates of four-digit years sort as text, and so do times of two-digit hours.
    def check(answer: str) -> str | None:
        if earliest and answer < earliest:
            return "too_low"
        return "too_high" if latest and answer > latest else None

    return check
