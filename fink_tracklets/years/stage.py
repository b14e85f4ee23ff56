"""The stage that counts a stored night: its table `summary`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fink_tracklets.store.amend import amend_night
from fink_tracklets.store.night import StoredNight
from fink_tracklets.years.count import count_night
from fink_tracklets.years.summary import Summary, merged, place

PLANE = ("locus/count", "locus/quality", "locus/none", "nights_counted")


def plane_summary(cells: NDArray[np.int64], scores: NDArray[np.int64], none: int) -> Summary:
    """The plane of P1's figure 1 as a summary (`alerts.plane.plane_counts`)."""
    counted = Summary.zero()
    counted.counts[place("locus/count")] = cells
    counted.counts[place("locus/quality")] = scores
    counted.counts[place("locus/none")] = none
    counted.counts[place("nights_counted")] = 1
    return counted


def summarise_stored(
    stored: StoredNight,
    plane: Summary | None = None,
    quality: Callable[[NDArray[np.int64]], NDArray[np.float64]] | None = None,
) -> StoredNight:
    """Count a stored night and put the table `summary` into the store.

    Parameters
    ----------
    stored : the night
    plane : counted from its alerts; None keeps what was counted before
    quality : see `count_night`

    Returns
    -------
    The night with this table.
    """
    before = plane if plane is not None else merged([stored.table("summary")])
    counted = count_night(stored, quality)
    for name in PLANE:
        counted.counts[place(name)] = before.counts[place(name)]
    return amend_night(stored, {"summary": counted.as_table()})
