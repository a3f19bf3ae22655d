"""The other products whose exports are read, each recognised by its structure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from services.executor.domain.importers import pywce, rapidpro, twilio, typebot
from services.executor.domain.importers.report import Findings
from services.executor.domain.importers.values import Object


@dataclass(frozen=True, slots=True)
class Product:
    """`dialect_of` names the dialect, or None for a document of somebody else; `read` gives the native flow.

    `read` raises UnreadableFlow for a document that is the product's and still cannot be read. The name is what the
    author wants the flow to be called, None for the source's own.
    """

    dialect_of: Callable[[Object], str | None]
    read: Callable[[Object, str | None, Findings], Object]


PRODUCTS: Final = (
    Product(typebot.dialect_of, typebot.read),
    Product(rapidpro.dialect_of, rapidpro.read),
    Product(twilio.dialect_of, twilio.read),
    Product(pywce.dialect_of, pywce.read),
)


def product_of(document: Object) -> tuple[Product, str] | None:
    """The product that wrote a document and the dialect's name; None when it is none of them."""
    for product in PRODUCTS:
        dialect = product.dialect_of(document)
        if dialect is not None:
            return product, dialect
    return None
