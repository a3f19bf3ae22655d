"""Two contacts of an organization turn out to be one person: identities are linked, contacts merged."""

from __future__ import annotations

from services.pb.common.v1 import events_pb2
from services.pb.router.v1 import router_pb2
from tests.walls.interference import open_numbers, text_of
from tests.walls.requests import NOON
from tests.walls.tenants import Tenant
from tests.walls.world import World

_PHONE, _USER, _LATER = "5511900000077", "BR.0077", "BR.0078"


async def meet_both(world: World, tenant: Tenant) -> None:
    """One writes from a phone number, the other from a user id alone."""
    await open_numbers(world, tenant)
    await _write(world, tenant, "first", wa_id=_PHONE)
    await _write(world, tenant, "second", user_id=_USER)
    await world.settle()


async def find_out(world: World, tenant: Tenant) -> str:
    """A message names both, the next one yet another id of the same person, who then is known; what was answered."""
    await open_numbers(world, tenant)
    one = await _write(world, tenant, "third", wa_id=_PHONE, user_id=_USER)
    two = await _write(world, tenant, "fourth", wa_id=_PHONE, user_id=_LATER)
    return one + two + await _write(world, tenant, "fifth", wa_id=_PHONE, user_id=_LATER)


async def _write(world: World, tenant: Tenant, event_id: str, **names: str) -> str:
    message = events_pb2.InboundMessage(
        event_id=f"meeting {event_id}",
        phone_number_id=tenant.numbers[0],
        kind="text",
        text=f"{tenant.tag} oi",
        profile_name=f"Ana {tenant.tag}",
        sent_at=NOON,
        received_at_ms=NOON * 1000,
        fields=b"{}",
        **names,
    )
    request = router_pb2.RouteMessagesRequest(messages=[message])
    return text_of(await world.call("/pytake.router.v1.Routing/RouteMessages", request))
