"""`pytake webhook parse` and `pytake webhook send`."""

import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.ending import WrongInput, told
from services.embedded.state import DEFAULT_DATA, State, read_state

if TYPE_CHECKING:
    from services.cli.webhook_post import WebhookPost

app = typer.Typer(add_completion=False, no_args_is_help=True)

OK = 200

Files = Annotated[list[str], typer.Argument(metavar="FILE…", help="Webhook bodies, one POST each.")]


@app.callback()
def webhook() -> None:
    """Parse webhook bodies, or sign and post them."""


@app.command(help="Print, for each file, one line of JSON with the events that ingress would record.")
def parse(files: Files) -> None:
    import orjson

    write = sys.stdout.buffer.write
    is_any_malformed = False
    for file in files:
        answer = _parsed(file)
        is_any_malformed |= "error" in answer
        write(orjson.dumps(answer) + b"\n")
    sys.stdout.buffer.flush()
    raise typer.Exit(int(is_any_malformed))


def _parsed(file: str) -> dict[str, object]:
    from services.ingress.domain.webhook import MalformedBody, parse_webhook

    try:
        events = parse_webhook(Path(file).read_bytes())
    except OSError as error:
        return {"file": file, "events": [], "error": f"It cannot be read: {error.strerror}."}
    except MalformedBody as error:
        return {"file": file, "events": [], "error": str(error)}
    return {"file": file, "events": [event.fields for event in events]}


@app.command(help="Sign the exact bytes of each file and post them to the running ingress; 1 unless all are taken.")
def send(
    files: Files,
    app_name: Annotated[
        str, typer.Option("--app", help="Meta app, or organization/app; the app of the number, or the first one.")
    ] = "",
    data: Annotated[Path, typer.Option(help="The house's data folder.")] = DEFAULT_DATA,
) -> None:
    with told():
        state = read_state(data)
        from services.cli.webhook_post import WebhookPost

        with closing(WebhookPost(str(state["http"]))) as post:
            statuses = [_send(post, state, file, app_name) for file in files]
    raise typer.Exit(int(any(status != OK for status in statuses)))


def _send(post: "WebhookPost", state: State, file: str, app_name: str) -> int:
    from services.cli.webhook_post import choose_signer

    try:
        body = Path(file).read_bytes()
    except OSError as error:
        raise WrongInput(f"{file} cannot be read: {error.strerror}") from None
    status, text = post.send(body, choose_signer(state, body, app_name))
    typer.echo(f"{status} {file}" if status == OK else f"{status} {file}: {text}")
    return status
