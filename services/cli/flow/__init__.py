"""`pytake flow`: one file a command, and one line for it here."""

import typer

from services.cli.flow.export import export
from services.cli.flow.import_ import import_
from services.cli.flow.lint import lint

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def flow() -> None:
    """Check flow files, and turn them from other sources into the native form and back."""


app.command()(lint)
app.command("import")(import_)
app.command()(export)
