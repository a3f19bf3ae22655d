"""sender's templates as executor meets them."""

from dataclasses import dataclass
from uuid import UUID

from services.executor.domain.lint import KnownTemplates


@dataclass
class TemplatesToldOf:
    """ports.Templates: None is a sender that is away, or never read any from Meta."""

    told: KnownTemplates | None = None

    async def known(self, *, organization_id: UUID) -> KnownTemplates | None:
        return self.told
