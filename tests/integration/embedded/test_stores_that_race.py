"""A port that was free when it was chosen may be taken when the server wants it."""

import socket
from pathlib import Path

import pytest

from services.embedded import addresses
from services.embedded.console import PlainConsole
from services.embedded.stores import Stores
from services.embedded.supervisor import Supervisor


async def test_a_port_taken_between_choice_and_use_is_replaced(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    supervisor = Supervisor(say=said.append)
    with socket.socket() as rival:
        rival.bind((addresses.LOOPBACK, addresses.choose_port()))
        rival.listen()
        taken = rival.getsockname()[1]
        for server in ("postgres", "valkey"):
            monkeypatch.setattr(f"services.embedded.{server}.choose_port", blind_first(taken))
        stores = Stores(
            folder,
            environment={},
            supervisor=supervisor,
            console=PlainConsole(),
            migrate=lambda *_: None,
        )
        try:
            await stores.start()
            assert f":{taken}/" not in stores.database_url
            assert f":{taken}/" not in stores.redis_url
        finally:
            await supervisor.stop_in_order([])


class blind_first:  # noqa: N801 - it stands for a function
    """Chooses a port that a rival has, as if the rival came a moment later; from then on it looks."""

    def __init__(self, taken: int) -> None:
        self._taken: int | None = taken

    def __call__(self, *preferred: int | None) -> int:
        taken, self._taken = self._taken, None
        return taken or addresses.choose_port(*preferred)
