"""Histograms, rates and sky maps as SVG, from counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from astropy_healpix import HEALPix
from markupsafe import Markup
from numpy.typing import NDArray

from fink_tracklets.service.pages import svg
from fink_tracklets.service.pages.charts import BOTTOM, LEFT, RIGHT, TOP, ticks
from fink_tracklets.service.pages.svg import tenth
from fink_tracklets.service.sky import mollweide
from fink_tracklets.tables.summary import NSIDE

KINDS = ("one", "two", "three", "four")
"""The style sheet's lines, told apart by colour and dashes."""
COARSE = 16
"""HEALPix of the maps on pages: they show places, the report shows all."""
LEVELS = 6
HALF, MIDDLE = 139.0, (280.0, 142.0)


class Series(NamedTuple):
    """A line of a histogram."""

    name: str
    kind: str
    counts: NDArray[np.number]


def histogram(
    title: str,
    edges: NDArray[np.float64],
    series: Sequence[Series],
    x_label: str,
    y_label: str,
    log: bool = False,
) -> Markup | None:
    """Counts as lines of steps; None where all are zero.

    Parameters
    ----------
    edges : (n + 1,) of the bins
    log : logarithmic counts
    """
    total = np.sum([one.counts for one in series], axis=0)
    (some,) = np.nonzero(total)
    if not len(some):
        return None
    first, last = int(some[0]), int(some[-1]) + 1
    x0, x1 = float(edges[first]), float(edges[last])
    top = float(max(one.counts.max() for one in series))
    high = np.log10(top) * 1.05 + 0.1 if log else 1.08 * top
    low = -0.3 if log else 0.0

    def px(value: float) -> float:
        return LEFT + (value - x0) / (x1 - x0) * (RIGHT - LEFT)

    def py(value: float) -> float:
        y = np.log10(max(value, 10**low)) if log else value
        return BOTTOM - (float(y) - low) / (high - low) * (BOTTOM - TOP)

    shapes = [svg.frame(LEFT, TOP, RIGHT - LEFT, BOTTOM - TOP)]
    for tick in ticks(x0, x1):
        shapes.append(svg.path(f"M{tenth(px(tick))} {TOP}V{BOTTOM}", "grid"))
        shapes.append(svg.label(px(tick), BOTTOM + 18, f"{tick:g}"))
    levels = [10.0**k for k in range(int(high) + 1)] if log else ticks(0.0, high)
    for tick in levels:
        shapes.append(svg.path(f"M{LEFT} {tenth(py(tick))}H{RIGHT}", "grid"))
        shapes.append(svg.label(LEFT - 8, py(tick) + 4, f"{tick:,g}", "tick end"))
    for one in series:
        steps = [f"M{tenth(px(x0))} {BOTTOM}"]
        for k in range(first, last):
            steps.append(f"V{tenth(py(float(one.counts[k])))}H{tenth(px(float(edges[k + 1])))}")
        shapes.append(svg.path("".join([*steps, f"V{BOTTOM}"]), f"series {one.kind}"))
    turned = Markup('<text transform="translate(15 {}) rotate(-90)" class="tick">{}</text>')
    shapes.append(svg.label((LEFT + RIGHT) / 2, BOTTOM + 38, x_label))
    shapes.append(turned.format((TOP + BOTTOM) / 2, y_label))
    told = "; ".join(f"{one.name} {one.counts.sum():,.0f}" for one in series)
    return svg.picture(540, 266, f"{title}: {told}", shapes)


def healpix_map(title: str, counts: NDArray[np.int64]) -> Markup | None:
    """A map of the sky, darker where there are more; None where there are none.

    Parameters
    ----------
    counts : of the pixels of `NSIDE`, ring order
    """
    coarse = _coarser(counts)
    (some,) = np.nonzero(coarse)
    if not len(some):
        return None
    grid = HEALPix(COARSE, order="ring")
    ra, dec = (angle.deg for angle in grid.healpix_to_lonlat(some))
    places = np.array(MIDDLE) + mollweide(ra, dec) * [HALF, -HALF]
    top = np.log1p(coarse[some].max())
    level = np.ceil(LEVELS * np.log1p(coarse[some]) / top).astype(int)
    side = 2 * HALF * np.sqrt(np.pi / (12 * COARSE**2))
    outline = Markup('<ellipse cx="{}" cy="{}" rx="{}" ry="{}" class="frame"/>')
    shapes = [outline.format(*MIDDLE, 2 * HALF, HALF)]
    form = Markup('<path d="{}" class="cell" fill-opacity="{}"/>')
    for one in range(1, LEVELS + 1):
        cells = (
            f"M{x - side / 2:.1f} {y - side / 2:.1f}h{side:.1f}v{side:.1f}h-{side:.1f}z"
            for x, y in places[level == one]
        )
        shapes.append(form.format("".join(cells), round(one / LEVELS, 2)))
    for dec_line in (-60, -30, 0, 30, 60):
        line = mollweide(np.linspace(180.001, 539.999, 121), np.full(121, dec_line))
        shapes.append(svg.polyline(np.array(MIDDLE) + line * [HALF, -HALF], "grid"))
    for hours in (0, 4, 8, 16, 20):
        ((x, y),) = np.array(MIDDLE) + mollweide([15 * hours], [0]) * [HALF, -HALF]
        shapes.append(svg.label(x, y - 4, f"{hours}h"))
    return svg.picture(560, 284, f"{title}: {counts.sum():,} on the sky, ICRS", shapes)


def _coarser(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Counts of `NSIDE` in pixels of `COARSE`."""
    fine = HEALPix(NSIDE, order="ring")
    nested = fine.ring_to_nested(np.arange(fine.npix))
    grid = HEALPix(COARSE, order="nested")
    parent = grid.nested_to_ring(nested // (NSIDE // COARSE) ** 2)
    return np.bincount(parent, counts, grid.npix).astype(np.int64)
