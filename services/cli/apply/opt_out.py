"""Stop and start words of apply's files."""

from services.cli.apply.reading import Fields
from services.cli.apply.wanted import OptOutLanguage, OptOutWords

_KEYS = ("off", "languages")
_LANGUAGE_KEYS = ("language", "stop_words", "start_words", "stopped_text", "started_text")
_LONGEST_WORD = 60
_LONGEST_TEXT = 1024


def read_opt_out(fields: Fields) -> OptOutWords:
    """The words of an organization; an empty object asks for the usual ones."""
    own = Fields.of(fields.values["opt_out"], fields.where.key("opt_out"), fields.problems, _KEYS)
    languages = tuple(
        _language(Fields.of(item, where, fields.problems, _LANGUAGE_KEYS)) for item, where in own.items("languages")
    )
    is_off = own.flag("off", default=False)
    if is_off and languages:
        own.problems.add(own.where.key("off"), "is true and languages are listed; keep one of them")
    return OptOutWords(languages, is_off)


def _language(fields: Fields) -> OptOutLanguage:
    return OptOutLanguage(
        language=fields.text("language", is_required=True, most=20),
        stop_words=_words(fields, "stop_words"),
        start_words=_words(fields, "start_words"),
        stopped_text=fields.text("stopped_text", most=_LONGEST_TEXT),
        started_text=fields.text("started_text", most=_LONGEST_TEXT),
    )


def _words(fields: Fields, key: str) -> tuple[str, ...]:
    return tuple(fields.as_text(value, place, most=_LONGEST_WORD) for value, place in fields.items(key))
