"""The papers' zones of orbits (P1 figure 5, P2 figure 3)."""

from __future__ import annotations

import numpy as np
import pandas as pd

EARTH_RADIUS_KM = 6378.137
LOW_KM = 2000.0
MOLNIYA_KM, MOLNIYA_WIDTH_KM, MOLNIYA_DEG, MOLNIYA_WIDTH_DEG = 26_560.0, 1_500.0, 63.4, 5.0
MOLNIYA_ECCENTRICITY = 0.4
"""Least eccentricity: navigation satellites share the period and the inclination."""
GEOSYNCHRONOUS_KM, GEOSYNCHRONOUS_WIDTH_KM = 42_164.0, 1_500.0


def zones(orbits: pd.DataFrame) -> np.ndarray:
    """low, molniya, geosynchronous or other.

    Low: semi-major axis below an altitude of 2,000 km. Molniya: about half a sidereal day and
    63.4 degrees. The papers give the centres; the widths and the least eccentricity are ours.
    """
    axis, inclination = orbits["semi_major_axis_km"], orbits["inclination_deg"]
    molniya = (axis - MOLNIYA_KM).abs() < MOLNIYA_WIDTH_KM
    molniya &= (inclination - MOLNIYA_DEG).abs() < MOLNIYA_WIDTH_DEG
    molniya &= orbits["eccentricity"] > MOLNIYA_ECCENTRICITY
    return np.select(
        [
            axis < EARTH_RADIUS_KM + LOW_KM,
            molniya,
            (axis - GEOSYNCHRONOUS_KM).abs() < GEOSYNCHRONOUS_WIDTH_KM,
        ],
        ["low", "molniya", "geosynchronous"],
        "other",
    )
