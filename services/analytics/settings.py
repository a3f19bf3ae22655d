"""What analytics is told from outside. It calls nobody, so it has no targets."""

from __future__ import annotations

import dataclasses

from services.chassis.settings import ServiceSettings, setting


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings(ServiceSettings):
    """The settings of analytics."""

    record_batch_size: int = setting(
        "RECORD_BATCH_SIZE", "records of concurrent callers that are stored in one transaction, at most", default=512
    )
