"""Of the flashes that fell on detectors, how many become alerts of tracklets, by their depth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

EDGES = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 15.0)
"""Of limiting magnitude less magnitude [mag]."""


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
    edges [mag], and in each bin the numbers emitted and counted
    """
    limits = exposures.set_index("exposure")["limiting_mag"]
    members = candidates[candidates["tracklet"].notna()]
    numbers = {}
    for name, frame in (("emitted", flashes), ("counted", members)):
        depth = frame["exposure"].map(limits) - frame["mag"]
        numbers[name] = np.histogram(depth.dropna(), EDGES)[0].tolist()
    return {"edges": list(EDGES), **numbers}
