"""Which files of contacts are kept, in apply's files."""

from services.cli.apply.reading import Fields
from services.cli.apply.wanted import MediaWishes

_KEYS = ("off", "kinds", "max_bytes")
_KINDS = ("image", "video", "audio", "document", "sticker")
# The most that Meta hands on (sender.ReceivedMedia.PutPolicy).
_MOST_BYTES = 100 * 1024 * 1024


def read_media(fields: Fields) -> MediaWishes:
    """What an organization wants; an empty object asks for files of every kind."""
    own = Fields.of(fields.values["media"], fields.where.key("media"), fields.problems, _KEYS)
    kinds = tuple(own.as_text(value, place) for value, place in own.items("kinds"))
    for kind, (_, place) in zip(kinds, own.items("kinds"), strict=True):
        if kind and kind not in _KINDS:
            own.problems.add(place, f"is {kind!r}; use {', '.join(_KINDS)}")
    is_off = own.flag("off", default=False)
    if is_off and (own.has("kinds") or own.has("max_bytes")):
        own.problems.add(own.where.key("off"), "is true and other wishes are named; keep one of them")
    return MediaWishes(tuple(sorted(set(kinds))), own.number("max_bytes", most=_MOST_BYTES), is_off)
