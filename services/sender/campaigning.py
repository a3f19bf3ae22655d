"""Composition of campaigns: a part of app.py, in a file of its own because that one is full."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.chassis.clock import monotonic
from services.chassis.db import Database
from services.sender.ports.campaigns import Audiences
from services.sender.ports.teams import Conversations
from services.sender.settings import Settings
from services.sender.store import PostgresAliases, PostgresHealth, PostgresReach, PostgresTemplates
from services.sender.store.campaigns import PostgresCampaigns, PostgresCampaignTurns
from services.sender.usecases.campaigning import WorkCampaigns
from services.sender.usecases.campaigns import KeepCampaigns
from services.sender.usecases.names import MetasNames
from services.sender.usecases.standings import NumberStandings
from services.sender.worker.campaigning import CampaignWorker
from services.sender.worker.filling import names_of, problem_of, template_named, write_template

if TYPE_CHECKING:
    from services.sender.app import Room


@dataclass(frozen=True, slots=True)
class Campaigning:
    """Campaigns, on the same connections."""

    keep: KeepCampaigns
    work: WorkCampaigns
    worker: CampaignWorker


def furnish_campaigns(
    settings: Settings, database: Database, room: Room, conversations: Conversations, audiences: Audiences
) -> Campaigning:
    """Put together what campaigns need."""
    store = PostgresCampaigns(database, room.audit)
    work = WorkCampaigns(
        store,
        PostgresCampaignTurns(database, room.inbox),
        MetasNames(PostgresAliases(database), conversations),
        audiences,
        NumberStandings(
            room.worker.around.numbers.get,
            room.graph,
            room.management,
            PostgresHealth(database),
            room.pauses,
            PostgresTemplates(database, room.audit),
            PostgresReach(database),
            monotonic,
            messages_per_second=settings.messages_per_second,
        ),
        write=write_template,
        names_of=names_of,
        template_named=template_named,
        on_handed_on=room.inbox_bell.ring,
    )
    return Campaigning(
        KeepCampaigns(store, audiences, check=problem_of, names_of=names_of), work, CampaignWorker(work.turn)
    )
