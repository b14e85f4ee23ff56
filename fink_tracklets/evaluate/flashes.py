"""Of the flashes that fell on detectors, how many become alerts of tracklets, by their depth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

EDGES = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 15.0)
"""Of limiting magnitude less magnitude [mag]."""
LIMIT_EDGES = (0.0, *(float(mag) for mag in range(15, 27)), 40.0)
"""Of limiting magnitudes: where fewer of a track's flashes show, fewer make a tracklet."""


def flash_counts(
    flashes: pd.DataFrame, candidates: pd.DataFrame, exposures: pd.DataFrame
) -> dict[str, Any]:
    """Flashes brighter than their exposure's limit, and alerts of tracklets, by depth.

    Alerts are counted at the magnitude that was measured, flashes at their true one: their ratio
    is what turns counts into all flashes there were.

    Parameters
    ----------
    flashes : exposure, mag (in the exposure) of every flash on a detector, detected or not
    candidates : exposure, mag, tracklet (null for those in none)
    exposures : exposure, limiting_mag

    Returns
    -------
    limits and edges [mag] of the bins of limiting magnitude and of depth, and in each of them,
    depth along the rows, the numbers emitted and counted
    """
    limits = exposures.set_index("exposure")["limiting_mag"]
    members = candidates[candidates["tracklet"].notna()]
    numbers = {}
    for name, frame in (("emitted", flashes), ("counted", members)):
        limit = frame["exposure"].map(limits)
        known = frame.assign(limit=limit, depth=limit - frame["mag"]).dropna(subset="depth")
        cells = np.histogram2d(known["limit"], known["depth"], (LIMIT_EDGES, EDGES))[0]
        numbers[name] = cells.astype(int).tolist()
    return {"limits": list(LIMIT_EDGES), "edges": list(EDGES), **numbers}
