"""The command: options in, a plan out, for people or as JSON."""

import json
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from services.cli.ending import WrongInput, told
from services.cli.sizing.costs import Costs, costs_of
from services.cli.sizing.plan import Demand, Limits, Plan, plan

app = typer.Typer(add_completion=False)

SHIPPED = "costs.json"
USUAL = Limits()


@app.command(help="Compute what a rate needs: processes, Postgres cores, WAL, Redis, disk, cells.")
def sizing(
    rate: Annotated[float, typer.Option(min=0.001, help="Inbound messages a second, each with one reply.")],
    statuses: Annotated[float, typer.Option(min=0, help="Status webhooks per reply.")] = 3.0,
    underway_ms: Annotated[
        float | None, typer.Option(min=0.1, help="Time from webhook to reply; as measured when left out.")
    ] = None,
    busy: Annotated[float, typer.Option(min=0.01, max=1, help="How busy a process may be.")] = USUAL.share,
    replicas: Annotated[int, typer.Option(min=1, help="Fewest processes of a service.")] = USUAL.least_replicas,
    postgres_cores: Annotated[int, typer.Option(min=1, help="Cores of one cell's Postgres.")] = USUAL.postgres_cores,
    wal_mb: Annotated[float, typer.Option(min=0.001, help="WAL a second of one cell, MB.")] = USUAL.wal_mb,
    connections: Annotated[int, typer.Option(min=1, help="Connections to one cell's Postgres.")] = USUAL.connections,
    pool_size: Annotated[int, typer.Option(min=1, help="DATABASE_POOL_SIZE of a process.")] = USUAL.pool_size,
    costs: Annotated[Path | None, typer.Option(help="Measured costs; those PyTake ships when left out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    with told():
        measured = read_costs(costs)
        demand = Demand(rate=rate, statuses=statuses, underway_ms=underway_ms or measured.underway_ms)
        limits = Limits(
            share=busy, least_replicas=replicas, postgres_cores=postgres_cores, wal_mb=wal_mb,
            connections=connections, pool_size=pool_size,
        )  # fmt: skip
        found = plan(measured, demand, limits)
    if as_json:
        typer.echo(json.dumps({"demand": asdict(demand), "limits": asdict(limits), "plan": asdict(found)}, indent=2))
    else:
        typer.echo("\n".join(describe(found, demand, limits, measured)))


def read_costs(file: Path | None) -> Costs:
    """Read measured costs. Raises WrongInput with what is wrong in the file."""
    try:
        text = file.read_text() if file else files("services.cli.sizing").joinpath(SHIPPED).read_text()
        return costs_of(json.loads(text))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise WrongInput(f"{file} cannot be read as JSON: {error}") from None
    except WrongInput as error:
        raise WrongInput(f"{file or SHIPPED}: {error}") from None


def describe(found: Plan, demand: Demand, limits: Limits, costs: Costs) -> list[str]:
    """Return the plan's lines for people."""
    cells = "1 cell" if found.cells == 1 else f"{found.cells} cells of {found.rate:,.0f} messages/s"
    why = f" (one less would pass the limit of {', '.join(found.bound_by)})" if found.bound_by else ""
    processes = sum(it.count for it in found.replicas.values())
    lines = [
        (
            f"{demand.rate:,.0f} messages/s, {demand.statuses:g} statuses each, {demand.underway_ms:g} ms underway: "
            f"{cells}{why}"
        ),
        f"{found.cpu_ms_per_message:.2f} ms CPU a message; {processes * found.cells:,} processes in all",
        "",
        "in each cell",
    ]
    lines += [
        f"  {room:<10} {it.count:>4} processes, each {it.share:.0%} of a core busy"
        for room, it in found.replicas.items()
    ]
    return [
        *lines,
        (
            f"  Postgres   {found.postgres_cores:>4} cores, {found.postgres_busy_cores:.1f} of them busy; "
            f"WAL {found.wal_mb:.1f} MB/s; {found.connections} connections at most"
        ),
        f"  Redis      {found.redis_processes:>4} processes, {found.redis_operations:,.0f} operations/s",
        "",
        (
            f"disk in all  {size(found.disk_gb_a_day_in_all)} a day before replicas and backups: "
            f"{size(found.kept_gb_a_day_in_all)} stay, the rest is dropped with its week "
            f"(at most {size(found.item_gb_in_all)} at a time)"
        ),
        f"measured     {costs.about}",
    ]


def size(gigabytes: float) -> str:
    """Write a size as people say it."""
    return f"{gigabytes / 1000:,.1f} TB" if gigabytes >= 1000 else f"{gigabytes:,.1f} GB"
