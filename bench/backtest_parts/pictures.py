"""Small pictures as SVG, without a library: bars, and a curve above bars."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH, HEIGHT, EDGE = 360, 120, 18
_INK, _PALE, _LINE = "#1f2937", "#9ca3af", "#2563eb"


def histogram(title: str, shares: Sequence[float]) -> str:
    """Bars of equal width, with a line where they all should end."""
    even, top = 1 / len(shares), max(*shares, 2 / len(shares))
    width = (WIDTH - 2 * EDGE) / len(shares)
    bars = "".join(
        f'<rect x="{EDGE + n * width + 1:.1f}" y="{_up(share / top):.1f}" width="{width - 2:.1f}"'
        f' height="{share / top * (HEIGHT - 2 * EDGE):.1f}" fill="{_PALE}"/>'
        for n, share in enumerate(shares)
    )
    line = f'<path d="M{EDGE} {_up(even / top):.1f}H{WIDTH - EDGE}" stroke="{_LINE}" stroke-dasharray="4 3"/>'
    return _picture(title, bars + line)


def curve(title: str, counts: Sequence[float], influence: Sequence[float]) -> str:
    """Counts as bars, and the influence by week as a line, each to its own height."""
    step = (WIDTH - 2 * EDGE) / len(counts)
    bars = "".join(
        f'<rect x="{EDGE + n * step + 1:.1f}" y="{_up(count / max(counts)):.1f}" width="{step - 2:.1f}"'
        f' height="{count / max(counts) * (HEIGHT - 2 * EDGE):.1f}" fill="{_PALE}"/>'
        for n, count in enumerate(counts)
    )
    points = " ".join(
        f"{EDGE + (n + 0.5) * step:.1f},{_up(value / max(influence)):.1f}" for n, value in enumerate(influence)
    )
    return _picture(title, f'{bars}<polyline points="{points}" fill="none" stroke="{_LINE}" stroke-width="2"/>')


def _up(share: float) -> float:
    return HEIGHT - EDGE - share * (HEIGHT - 2 * EDGE)


def _picture(title: str, inside: str) -> str:
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    style = f'font-family="sans-serif" font-size="11" fill="{_INK}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
        f'<text x="{EDGE}" y="13" {style}>{title}</text>{inside}</svg>\n'
    )
