"""`pytake token`: a signed token for REST and gRPC."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli.ending import WrongInput, told
from services.embedded.state import DEFAULT_DATA, State

app = typer.Typer(add_completion=False)

LONGEST_SECONDS = 900
"""A longer life is refused by every room; chassis.tenancy says the same and is not imported for a help text."""


@app.command(help="Print a signed token for REST and gRPC, bound to one organization and one role.")
def token(
    organization: Annotated[str, typer.Option(help="Name of the organization.")],
    role: Annotated[str, typer.Option(help="super_admin, org_admin, supervisor, agent or viewer.")],
    subject: Annotated[str, typer.Option(help="Whom the token names.")] = "cli",
    ttl: Annotated[int, typer.Option(min=1, max=LONGEST_SECONDS, help="Seconds until it expires.")] = LONGEST_SECONDS,
    scope: Annotated[str, typer.Option(help="Only these permissions of the role, such as 'flows:read'.")] = "",
    data: Annotated[Path, typer.Option(help="The house's data folder.")] = DEFAULT_DATA,
) -> None:
    with told():
        typer.echo(_sign(organization, role, subject, ttl, scope.split() or None, data))


def _sign(organization: str, role: str, subject: str, seconds: int, permissions: list[str] | None, data: Path) -> str:
    from services.chassis.errors import InvalidArgument
    from services.chassis.tenancy import ROLES, TeamSigner
    from services.cli.rooms import OPERATOR, Rooms, operator_key, talk

    if role not in ROLES:
        raise WrongInput(f"--role {role} does not exist; use one of {', '.join(ROLES)}")

    async def work(rooms: Rooms, state: State) -> str:
        organization_id = await rooms.organization_id(organization)
        signer = TeamSigner.from_file(OPERATOR, str(operator_key(state)))
        try:
            return signer.sign(
                organization_id=organization_id, role=role, subject=subject, permissions=permissions, seconds=seconds
            )
        except InvalidArgument as error:
            raise WrongInput(f"--scope: {error.sentence}") from None

    return talk(data, work)
