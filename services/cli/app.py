"""The commands and their modules.

Importing every command to run one would cost seconds (Alembic, gRPC, FastAPI), so a command's module is
loaded when it is called, or when its own help is asked for.
"""

import importlib
from collections.abc import Mapping

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

COMMANDS: Mapping[str, str] = {
    "up": "Start the whole house on this machine; Ctrl-C stops it and keeps the data.",
    "status": "Tell what runs: processes, addresses, databases.",
    "serve": "Become one service process, or bring the database to this version; the environment says how.",
    "keys": "Make the services' key pairs for a deployment.",
    "apply": "Make organizations and all they have (numbers, flows, triggers, users, keys, webhooks) as files say.",
    "user": "Add, list and unlock users; set their passwords.",
    "api-key": "Create, list and revoke API keys.",
    "token": "Print a signed token for REST and gRPC.",
    "chat": "Be a phone: write to a number of the simulated Meta and read the replies.",
    "campaign": "Write a template to many contacts: make, fill, start, watch and stop campaigns.",
    "webhook": "Parse webhook bodies, or sign and post them.",
    "webhooks": "Tell an organization's systems what becomes of its messages: put, list and delete where to call.",
    "flow": "Check and test flow files, turn them from other sources into the native form and back, publish versions.",
    "template": "List, create and delete message templates; read them from Meta.",
    "media": "Upload and delete files for messages; list and read those of contacts.",
    "doctor": "Check the running house and say how to mend what is wrong.",
    "analytics": "Write the log of conversations as CSV, JSON lines or Parquet.",
    "conversations": "Write what was said in conversations as CSV, JSON lines, Parquet or PDF.",
    "privacy": "Export or erase what is kept about somebody, and say how long an organization keeps things.",
    "secrets": "Rotate sealing keys and app secrets; name a person as the logs do.",
    "dead": "List, show and replay what a lane gave up on.",
    "sizing": "Compute what a rate needs: processes, Postgres cores, WAL, Redis, disk, cells.",
    "audit": "List who changed what, and check that nobody changed that.",
    "events": "List webhook events that drove no conversation.",
}
"""Command → its line in `pytake --help`. A command `x-y` is `app` (a typer.Typer) in services/cli/x_y.py or x_y/."""


class LazyCommands(TyperGroup):
    """Finds a command's module by the command's name; several commands in it make a group."""

    def list_commands(self, ctx: object) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: object, cmd_name: str) -> TyperCommand | TyperGroup | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"services.cli.{cmd_name.replace('-', '_')}")
        command = get_command(module.app)
        assert isinstance(command, TyperCommand | TyperGroup)
        command.name = cmd_name
        return command


app = typer.Typer(cls=LazyCommands, add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def pytake() -> None:
    """WhatsApp conversation flows for many organizations."""
