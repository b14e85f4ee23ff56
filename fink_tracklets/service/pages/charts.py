"""Magnitudes against something, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from fink_tracklets.service.pages import svg
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

    shapes = [svg.frame(LEFT, TOP, RIGHT - LEFT, BOTTOM - TOP)]
    for tick in ticks(x0, x1):
        shapes.append(svg.path(f"M{tenth(px(tick))} {TOP}V{BOTTOM}", "grid"))
        shapes.append(svg.label(px(tick), BOTTOM + 18, f"{tick:g}"))
    for tick in ticks(y0, y1):
        shapes.append(svg.path(f"M{LEFT} {tenth(py(tick))}H{RIGHT}", "grid"))
        shapes.append(svg.label(LEFT - 8, py(tick) + 4, f"{tick:g}", "tick end"))
    if limit is not None:
        floor = tenth(py(limit))
        shapes.append(svg.path(f"M{LEFT} {floor}H{RIGHT}", "limit"))
        stems = (f"M{tenth(px(a))} {floor}V{tenth(py(b))}" for a, b in zip(xs, ys, strict=True))
        shapes.append(svg.path("".join(stems), "stem"))
    rings = hollow if hollow is not None else [False] * len(xs)
    for a, b, error, ring in zip(xs, ys, bars, rings, strict=True):
        if error:
            bar = f"M{tenth(px(a))} {tenth(py(b - error))}V{tenth(py(b + error))}"
            shapes.append(svg.path(bar, "bar thin"))
        shapes.append(svg.circle(px(a), py(b), 4, "glint ring" if ring else "glint"))
    turned = Markup('<text transform="translate(15 {}) rotate(-90)" class="tick">{}</text>')
    shapes.append(svg.label((LEFT + RIGHT) / 2, BOTTOM + 38, x_label))
    shapes.append(turned.format((TOP + BOTTOM) / 2, y_label))
    told = f"{title}: {len(xs)} points, {y_label} {ys.min():.2f} to {ys.max():.2f}"
    return svg.picture(540, 266, told, shapes)


def _span(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    margin = 0.06 * (high - low) or 0.5
    return low - margin, high + margin


def ticks(low: float, high: float) -> list[float]:
    """Round numbers between two."""
    step = 10.0 ** np.floor(np.log10((high - low) / 4))
    for factor in (1, 2, 5, 10):
        if (high - low) / (factor * step) <= 7:
            step *= factor
            break
    first = int(np.ceil(low / step))
    return [round(k * step, 10) for k in range(first, int(np.floor(high / step)) + 1)]
