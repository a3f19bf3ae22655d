"""Every product whose flows can be imported: how its documents are told apart, and who reads them.

A document is taken by its structure, not by its file's name. What no other product recognises is read as one of
PyTake's own dialects.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from services.executor.domain.importers.convert import import_pytake
from services.executor.domain.importers.dialects import detect_dialect as detect_pytake
from services.executor.domain.importers.report import Imported
from services.executor.domain.importers.values import Object


@dataclass(frozen=True, slots=True)
class Source:
    """A product: `recognises` looks at a JSON object's structure, `read` raises nothing but UnreadableFlow."""

    name: str
    recognises: Callable[[Object], bool]
    read: Callable[[Object, str | None], Imported]


SOURCES: Final[tuple[Source, ...]] = ()


def import_flow(source: object, *, name: str | None = None) -> Imported:
    """Read a flow of any known product as a native one; UnreadableFlow, one sentence, when there is none in it.

    `name` replaces the name that the source gives.
    """
    product = _product(source)
    return product.read(source, name) if product and isinstance(source, dict) else import_pytake(source, name)


def detect_dialect(source: object) -> str:
    """The product's name, or of PyTake's own "native", "export" or a dialect's letter; "P" when nothing tells."""
    product = _product(source)
    return product.name if product else detect_pytake(source)


def _product(source: object) -> Source | None:
    if not isinstance(source, dict) or detect_pytake(source) == "native":
        return None
    return next((product for product in SOURCES if product.recognises(source)), None)
