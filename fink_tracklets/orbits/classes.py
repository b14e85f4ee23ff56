"""Five classes of orbits, by shape and inclination."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

CLASSES = ("LEO", "MEO", "ECC", "MOLNIYA", "GEO")
LEO, MEO, ECC, MOLNIYA, GEO = range(5)
"""Places in `CLASSES`. ECC is the rest: transfer orbits and other high eccentric ones."""


def class_of(
    a_km: ArrayLike, eccentricity: ArrayLike, inclination_deg: ArrayLike
) -> NDArray[np.int64]:
    """The class of each orbit, a place in `CLASSES`.

    LEO: a below 8,378 km. GEO: e below .2 and a of 38,000 to 46,500 km (in slot, inclined,
    graveyard). MEO: e below .25 between the two. MOLNIYA: e above .5, inclination 55 to 72
    degrees, a of 25,000 to 28,500 km. ECC: all others.
    """
    a, e, i = np.broadcast_arrays(*map(np.asarray, (a_km, eccentricity, inclination_deg)))
    rules = [
        a < 8378,
        (e < 0.2) & (a > 38_000) & (a < 46_500),
        (e < 0.25) & (a <= 38_000),
        (e > 0.5) & (i > 55) & (i < 72) & (a > 25_000) & (a < 28_500),
    ]
    return np.select(rules, [LEO, GEO, MEO, MOLNIYA], ECC)
