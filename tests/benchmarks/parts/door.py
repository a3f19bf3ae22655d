"""`python -m tests.benchmarks.parts.door`: an ingress process as it is, but without its relays.

With no router behind it the relays would claim what was just stored and give it back, again and again: that is no
part of a webhook's way to its 200. What is accepted piles up in the boxes.
"""

import os

from services.chassis.lifecycle import Part, Service, run_service
from services.chassis.queue import Relay
from services.chassis.settings import read_settings
from services.ingress.app import build
from services.ingress.settings import Settings


async def build_door(settings: Settings) -> Service:
    """Build ingress and leave out what hands on. This is the adapter to ingress' composition."""
    service = await build(settings)
    parts: list[Part] = [part for part in service._parts if not isinstance(part, Relay)]
    return Service(service.name, parts)


if __name__ == "__main__":
    run_service(lambda: build_door(read_settings(Settings, os.environ)))
