"""The table `summary`: a night's counts, which add up, and the axes along which they are counted.

All quantities stand one after the other in one vector of whole numbers, `SIZE` long, the same for
every night and survey: two nights' sum is the sum of their vectors.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from math import prod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fink_tracklets.tables.table import Column, Table

SUMMARY = Table(
    "summary",
    "one row per quantity and bin that is not zero: what the night counts in a sum over nights",
    (
        Column("quantity", "string", "", "name, see docs/years.md", since=3),
        Column("bin", "int", "", "along the quantity's axes, the last one fastest", since=3),
        Column("count", "bigint", "", "whole number; nights are added", since=3),
    ),
)


@dataclass(frozen=True)
class Axis:
    """Equal bins; what lies beyond either end counts in the last one there."""

    name: str
    unit: str
    low: float
    step: float
    n: int

    @property
    def edges(self) -> NDArray[np.float64]:
        """(n + 1,) from the lowest to the highest, in the unit."""
        return np.round(self.low + self.step * np.arange(self.n + 1), 9)

    @property
    def middles(self) -> NDArray[np.float64]:
        """(n,) in the unit."""
        return (self.edges[1:] + self.edges[:-1]) / 2

    def bins(self, values: ArrayLike) -> NDArray[np.int64]:
        """The bin of each value; -1 where it is none."""
        given = np.asarray(values, dtype=float)
        with np.errstate(invalid="ignore"):
            place = np.floor(np.round((given - self.low) / self.step, 6)).clip(0, self.n - 1)
        return np.where(np.isfinite(given), np.nan_to_num(place), -1).astype(np.int64)


NSIDE = 32
"""Of the sky maps: HEALPix, ring order, ICRS; 3.36 deg^2 a pixel."""
SAMPLES = 24
"""A field's area is counted at so many places squared, evenly over a square."""

MAG = Axis("magnitude", "mag", 10.0, 0.1, 150)
INSTANT = Axis("instant magnitude", "mag", -5.0, 0.1, 250)
QUALITY = Axis("quality score", "", 0.0, 0.02, 50)
ELONGATION = Axis("distance from the Sun", "deg", 0.0, 5.0, 36)
CANDIDATES = Axis("candidates", "", 0.0, 1.0, 501)
POINTS = Axis("events", "", 0.0, 1.0, 501)
LENGTH = Axis("log length", "log arcsec", 0.5, 0.1, 45)
DURATION = Axis("log duration", "log s", -4.0, 0.1, 45)
DISTANCE = Axis("log distance", "log arcsec", -2.0, 0.05, 70)
BRIGHTENING = Axis("magnr - magpsf", "mag", -8.0, 0.2, 100)
DETECTOR = Axis("detector", "", 0.0, 1.0, 256)
CUT = Axis("cut", "", 0.0, 1.0, 16)
MONTH = Axis("month since January 2000", "", 0.0, 1.0, 600)
EVIDENCE = Axis("evidence", "", 0.0, 1.0, 128)
POINT_GROUP = Axis("group of events", "", 0.0, 1.0, 5)
DENSITY_GROUP = Axis("group of candidates", "", 0.0, 1.0, 6)
PIXEL = Axis("HEALPix pixel", "", 0.0, 1.0, 12 * NSIDE**2)

TRACKLET, TRACKLET_MATCH, BLIND, MULTI, CENTRAL, LOOKED, STAMPED = (1 << k for k in range(7))
"""Bits of a candidate's evidence: in a tracklet; that is matched; blindly matched; several peaks in
its stamp; a central one; satellites were looked for that night; its stamp was measured."""
CLASSES = ("all", "tracklet", "multi_peak", "blind", "any")
"""Of candidates; any: in a tracklet, matched either way, or multi-peaked (P2 section 4)."""
QUALITY_UNIT = 1e-4
"""Scores are summed in whole numbers of these."""


