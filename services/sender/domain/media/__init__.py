"""Files: what Meta takes, what is taken from Meta, and under which names they are kept."""

from services.sender.domain.media.inbound import MediaRefused, check_sha256, is_allowed_source, media_type
from services.sender.domain.media.kinds import (
    MediaKind,
    broken_media_limit,
    is_known_type,
    kind_of,
    most_bytes,
)
from services.sender.domain.media.places import object_key

__all__ = [
    "MediaKind",
    "MediaRefused",
    "broken_media_limit",
    "check_sha256",
    "is_allowed_source",
    "is_known_type",
    "kind_of",
    "media_type",
    "most_bytes",
    "object_key",
]
