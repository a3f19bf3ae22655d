"""`pytake flow`: one file a command, and one line for it here."""

import typer

from services.cli.flow.export import export
from services.cli.flow.import_ import import_
from services.cli.flow.lint import lint
from services.cli.flow.replay import replay
from services.cli.flow.schema import schema
from services.cli.flow.templates import templates
from services.cli.flow.testing import run_tests

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def flow() -> None:
    """Check and test flow files, and turn them from other sources into the native form and back."""


app.command()(lint)
app.command()(replay)
app.command()(schema)
app.command()(templates)
app.command("test")(run_tests)
app.command("import")(import_)
app.command()(export)
