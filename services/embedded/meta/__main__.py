"""Run the simulated Meta: python -m services.embedded.meta --port 8001 --config numbers.json"""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

import orjson
from aiohttp import web

from services.chassis.logs import Redactor, begin_logs, get_logger

from .app import build_runner, build_simulator
from .plans import InputError
from .simulator import SimulatedMeta


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; 2 when the configuration does not fit."""
    options = _parser().parse_args(arguments)
    try:
        config = orjson.loads(options.config.read_bytes()) if options.config else {}
        meta = build_simulator(config)
    except (InputError, OSError, orjson.JSONDecodeError) as error:
        sys.stderr.write(f"{options.config}: {error}\n")
        return 2
    asyncio.run(_serve(meta, options.host, options.port))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.embedded.meta", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: a free one, logged)")
    parser.add_argument("--config", type=Path, help="JSON file with numbers, faults and delivery")
    return parser


async def _serve(meta: SimulatedMeta, host: str, port: int) -> None:
    # Errors of aiohttp may name what was sent here, tokens included.
    begin_logs("simulator", "info", Redactor.knowing(os.urandom(32), ()))
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = build_runner(meta)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        bound = runner.addresses[0][1]
        get_logger(__name__).info("simulated_meta_started", host=host, port=bound, numbers=len(meta.numbers))
        await stop.wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    sys.exit(main())
