"""A box of lanes for each test. Claims take whatever is ready, so the box is emptied before each."""

from collections.abc import AsyncIterator

import pytest

from tests.fixtures.mailbox import Mailbox, open_mailbox
from tests.fixtures.servers import Database as OwnDatabase


@pytest.fixture
async def mailbox(module_database: OwnDatabase) -> AsyncIterator[Mailbox]:
    mailbox = await open_mailbox(module_database.url_of("ingress"), module_database.superuser_url)
    mailbox.empty()
    yield mailbox
    await mailbox.database.close()
