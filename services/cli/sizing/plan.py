"""From costs to a plan: the fewest cells in which no limit is passed. Pure arithmetic, explained in docs/sizing.md."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil

from services.cli.ending import WrongInput
from services.cli.sizing.costs import POSTGRES, REDIS, Costs, ProcessCost
from services.embedded.keys import ROOMS

MOST_CELLS = 10_000
SECONDS_A_DAY = 86_400
ITEM_DAYS = 16
"""An item is kept nine days, and its weekly partition goes as a whole: at most so many days lie there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Messages a second, each with one reply and so many statuses; `underway_ms` from webhook to reply."""

    rate: float
    statuses: float
    underway_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What may not be passed. `share` is how busy a process or Postgres may be, 0 to 1; the rest is per cell."""

    share: float = 0.6
    least_replicas: int = 2
    postgres_cores: int = 32
    wal_mb: float = 150.0
    connections: int = 400
    pool_size: int = 6


@dataclass(frozen=True, slots=True)
class Replicas:
    """The processes of one service in a cell, how busy each is (0 to 1), and its CPU per message."""

    count: int
    share: float
    cpu_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a rate needs. Everything is per cell but `cells`, and what its name says is in all."""

    cells: int
    bound_by: tuple[str, ...]
    rate: float
    replicas: Mapping[str, Replicas]
    postgres_busy_cores: float
    postgres_cores: int
    wal_mb: float
    connections: int
    redis_operations: float
    redis_processes: int
    cpu_ms_per_message: float
    disk_gb_a_day_in_all: float
    item_gb_in_all: float
    kept_gb_a_day_in_all: float


def plan(costs: Costs, demand: Demand, limits: Limits) -> Plan:
    """Return the plan with the fewest cells. Raises WrongInput when no number of cells keeps the limits."""
    passed: tuple[str, ...] = ()
    for cells in range(1, MOST_CELLS + 1):
        found = _in_cells(cells, passed, costs, demand, limits)
        over = tuple(_passed(found, limits))
        if not over:
            return found
        passed = over
    raise WrongInput(f"no number of cells up to {MOST_CELLS:,} keeps these limits: {', '.join(passed)} would be passed")


def _passed(found: Plan, limits: Limits) -> Iterator[str]:
    if found.postgres_cores > limits.postgres_cores:
        yield "Postgres cores"
    if found.wal_mb > limits.wal_mb:
        yield "WAL"
    if found.connections > limits.connections:
        yield "connections"


def _in_cells(cells: int, bound_by: tuple[str, ...], costs: Costs, demand: Demand, limits: Limits) -> Plan:
    rate = demand.rate / cells
    replicas = {room: replicas_of(costs.processes[room], rate, demand, limits) for room in ROOMS}
    # Every replica makes batches of its own: Postgres sees as many times smaller ones as a service has replicas.
    spread = sum(it.count for it in replicas.values()) / len(replicas)
    postgres_ms = cpu_ms_of(costs.processes[POSTGRES], rate / spread, demand)
    redis_ms = cpu_ms_of(costs.processes[REDIS], rate / spread, demand)
    busy = rate * postgres_ms / 1000
    gigabytes_a_day = {
        name: demand.rate * amount.of(demand.statuses) * SECONDS_A_DAY / 1e9
        for name, amount in (("item", costs.item_bytes), ("kept", costs.kept_bytes))
    }
    return Plan(
        cells=cells,
        bound_by=bound_by,
        rate=rate,
        replicas=replicas,
        postgres_busy_cores=busy,
        postgres_cores=ceil(busy / limits.share),
        wal_mb=rate * costs.wal_bytes.of(demand.statuses) / 1e6,
        connections=sum(it.count for it in replicas.values()) * limits.pool_size,
        redis_operations=rate * costs.redis_commands.of(demand.statuses),
        redis_processes=max(1, ceil(rate * redis_ms / 1000 / limits.share)),
        cpu_ms_per_message=sum(it.cpu_ms for it in replicas.values()) + postgres_ms + redis_ms,
        disk_gb_a_day_in_all=sum(gigabytes_a_day.values()),
        item_gb_in_all=gigabytes_a_day["item"] * ITEM_DAYS,
        kept_gb_a_day_in_all=gigabytes_a_day["kept"],
    )


def replicas_of(cost: ProcessCost, rate: float, demand: Demand, limits: Limits) -> Replicas:
    """Return the fewest processes of a service of which none is busier than the limit."""
    count = max(limits.least_replicas, ceil(rate / most_per_replica(cost, demand, limits)))
    cpu_ms = cpu_ms_of(cost, rate / count, demand)
    return Replicas(count, rate / count * cpu_ms / 1000, cpu_ms)


def most_per_replica(cost: ProcessCost, demand: Demand, limits: Limits) -> float:
    """Return the messages a second at which one process is as busy as it may be."""
    status_ms = cost.status_ms * demand.statuses
    allowed_ms = 1000 * limits.share  # of CPU in a second
    # In flight is rate * underway: a second's batches cost the same whatever the rate.
    batches_ms = cost.curve.fixed_ms / (demand.underway_ms / 1000)
    in_company = (allowed_ms - batches_ms) / max(cost.curve.marginal_ms + status_ms, 1e-9)
    alone = allowed_ms / max(cost.curve.alone_ms + status_ms, 1e-9)
    return max(in_company, alone)


def cpu_ms_of(cost: ProcessCost, rate: float, demand: Demand) -> float:
    """Return a process' CPU per message, statuses included, when so many messages a second share its batches."""
    return cost.curve.cpu_ms(rate * demand.underway_ms / 1000) + cost.status_ms * demand.statuses
