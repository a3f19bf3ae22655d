"""Files that a message names by their ids here: given to Meta before its call, and named by Meta's ids in its body."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from services.chassis.errors import Unavailable
from services.pb.sender.v1 import sender_pb2
from services.sender.domain.media import MediaRefused
from services.sender.domain.settling import Hold
from services.sender.ports import Key
from services.sender.ports.media import MediaAway, MediaOnItsWay
from services.sender.usecases.media import GiveMedia
from services.sender.worker.bodies import body_of
from services.sender.worker.bodies.uploads import uploads_in
from services.sender.worker.errand import Errand
from services.sender.worker.surroundings import NumberBook

_AGAIN_SECONDS = 15.0
_ON_ITS_WAY_SECONDS = 0.5
_STORE_SECONDS = 2.0
_NO_TOKEN_SECONDS = 60.0


class Files:
    """Readies errands whose messages name files (surroundings.ReadyFiles)."""

    def __init__(self, give: GiveMedia, numbers: NumberBook) -> None:
        self._give = give
        self._numbers = numbers

    async def __call__(self, key: Key, errand: Errand) -> Errand:
        """The errand with its body, refused for good, or held for a while."""
        message = sender_pb2.OutboundMessage.FromString(errand.attached)
        try:
            (facts,) = await self._numbers.get([key])
            if facts.token is None:
                return replace(errand, hold=Hold(_NO_TOKEN_SECONDS, "the number has no access token"))
            given = []
            for media in uploads_in(message.content):
                media_id = UUID(media.upload)
                media.id = await self._give(
                    organization_id=key[0], media_id=media_id, phone_number_id=key[1], token=facts.token
                )
                given.append((media_id, media.id))
        except MediaRefused as error:
            return replace(errand, refusal=f"Meta would refuse this message: {error}")
        except MediaAway as error:
            seconds = _ON_ITS_WAY_SECONDS if isinstance(error, MediaOnItsWay) else _AGAIN_SECONDS
            return replace(errand, hold=Hold(seconds, f"a file could not be given to Meta: {error}"))
        except Unavailable:
            return replace(errand, hold=Hold(_STORE_SECONDS, "the store was out of reach"))
        return replace(errand, body=body_of(message), given=tuple(given))

    async def renew_of_stored(self, key: Key, payload: bytes) -> None:
        """Meta took a message and could not use its files: the next one gives them anew. Raises errors.Unavailable."""
        for media in uploads_in(sender_pb2.OutboundMessage.FromString(payload).content):
            await self._give.give_anew(
                organization_id=key[0], media_id=UUID(media.upload), phone_number_id=key[1], meta_id=""
            )

    async def renew(self, key: Key, errand: Errand) -> bool:
        """Meta would not send it with the files it was given; whether another try will give other ids."""
        try:
            renewed = [
                await self._give.give_anew(
                    organization_id=key[0], media_id=media_id, phone_number_id=key[1], meta_id=meta_id
                )
                for media_id, meta_id in errand.given
            ]
        except Unavailable:
            # The one more try there is finds out.
            return True
        return any(renewed)
