"""An office for each test: an organization of its own on the tables of the module's database."""

from collections.abc import AsyncIterator

import pytest

from tests.fixtures.accounts import Office, open_office
from tests.fixtures.servers import Database as OwnDatabase


@pytest.fixture
async def office(module_database: OwnDatabase) -> AsyncIterator[Office]:
    async with open_office(module_database.url_of("ingress")) as opened:
        yield opened
