"""Colours that the colour-blind tell apart (Okabe & Ito 2008), and what several figures share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, GREY = "#CC79A7", "#56B4E9", "#8c8c8c"
MAP = "cividis"
CLASS_STYLE = {
    "all": (BLUE, "-", "all candidates"),
    "multi_peak": (ORANGE, "--", "several peaks"),
    "blind": (GREEN, "-.", "matched blindly"),
    "tracklet": (RED, "-", "in tracklets"),
}
"""Of P1's figure 10: colour, line and name."""
ZONES = {
    "low": (SKY, 6_578, 8_378, "low orbits"),
    "molniya": (PURPLE, 26_100, 27_100, "semi-synchronous"),
    "geosynchronous": (ORANGE, 41_164, 43_164, "geosynchronous"),
}
"""Semi-major axes [km] that P1's figure 5 marks."""
AXIS = "semi-major axis [km]"


def stairs(
    axes: Any, counts: NDArray[Any], edges: NDArray[np.float64], colour: str, line: str, label: str
) -> None:
    """A histogram as a line."""
    axes.stairs(counts, edges, color=colour, ls=line, lw=1.5, label=label)


def occupied(counts: NDArray[Any], edges: NDArray[np.float64]) -> tuple[float, float]:
    """From the first to the last bin that holds anything."""
    (some,) = np.nonzero(counts)
    if not len(some):
        return float(edges[0]), float(edges[-1])
    return float(edges[some[0]]), float(edges[some[-1] + 1])


def mark_zones(axes: Any, named: bool = True) -> None:
    """Shade the three zones of P1's figure 5 and set the axis of semi-major axes."""
    for colour, low, high, name in ZONES.values():
        axes.axvspan(low, high, color=colour, alpha=0.25, lw=0, label=name if named else None)
    axes.set_xscale("log")
    axes.set_xlim(6_300, 60_000)
    axes.set_xticks([7_000, 10_000, 20_000, 42_000], ["7,000", "10,000", "20,000", "42,000"])
    axes.minorticks_off()
    axes.set_xlabel(AXIS)


def colourbar(figure: Any, drawn: Any, axes: Any, label: str) -> None:
    """The scale of a figure's colours."""
    figure.colorbar(drawn, ax=axes, label=label, pad=0.02)
