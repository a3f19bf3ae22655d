"""Bar charts as SVG text: horizontal bars, each of one or more stacked parts, with a key and the sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

COLOURS = ("#3b6fb6", "#e0833a", "#4c9f70", "#c8553d", "#7d5ba6", "#8c6d46", "#d16ba5", "#7a7a7a", "#b5a642", "#3aa6b9")
WIDTH = 860
LABEL = 250
BAR = 22
ROW = 34
TOP = 74
MARGIN = 20
SUM = 90
LETTERS = 'font-family="sans-serif" font-size="13"'
KEY_LETTER = 7.2
"""Pixels a letter of the key takes, about; text cannot be measured here."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A labelled row; `parts` stand one after the other in the order of the chart's series."""

    label: str
    parts: tuple[float, ...]

    @property
    def total(self) -> float:
        return sum(self.parts)


def bar_chart(title: str, series: Sequence[str], bars: Sequence[Bar], *, unit: str) -> str:
    """Draw bars on one scale that begins at zero. Raises ValueError when a bar has not one part per series."""
    if any(len(bar.parts) != len(series) for bar in bars):
        raise ValueError("every bar needs one part for each series")
    scale = (WIDTH - LABEL - SUM - MARGIN) / (max((bar.total for bar in bars), default=0.0) or 1.0)
    height = TOP + ROW * len(bars) + MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" {LETTERS}>',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{MARGIN}" y="26" font-size="16" font-weight="bold">{escape(title)}</text>',
        *_key(series),
    ]
    for place, bar in enumerate(bars):
        lines += _row(bar, TOP + ROW * place, scale, unit)
    return "\n".join([*lines, "</svg>\n"])


def _key(series: Sequence[str]) -> list[str]:
    lines, x = [], float(MARGIN)
    for place, name in enumerate(series):
        lines.append(f'<rect x="{x:.1f}" y="42" width="12" height="12" fill="{_colour(place)}"/>')
        lines.append(f'<text x="{x + 17:.1f}" y="53">{escape(name)}</text>')
        x += 17 + KEY_LETTER * len(name) + 16
    return lines


def _row(bar: Bar, y: int, scale: float, unit: str) -> list[str]:
    middle = y + BAR - 6
    lines = [f'<text x="{LABEL - 10}" y="{middle}" text-anchor="end">{escape(bar.label)}</text>']
    x = float(LABEL)
    for place, value in enumerate(bar.parts):
        if value > 0:
            width = value * scale
            lines.append(f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{_colour(place)}"/>')
            x += width
    return [*lines, f'<text x="{x + 6:.1f}" y="{middle}">{bar.total:.3g} {escape(unit)}</text>']


def _colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]