@dataclass(frozen=True)
class Quantity:
    """What is counted, along which axes."""

    name: str
    meaning: str
    axes: tuple[Axis, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Bins along each axis; a scalar has none."""
        return tuple(axis.n for axis in self.axes)


def _each(name: str, meaning: str, axis: Axis) -> tuple[Quantity, ...]:
    return tuple(Quantity(f"{name}/{one}", f"{meaning}: {one}", (axis,)) for one in CLASSES)


QUANTITIES = (
    Quantity("nights", "nights"),
    Quantity("nights_looked", "nights in which satellites were looked for"),
    Quantity("nights_stamped", "nights whose stamps were measured"),
    Quantity("nights_counted", "nights whose alerts were counted for the plane of P1 figure 1"),
    Quantity("alerts_read", "alerts"),
    Quantity("alerts_usable", "alerts with id, time and position"),
    Quantity("funnel", "alerts left after each cut", (CUT,)),
    Quantity("exposures", "exposures with any alert"),
    Quantity("exposures_with_tracklets", "exposures with a tracklet"),
    Quantity("exposure_ms", "exposure time [ms]"),
    Quantity("exposure_looked_ms", "the same of nights with satellites looked for"),
    Quantity("exposure_full_ms", "the same of nights with satellites and stamps"),
    Quantity("candidates", "exposures by their candidates", (CANDIDATES,)),
    Quantity("tracklets", "tracklets"),
    Quantity("tracklets_looked", "tracklets for which satellites were looked for"),
    Quantity("tracklets_matched", "tracklets that are matched with a satellite"),
    Quantity("tracklet_alerts", "alerts in tracklets, second packets included"),
    Quantity("points/all", "tracklets by their events", (POINTS,)),
    Quantity("points/matched", "matched tracklets by their events", (POINTS,)),
    Quantity("length/all", "tracklets by their length", (LENGTH,)),
    Quantity("length/matched", "matched tracklets by their length", (LENGTH,)),
    Quantity("evidence", "candidates by what speaks for a glint", (EVIDENCE,)),
    *_each("mag", "candidates by magnitude", MAG),
    *_each("quality", "candidates by quality score", QUALITY),
    *_each("elongation", "candidates by distance from the Sun", ELONGATION),
    *_each("detector", "candidates by detector", DETECTOR),
    *_each("map", "candidates by place", PIXEL),
    Quantity("map/exposure", "exposure [ms] of a field's 576 places, by place", (PIXEL,)),
    Quantity("depth", "exposure time [ms] by limiting magnitude", (MAG,)),
    Quantity("depth_unknown_ms", "exposure time [ms] without a limiting magnitude"),
    Quantity("squares/mag", "sum of squared numbers of each tracklet's events up to here", (MAG,)),
    Quantity("squares/instant", "the same by instant magnitude, matched ones", (INSTANT,)),
    Quantity("instant/tracklet", "events in tracklets by instant magnitude", (INSTANT,)),
    Quantity("instant/matched", "the same where the satellite's path is known", (INSTANT,)),
    Quantity("flash", "these by duration and instant magnitude", (DURATION, INSTANT)),
    Quantity("crowd", "events of tracklets by group", (POINT_GROUP, DENSITY_GROUP)),
    Quantity("locus/count", "alerts before the locus cut", (DISTANCE, BRIGHTENING)),
    Quantity("locus/quality", "their summed score in 1e-4", (DISTANCE, BRIGHTENING)),
    Quantity("locus/none", "alerts there without a reference object"),
    Quantity("month/exposures", "exposures by month", (MONTH,)),
    Quantity("month/alerts", "alerts left after the first cut by month", (MONTH,)),
    Quantity("month/candidates", "candidates by month", (MONTH,)),
    Quantity("month/tracklet_alerts", "alerts in tracklets by month", (MONTH,)),
)
BY_NAME = {quantity.name: quantity for quantity in QUANTITIES}
_ENDS = list(accumulate(prod(quantity.shape) for quantity in QUANTITIES))
START = dict(zip(BY_NAME, [0, *_ENDS[:-1]], strict=True))
"""Where each quantity begins in the vector."""
SIZE = _ENDS[-1]
