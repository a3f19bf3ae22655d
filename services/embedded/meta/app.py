"""Puts the simulator together and behind one HTTP server."""

from collections.abc import Mapping

from aiohttp import web

from .answers import refuse_plainly
from .clock import Clock, SystemClock
from .control import ControlApp, keep_control_local
from .graph import GraphApp
from .phone import PhoneApp
from .plans import BusinessNumber, DeliveryPlan, Faults, InputError, read_plan
from .posting import HttpPoster, Poster
from .simulator import SimulatedMeta

LARGEST_BODY = 1024 * 1024
CONFIGURABLE = {"numbers", "faults", "delivery"}


def build_simulator(
    config: Mapping[str, object], *, clock: Clock | None = None, poster: Poster | None = None
) -> SimulatedMeta:
    """A simulator from {"numbers": […], "faults": {…}, "delivery": {…}}, all optional; InputError."""
    if unknown := set(config) - CONFIGURABLE:
        raise InputError(f"unknown settings: {', '.join(sorted(unknown))}")
    numbers = config.get("numbers", [])
    if not isinstance(numbers, list):
        raise InputError("numbers is a list")
    meta = SimulatedMeta(poster=poster or HttpPoster(), clock=clock or SystemClock())
    meta.faults.set_plan(read_plan(Faults, config.get("faults", {})))
    meta.outbox.plan = read_plan(DeliveryPlan, config.get("delivery", {}))
    for number in numbers:
        meta.register(read_plan(BusinessNumber, number))
    return meta


def build_app(meta: SimulatedMeta) -> web.Application:
    """The web application over a simulator, which it closes at its own end."""
    app = web.Application(client_max_size=LARGEST_BODY, middlewares=[keep_control_local, refuse_plainly])
    app.add_routes([*ControlApp(meta).routes(), *PhoneApp(meta).routes(), *GraphApp(meta).routes()])

    async def end_streams(_app: web.Application) -> None:
        meta.close_screens()

    async def stop_delivery(_app: web.Application) -> None:
        await meta.outbox.close()

    app.on_shutdown.append(end_streams)
    app.on_cleanup.append(stop_delivery)
    return app


def build_runner(meta: SimulatedMeta) -> web.AppRunner:
    """A runner that gives up a request when its caller does, and a hung one soon after the stop."""
    return web.AppRunner(build_app(meta), access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
