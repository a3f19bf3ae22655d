"""Files for tests whose messages name none."""

from services.sender.ports import Key
from services.sender.worker.errand import Errand


class NoFiles:
    """See surroundings.ReadyFiles."""

    async def __call__(self, key: Key, errand: Errand) -> Errand:
        raise AssertionError("no message of this test names a file")

    async def renew(self, key: Key, errand: Errand) -> bool:
        raise AssertionError("no message of this test names a file")


no_files = NoFiles()
