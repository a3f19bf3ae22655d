"""A fresh world for every test."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.simulated_meta.world import World


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    await made.client.start_server()
    yield made
    await made.client.close()
