"""`pytake chat`: be a phone of the simulated Meta."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli.ending import Failed, told
from services.embedded.state import DEFAULT_DATA, State, read_state

app = typer.Typer(add_completion=False)

ANSWER_SECONDS = 20.0


@app.command(help="Be a phone: write to a number of the simulated Meta and read the replies; 1 when none comes.")
def chat(
    texts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[TEXT]…", help="Without any, type line by line; /location, /image, /order, /form … say more."
        ),
    ] = None,
    from_number: Annotated[str, typer.Option("--from", help="Your phone number, with country code.")] = "5511999990001",
    number: Annotated[str, typer.Option(help="phone_number_id of the business; else the first one applied.")] = "",
    name: Annotated[str, typer.Option(help="Your profile name.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object for each reply.")] = False,
    data: Annotated[Path, typer.Option(help="The house's data folder.")] = DEFAULT_DATA,
) -> None:
    with told():
        state = read_state(data)
        url = _simulator_url(state)
        from services.embedded.meta.chat import Patience
        from services.embedded.meta.terminal import run_chat

        status = run_chat(
            url,
            from_number.lstrip("+"),
            texts or [],
            phone_number_id=number or _first_number(state),
            name=name,
            as_json=as_json,
            patience=Patience(deadline_seconds=ANSWER_SECONDS),
        )
        if status == 1:
            raise Failed(f"no reply came within {ANSWER_SECONDS:g} s; `pytake doctor` looks for the reason")
    raise typer.Exit(status)


def _simulator_url(state: State) -> str:
    simulator = state["simulator"]
    if not isinstance(simulator, dict):
        raise Failed("this house has no simulated Meta: write from a real phone, or start it without --no-simulator")
    return str(simulator["url"])


def _first_number(state: State) -> str:
    """The number that was applied first, which is the demo's where there is one; empty when none was."""
    from services.cli.apply.memory import Memory

    return next(iter(Memory.of(Path(str(state["data"])) / "secrets").numbers), "")
