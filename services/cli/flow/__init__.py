"""`pytake flow`: one file a command, and one line for it here."""

import typer

from services.cli.flow.diff import diff
from services.cli.flow.export import export
from services.cli.flow.impact import impact
from services.cli.flow.import_ import import_
from services.cli.flow.lint import lint
from services.cli.flow.publish import publish
from services.cli.flow.replay import replay
from services.cli.flow.rollback import rollback
from services.cli.flow.schema import schema
from services.cli.flow.secret import app as secret_app
from services.cli.flow.templates import templates
from services.cli.flow.testing import run_tests
from services.cli.flow.versions import versions

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def flow() -> None:
    """Check and test flow files, turn them from other sources into the native form and back, publish versions."""


app.command()(lint)
app.command()(replay)
app.command()(schema)
app.command()(templates)
app.command("test")(run_tests)
app.command("import")(import_)
app.command()(export)
app.command()(publish)
app.command()(versions)
app.command()(diff)
app.command()(rollback)
app.command()(impact)
app.add_typer(secret_app, name="secret")
