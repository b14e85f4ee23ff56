"""P2's figure 3: the Venn diagram of the evidence, and maps of the sky."""

from __future__ import annotations

from typing import Any

import numpy as np
from astropy import units
from astropy_healpix import HEALPix
from numpy.typing import NDArray

from fink_tracklets.plots.report.style import BLUE, GREEN, MAP, ORANGE, colourbar
from fink_tracklets.tables.summary import NSIDE
from fink_tracklets.years.numbers import venn
from fink_tracklets.years.rates import MS_PER_HOUR
from fink_tracklets.years.span import Span

CIRCLES = {
    "tracklet": (-0.45, 0.3, BLUE, "in tracklets"),
    "satellite": (0.45, 0.3, GREEN, "matched with\na satellite"),
    "multi_peak": (0.0, -0.48, ORANGE, "several peaks"),
}
PLACES = {
    "tracklet": (-0.95, 0.55),
    "satellite": (0.95, 0.55),
    "multi_peak": (0.0, -1.0),
    "tracklet & satellite": (0.0, 0.66),
    "tracklet & multi_peak": (-0.55, -0.23),
    "satellite & multi_peak": (0.55, -0.23),
    "tracklet & satellite & multi_peak": (0.0, 0.06),
}
NAMES = {"tracklet": (-1.25, 1.22), "satellite": (1.25, 1.16), "multi_peak": (1.15, -1.15)}


def evidence(figure: Any, span: Span) -> str | None:
    """P2 figure 3, left: candidates by the three kinds of evidence, all eight cells."""
    from matplotlib.patches import Circle

    cells = venn(span.summary)
    total = sum(cells.values())
    if not total:
        return "no night has both satellites looked for and stamps measured"
    axes = figure.subplots()
    for name, (x, y, colour, text) in CIRCLES.items():
        axes.add_patch(Circle((x, y), 0.9, fc=colour, alpha=0.3, ec=colour, lw=1.5))
        axes.text(*NAMES[name], text, ha="center", va="center", fontsize=10)
    for cell, place in PLACES.items():
        axes.text(*place, f"{cells[cell]:,}", ha="center", va="center", fontsize=11)
    axes.text(-1.75, -1.4, f"none: {cells['none']:,}", fontsize=10)
    share = 1 - cells["none"] / total
    axes.set_title(f"{total:,} candidates, {share:.1%} with any evidence", fontsize=10)
    axes.set(xlim=(-1.8, 1.8), ylim=(-1.5, 1.4), aspect="equal")
    axes.axis("off")
    return None


def maps(figure: Any, span: Span) -> str | None:
    """P2 figure 3, right: candidates with and without evidence, and the exposure, on the sky."""
    from matplotlib.colors import LogNorm

    s = span.summary
    if not s.number("map/exposure"):
        return "no exposure has a place"
    exposed = s["map/exposure"] / 576 / MS_PER_HOUR * span.survey.field_area_deg2
    some = s["map/any"]
    for k, (values, label) in enumerate(
        (
            (some, "candidates with any evidence"),
            (s["map/all"] - some, "candidates without"),
            (exposed, "exposure [deg² h]"),
        )
    ):
        axes = figure.add_subplot(3, 1, k + 1, projection="mollweide")
        shown = np.ma.masked_less_equal(values.astype(float), 0)
        top = max(float(shown.max()) if shown.count() else 1.0, 1.0 if k < 2 else 1e-3)
        low = 1.0 if k < 2 else float(shown.min())
        drawn = _draw(axes, shown, LogNorm(low, max(top, 1.1 * low)))
        colourbar(figure, drawn, axes, label)
    return None


def _draw(axes: Any, values: NDArray[np.float64], norm: Any) -> Any:
    """A map in equatorial coordinates, right ascension to the left."""
    longitude = np.linspace(-180, 180, 361)
    latitude = np.linspace(-90, 90, 181)
    middle = (longitude[1:] + longitude[:-1]) / 2, (latitude[1:] + latitude[:-1]) / 2
    lon, lat = np.meshgrid(*middle)
    grid = HEALPix(NSIDE, order="ring")
    pixels = grid.lonlat_to_healpix(-lon * units.deg, lat * units.deg)
    axes.set_xticks(np.radians([-120, -60, 0, 60, 120]), ["8h", "4h", "0h", "20h", "16h"])
    axes.set_yticks(np.radians([-60, -30, 0, 30, 60]))
    axes.tick_params(labelsize=7)
    drawn = axes.pcolormesh(
        np.radians(longitude),
        np.radians(latitude),
        values[pixels],
        cmap=MAP,
        norm=norm,
        rasterized=True,
    )
    axes.grid(alpha=0.4)
    return drawn
