"""`pytake token`: a signed token for REST and gRPC."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli.ending import WrongInput, told
from services.embedded.state import DEFAULT_DATA, State

app = typer.Typer(add_completion=False)

TTL_SECONDS = 12 * 3600


@app.command(help="Print a signed token for REST and gRPC, bound to one organization and one role.")
def token(
    organization: Annotated[str, typer.Option(help="Name of the organization.")],
    role: Annotated[str, typer.Option(help="super_admin, org_admin, supervisor, agent or viewer.")],
    subject: Annotated[str, typer.Option(help="Whom the token names.")] = "cli",
    ttl: Annotated[int, typer.Option(min=1, help="Seconds until it expires.")] = TTL_SECONDS,
    data: Annotated[Path, typer.Option(help="The house's data folder.")] = DEFAULT_DATA,
) -> None:
    with told():
        typer.echo(_sign(organization, role, subject, ttl, data))


def _sign(organization: str, role: str, subject: str, seconds: int, data: Path) -> str:
    from services.chassis.tenancy import ROLES, sign_team_token
    from services.cli.rooms import Rooms, secret_key, talk

    if role not in ROLES:
        raise WrongInput(f"--role {role} does not exist; use one of {', '.join(ROLES)}")

    async def work(rooms: Rooms, state: State) -> str:
        organization_id = await rooms.organization_id(organization)
        key = secret_key(state)
        return sign_team_token(key, organization_id=organization_id, role=role, subject=subject, seconds=seconds)

    return talk(data, work)
