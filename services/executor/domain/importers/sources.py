"""One way in for every source: a document is told by its structure, not by its file's name.

What no other product wrote is read as one of PyTake's own dialects.
"""

from services.executor.domain.importers.convert import import_pytake
from services.executor.domain.importers.dialects import detect_dialect as detect_pytake
from services.executor.domain.importers.dialects import is_native
from services.executor.domain.importers.products import Product, product_of
from services.executor.domain.importers.report import Findings, Imported, Report


def import_flow(source: object, *, name: str | None = None) -> Imported:
    """Read a flow of any known product as a native one; UnreadableFlow, one sentence, when there is none in it.

    `name` replaces the name that the source gives.
    """
    found = _foreign(source)
    if found is None or not isinstance(source, dict):
        return import_pytake(source, name)
    product, dialect = found
    findings = Findings()
    flow = product.read(source, name, findings)
    return Imported(flow, Report(dialect, tuple(findings.items)))


def detect_dialect(source: object) -> str:
    """The product's name, or of PyTake's own "native", "export" or a dialect's letter; "P" when nothing tells."""
    found = _foreign(source)
    return found[1] if found else detect_pytake(source)


def _foreign(source: object) -> tuple[Product, str] | None:
    return product_of(source) if isinstance(source, dict) and not is_native(source) else None
