"""Magnitudes against something, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fink_tracklets.service.pages.html import Markup, tag
from fink_tracklets.service.pages.svg import tenth

LEFT, RIGHT, TOP, BOTTOM = 68.0, 532.0, 12.0, 220.0


def chart(
    title: str,
    x: Sequence[float],
    mag: Sequence[float],
    errors: Sequence[float | None],
    x_label: str,
    y_label: str,
    limit: float | None = None,
    hollow: Sequence[bool] | None = None,
) -> Markup:
    """Points with error bars, brighter ones above.

    Parameters
    ----------
    limit : the points are flashes that rise from somewhere below this magnitude
    hollow : points that are drawn as rings
    """
    xs, ys = np.asarray(x, float), np.asarray(mag, float)
    bars = np.array([e if e is not None and np.isfinite(e) else 0.0 for e in errors])
    x0, x1 = _span(xs)
    low = np.append(ys + bars, [] if limit is None else [limit])
    y0, y1 = _span(np.concatenate([ys - bars, low]))

    def px(value: Any) -> Any:
        return LEFT + (value - x0) / (x1 - x0) * (RIGHT - LEFT)

    def py(value: Any) -> Any:
        return TOP + (value - y0) / (y1 - y0) * (BOTTOM - TOP)

    shapes: list[Any] = []
    for tick in _ticks(x0, x1):
        at = tenth(px(tick))
        shapes.append(tag("path", d=f"M{at} {TOP}V{BOTTOM}", class_="grid"))
        shapes.append(tag("text", f"{tick:g}", x=at, y=BOTTOM + 18, class_="tick"))
    for tick in _ticks(y0, y1):
        at = tenth(py(tick))
        shapes.append(tag("path", d=f"M{LEFT} {at}H{RIGHT}", class_="grid"))
        shapes.append(tag("text", f"{tick:g}", x=LEFT - 8, y=at + 4, class_="tick end"))
    if limit is not None:
        floor = tenth(py(limit))
        shapes.append(tag("path", d=f"M{LEFT} {floor}H{RIGHT}", class_="limit"))
        stems = "".join(
            f"M{tenth(px(a))} {floor}V{tenth(py(b))}" for a, b in zip(xs, ys, strict=True)
        )
        shapes.append(tag("path", d=stems, class_="stem"))
    rings = hollow if hollow is not None else [False] * len(xs)
    for a, b, error, ring in zip(xs, ys, bars, rings, strict=True):
        at, top, bottom = tenth(px(a)), tenth(py(b - error)), tenth(py(b + error))
        if error:
            shapes.append(tag("path", d=f"M{at} {top}V{bottom}", class_="bar thin"))
        kind = "glint ring" if ring else "glint"
        shapes.append(tag("circle", cx=at, cy=tenth(py(b)), r=4, class_=kind))
    labels = [
        tag("text", x_label, x=(LEFT + RIGHT) / 2, y=BOTTOM + 38, class_="tick"),
        tag("text", y_label, transform=f"translate(15 {(TOP + BOTTOM) / 2}) rotate(-90)",
            class_="tick"),
    ]  # fmt: skip
    frame = tag("rect", x=LEFT, y=TOP, width=RIGHT - LEFT, height=BOTTOM - TOP, class_="frame")
    return tag(
        "svg", frame, shapes, labels, viewBox="0 0 540 266", role="img",
        aria_label=f"{title}: {len(xs)} points, {y_label} {ys.min():.2f} to {ys.max():.2f}",
    )  # fmt: skip


def _span(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    margin = 0.06 * (high - low) or 0.5
    return low - margin, high + margin


def _ticks(low: float, high: float) -> list[float]:
    step = 10.0 ** np.floor(np.log10((high - low) / 4))
    for factor in (1, 2, 5, 10):
        if (high - low) / (factor * step) <= 7:
            step *= factor
            break
    first = int(np.ceil(low / step))
    return [round(k * step, 10) for k in range(first, int(np.floor(high / step)) + 1)]
