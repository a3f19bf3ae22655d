"""Files for tests whose messages name none."""

from services.sender.ports import Key
from services.sender.worker.errand import Errand


async def no_files(key: Key, errand: Errand) -> Errand:
    """See surroundings.ReadyFiles."""
    raise AssertionError("no message of this test names a file")
