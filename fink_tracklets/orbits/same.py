"""Is an object of ours one that a catalogue has by now?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sgp4.api import SatrecArray

from fink_tracklets.naming import moment
from fink_tracklets.satellites.elements import Elements, nearest_sets
from fink_tracklets.satellites.mean_elements import satrec, six_of
from fink_tracklets.satellites.propagation import instants, propagate
from fink_tracklets.survey import Site

Array = NDArray[np.float64]

AGE_DAYS = 14.0
"""Sets further from the day an object was last seen on are not looked at."""
PLANE_DEG, LN_A, E, ALONG_DEG = 0.1, 1e-3, 0.003, 0.5
"""Differences that count as one, besides the errors: of plane, ln a, e, and place in the orbit."""


def nearest_catalogued(
    objects: pd.DataFrame, elements: Elements, site: Site
) -> dict[str, list[Any]]:
    """The catalogued object nearest to each of ours: columns `nearest_*` and `same_*`.

    The distance is the root mean square of the differences of plane, ln a, e and place in the
    orbit on the day ours was last seen, each in units of what counts as one and of its error;
    below 1 they are the same.
    """
    found: dict[str, list[Any]] = {
        name: []
        for name in (
            *("nearest_number", "nearest_name", "nearest_distance"),
            *("same_as", "same_since"),
        )
    }
    for _, one in objects.iterrows():
        jd = one["last_seen"].to_julian_date()
        usable = np.flatnonzero(nearest_sets(elements, np.array([jd]), AGE_DAYS)[:, 0])
        if not len(usable):
            for values in found.values():
                values.append(None)
            continue
        near = elements.take(usable)
        distance = _distances(one, near, jd, site)
        k = int(np.argmin(distance))
        number = int(near.norad_cat_id[k])
        same = distance[k] < 1
        epochs = elements.epoch_jd[elements.norad_cat_id == number]
        since = moment(float(epochs.min()))
        found["nearest_number"].append(number)
        found["nearest_name"].append(str(near.name[k]))
        found["nearest_distance"].append(float(distance[k]))
        found["same_as"].append(number if same else None)
        found["same_since"].append(since if same else None)
    return found


def _distances(one: pd.Series, near: Elements, jd: float, site: Site) -> Array:
    """Of catalogued sets from one of our objects."""
    ours = satrec(six_of(one), float(one["epoch_jd"]))
    at = instants(np.array([np.floor(jd)]), (jd - np.floor(jd)) * 86400, site)
    states = propagate(SatrecArray([ours, *near.satrecs]), at)
    r, v = states.position_km[:, 0], states.velocity_km_s[:, 0]
    pole = np.cross(r, v)
    pole /= np.linalg.norm(pole, axis=1, keepdims=True)
    place = r / np.linalg.norm(r, axis=1, keepdims=True)
    shapes = near.orbits()
    parts = [
        _angle(pole[1:], pole[0]) / np.hypot(PLANE_DEG, 2 * one["i_deg_error"]),
        (np.log(shapes["semi_major_axis_km"].to_numpy() / one["a_km"]))
        / np.hypot(LN_A, 2 * one["a_km_error"] / one["a_km"]),
        (shapes["eccentricity"].to_numpy() - one["e"]) / np.hypot(E, 2 * one["e_error"]),
        _angle(place[1:], place[0]) / ALONG_DEG,
    ]
    distance = np.sqrt(np.mean(np.square(parts), axis=0))
    return np.where(np.isfinite(distance), distance, np.inf)


def _angle(vectors: Array, other: Array) -> Array:
    return np.degrees(2 * np.arcsin(np.linalg.norm(vectors - other, axis=1).clip(0, 2) / 2))
