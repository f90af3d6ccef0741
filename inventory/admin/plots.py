"""Plots as inline SVG, made on the server: presentation attributes and classes only, no style, no script."""

from collections.abc import Iterator, Sequence
from datetime import date
from xml.etree.ElementTree import Element, SubElement, tostring

from django.utils.safestring import SafeString, mark_safe

from .figures import Day
from .looks import grouped

WIDTH, HEIGHT = 860, 210
LEFT, RIGHT, TOP, BOTTOM = 52, 8, 10, 24
LETTER = 12
SPARK_WIDTH, SPARK_HEIGHT = 980, 130


def movement_bars(days: Sequence[Day]) -> SafeString:
    """Pieces in (upwards) and out (downwards) per day, each day with its figures as a tooltip."""
    most = _round_up(max(max(day.pieces_in, day.pieces_out) for day in days))
    half = (HEIGHT - TOP - BOTTOM) / 2
    zero = TOP + half
    total_in, total_out = sum(day.pieces_in for day in days), sum(day.pieces_out for day in days)
    svg = _svg(
        WIDTH, HEIGHT, f"{grouped(total_in)} pieces in and {grouped(total_out)} out over the last {len(days)} days"
    )
    for part in (1, 0.5, 0, -0.5, -1):
        y = zero - half * part
        _line(svg, "grid" if part else "axis", LEFT, y, WIDTH - RIGHT, y)
        _text(svg, LEFT - 6, y + 4, grouped(round(most * abs(part))), "end")
    step = (WIDTH - LEFT - RIGHT) / len(days)
    for number, day in enumerate(days):
        x = LEFT + number * step
        group = SubElement(svg, "g", {"class": "day"})
        SubElement(group, "title").text = _told(day)
        _rect(group, "hover", x, TOP, step, HEIGHT - TOP - BOTTOM)
        _rect(group, "in", x + step * 0.2, zero - half * day.pieces_in / most, step * 0.6, half * day.pieces_in / most)
        _rect(group, "out", x + step * 0.2, zero, step * 0.6, half * day.pieces_out / most)
        if number % 2 == (len(days) - 1) % 2:
            _text(svg, x + step / 2, HEIGHT - 6, f"{day.day:%d %b}".lstrip("0"), "middle")
    return _done(svg)


def sparkline(series: Sequence[tuple[date, int]], reorder_point: int | None) -> SafeString:
    """What was available at the end of each day, as steps, with the reorder point as a dashed line."""
    values = [value for _, value in series]
    marks = [*values, *([] if reorder_point is None else [reorder_point])]
    low, high = min(0, *marks), _round_up(max(marks))
    bottom = SPARK_HEIGHT - BOTTOM
    svg = _svg(SPARK_WIDTH, SPARK_HEIGHT, f"Available over {len(series)} days: from {values[0]} to {values[-1]} pieces")

    def height(value: int) -> float:
        return bottom - (bottom - TOP) * (value - low) / (high - low)

    step = (SPARK_WIDTH - LEFT - RIGHT) / len(series)
    line = " ".join(_steps([height(value) for value in values], step))
    right = SPARK_WIDTH - RIGHT
    SubElement(svg, "path", {"class": "area", "d": f"M{LEFT} {height(0):.1f} L{line} L{right} {height(0):.1f} Z"})
    _line(svg, "axis", LEFT, height(0), right, height(0))
    if reorder_point is not None:
        _line(svg, "reorder", LEFT, height(reorder_point), right, height(reorder_point))
        if min(abs(height(reorder_point) - height(mark)) for mark in (0, high)) > LETTER:
            _text(svg, LEFT - 6, height(reorder_point) + 4, grouped(reorder_point), "end")
    SubElement(svg, "path", {"class": "curve", "d": f"M{line}"})
    for value in {high, 0}:
        _text(svg, LEFT - 6, height(value) + 4, grouped(value), "end")
    for number, (day, value) in enumerate(series):
        group = SubElement(svg, "g", {"class": "day"})
        SubElement(group, "title").text = f"{day:%a %d %b}: {grouped(value)} available"
        _rect(group, "hover", LEFT + number * step, TOP, step, bottom - TOP)
    for number in (0, len(series) // 2, len(series) - 1):
        anchor = "start" if number == 0 else "end" if number == len(series) - 1 else "middle"
        x = LEFT if number == 0 else right if anchor == "end" else LEFT + (number + 0.5) * step
        _text(svg, x, SPARK_HEIGHT - 6, f"{series[number][0]:%d %b}".lstrip("0"), anchor)
    return _done(svg)


def _told(day: Day) -> str:
    return (
        f"{day.day:%a %d %b}: {grouped(day.pieces_in)} in, {grouped(day.pieces_out)} out, {grouped(day.rows)} movements"
    )


def _round_up(number: int) -> int:
    """The next even number that reads well on an axis: 2, 4, 6, 8, 10, 12, 16, 20, 30 … 100, 120, 160 …"""
    if number <= 10:
        return max(2, number + number % 2)
    unit = 1
    while number > 100 * unit:
        unit *= 10
    return next(step * unit for step in (12, 16, 20, 30, 40, 50, 60, 80, 100) if number <= step * unit)


def _steps(heights: Sequence[float], step: float) -> Iterator[str]:
    for number, y in enumerate(heights):
        yield f"{LEFT + number * step:.1f} {y:.1f}"
        yield f"{LEFT + (number + 1) * step:.1f} {y:.1f}"


def _svg(width: int, height: int, label: str) -> Element:
    box = {"viewBox": f"0 0 {width} {height}", "role": "img", "aria-label": label, "class": "plot"}
    return Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **box})


def _rect(parent: Element, name: str, x: float, y: float, width: float, height: float) -> None:
    size = {"width": f"{width:.1f}", "height": f"{height:.1f}"}
    SubElement(parent, "rect", {"class": name, "x": f"{x:.1f}", "y": f"{y:.1f}", **size})


def _line(parent: Element, name: str, x1: float, y1: float, x2: float, y2: float) -> None:
    ends = {"x1": f"{x1:.1f}", "y1": f"{y1:.1f}", "x2": f"{x2:.1f}", "y2": f"{y2:.1f}"}
    SubElement(parent, "line", {"class": name, **ends})


def _text(parent: Element, x: float, y: float, text: str, anchor: str) -> None:
    SubElement(parent, "text", {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor}).text = text


def _done(svg: Element) -> SafeString:
    # Built element by element and serialised by ElementTree, which escapes every text and attribute.
    return mark_safe(tostring(svg, encoding="unicode"))  # noqa: S308
