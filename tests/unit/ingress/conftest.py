"""Somebody who asks the REST API, with the rooms behind it in memory."""

from collections.abc import AsyncIterator

import pytest

from tests.fixtures.rest import Asker, asking


@pytest.fixture
async def asker() -> AsyncIterator[Asker]:
    async with asking() as one:
        yield one
