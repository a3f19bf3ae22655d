"""`pytake flow export`, and the forms a flow is written in; it needs no running house."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from services.cli.ending import WrongInput, told
from services.cli.flow.reading import imported, written

if TYPE_CHECKING:
    from services.executor.domain.importers import Imported


class Form(StrEnum):
    """What a flow is written as."""

    NATIVE = "native"
    ENVELOPE = "envelope"


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON or YAML, of any source that can be imported.")],
    to: Annotated[Form, typer.Option("--to", help="The native form, or the envelope of older builders.")] = Form.NATIVE,
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="OUT", help="Else standard output.")] = None,
) -> None:
    """Write a flow in canonical form, or as the export envelope that older builders read; nothing is lost."""
    with told():
        written(exported(imported(file), to, file), output)


def exported(flow: "Imported", to: Form, file: Path) -> dict[str, object]:
    """Return an imported flow in a form. Raises WrongInput when its structure is unsound."""
    from services.chassis.clock import now
    from services.executor.domain.document import parse_document
    from services.executor.domain.exporters import export_flow
    from services.executor.domain.finding import InvalidFlow

    try:
        document = parse_document(flow.flow)
    except InvalidFlow as invalid:
        raise WrongInput(
            "\n".join(f"{file}: {finding.message} {finding.mend}" for finding in invalid.findings)
        ) from None
    form: Literal["native", "envelope"] = "envelope" if to is Form.ENVELOPE else "native"
    return dict(export_flow(document, form, exported_at=now().isoformat()))
