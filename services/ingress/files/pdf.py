"""PDF: conversations on A4, in the fonts that every reader has."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase.pdfmetrics import getFont
from reportlab.pdfgen.canvas import Canvas

from services.ingress.domain.legible import legible, lines_of
from services.ingress.domain.log_files import Row
from services.ingress.domain.transcripts import SPEAKERS, Cover, Part, by_flow

# Points, 72 to the inch; y grows upwards.
_WIDTH, _HEIGHT = A4
_EDGE, _FOOT = 54.0, 60.0
_SPEAKER_AT, _TEXT_AT = 150.0, 198.0
_PLAIN, _BOLD, _SLANTED = "Helvetica", "Helvetica-Bold", "Helvetica-Oblique"
_SIZE, _LEADING, _GAP = 9.0, 11.5, 2.0
_NO_WORDS = "(without words: a file, a place or the like)"

_HELD = (
    "What contacts wrote and what flows answered, as the log has it. The words of messages that people, programs and"
    " campaigns sent are not in the log, and not here. A character that the font lacks stands as its Unicode name in"
    " brackets."
)


def transcripts(cover: Cover, parts: Sequence[Part]) -> bytes:
    """A document. The same values give the same bytes."""
    zone = _zone(cover.time_zone)
    paper = _Paper(f"Conversations of {cover.organization}")
    paper.write(f"Conversations of {cover.organization}", font=_BOLD, size=15)
    paper.write(_summary(cover, parts, zone))
    paper.write(_HELD, font=_SLANTED)
    for part in parts:
        paper.head(part.heading)
        for flow, messages in by_flow(part.messages):
            if flow:
                paper.write(flow, font=_SLANTED)
            for message in messages:
                words = str(message["text"]) or _NO_WORDS
                paper.say(_local(message, zone), SPEAKERS[str(message["speaker"])], words)
    return paper.bytes()


def _summary(cover: Cover, parts: Sequence[Part], zone: tzinfo) -> str:
    messages = sum(len(part.messages) for part in parts)
    since = f"from {_moment(cover.since, zone)}" if cover.since else "from the first"
    until = f"up to {_moment(cover.until, zone)}" if cover.until else "up to the last"
    written = f"Written {_moment(cover.written_at, zone)}. All times are those of {zone}."
    return f"Messages: {messages}; contacts: {len(parts)}; {since} {until}. {written}"


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ValueError, ZoneInfoNotFoundError):
        return ZoneInfo("UTC")


def _local(message: Row, zone: tzinfo) -> str:
    return _moment(datetime.fromisoformat(str(message["occurred_at"])), zone)


def _moment(moment: datetime, zone: tzinfo) -> str:
    try:
        return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    except OverflowError:  # The first and the last day that there are.
        return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


class _Paper:
    """Pages, filled from top to bottom."""

    def __init__(self, title: str) -> None:
        self._file = io.BytesIO()
        self._canvas = Canvas(self._file, pagesize=A4, pageCompression=1, invariant=1)
        self._canvas.setTitle(title)
        self._canvas.setCreator("PyTake")
        self._y = _HEIGHT - _EDGE

    def write(self, text: str, *, font: str = _PLAIN, size: float = _SIZE) -> None:
        """A paragraph over the whole width, and a little room."""
        for line in _wrapped(text, font, size, _WIDTH - 2 * _EDGE):
            self._step(size * 1.3)
            self._draw(_EDGE, line, font, size)
        self._y -= _LEADING / 3

    def head(self, text: str) -> None:
        """A heading, with room for a message under it."""
        self._y -= _LEADING
        if self._y - 5 * _LEADING < _FOOT:
            self._turn()
        self.write(text, font=_BOLD, size=12)

    def say(self, when: str, who: str, text: str) -> None:
        """A message: when, who, what; the next page goes on with it."""
        self._y -= _GAP
        for place, line in enumerate(_wrapped(text, _PLAIN, _SIZE, _WIDTH - _EDGE - _TEXT_AT)):
            self._step(_LEADING)
            if place == 0:
                self._draw(_EDGE, when, _PLAIN, _SIZE)
                self._draw(_SPEAKER_AT, who, _BOLD, _SIZE)
            self._draw(_TEXT_AT, line, _PLAIN, _SIZE)

    def bytes(self) -> bytes:
        """The whole document."""
        self._number()
        self._canvas.save()
        return self._file.getvalue()

    def _draw(self, x: float, text: str, font: str, size: float) -> None:
        self._canvas.setFont(font, size)
        self._canvas.drawString(x, self._y, text)

    def _step(self, height: float) -> None:
        if self._y - height < _FOOT:
            self._turn()
        self._y -= height

    def _turn(self) -> None:
        self._number()
        self._canvas.showPage()
        self._y = _HEIGHT - _EDGE

    def _number(self) -> None:
        self._canvas.setFont(_PLAIN, 8)
        self._canvas.drawRightString(_WIDTH - _EDGE, _EDGE / 2 + 6, str(self._canvas.getPageNumber()))


def _wrapped(text: str, font: str, size: float, most: float) -> list[str]:
    # Of a thousandth of the size, as fonts tell it.
    return list(lines_of(legible(text), getFont(font).widths, most * 1000 / size))
