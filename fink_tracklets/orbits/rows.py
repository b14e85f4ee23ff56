"""A posterior as a row of the table `orbits`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fink_tracklets.orbits.beat import Beat
from fink_tracklets.orbits.classes import CLASSES, GEO
from fink_tracklets.orbits.population import Population
from fink_tracklets.orbits.posterior import Posterior
from fink_tracklets.sky.sphere import ARCSEC, ra_dec
from fink_tracklets.tables.orbits import QUANTILES

Array = NDArray[np.float64]

STALE_DEG = 0.15
"""A catalogued plane turns by so much while its set grows old."""
STALE_WIDTHS = 2.0
LEVELS = np.array([int(end[1:]) / 100 for end in QUANTILES])


def orbit_row(
    tracklet: str, found: Posterior | None, beat: Beat | None, population: Population
) -> dict[str, Any]:
    """The row of a tracklet; without a posterior it says so."""
    if found is None:
        return {"tracklet": tracklet, "note": "no orbit of the population passes there so"}
    row: dict[str, Any] = {"tracklet": tracklet, "class": CLASSES[int(found.classes.argmax())]}
    row |= {f"p_{name.lower()}": float(p) for name, p in zip(CLASSES, found.classes, strict=True)}
    for name, values in (
        ("a_km", found.a_km),
        ("e", found.eccentricity),
        ("i_deg", found.inclination_deg),
        ("range_km", found.range_km),
        ("rate_arcsec_s", found.rate_arcsec_s),
    ):
        row |= _named(name, found.quantiles(values, LEVELS))
    row |= _named("node_deg", found.circular_quantiles(found.node_deg, LEVELS))
    row["p_forward"] = float(found.weight[found.forward].sum())
    row["n_effective"] = float(1 / (found.weight**2).sum())
    row["turn_arcsec"] = np.nan if beat is None else beat.turn / ARCSEC
    return row | _plane(found, population)


def _named(name: str, values: Array) -> dict[str, float]:
    return {name + end: float(value) for end, value in zip(QUANTILES, values, strict=True)}


def _plane(found: Posterior, population: Population) -> dict[str, Any]:
    """The mean plane of the most probable class, and the catalogued one nearest to it."""
    kind = int(found.classes.argmax())
    inside = found.kind == kind
    weight = found.weight[inside] / found.weight[inside].sum()
    pole = np.sum(weight[:, None] * found.pole[inside], axis=0)
    pole /= np.linalg.norm(pole)
    away = np.linalg.norm(np.cross(found.pole[inside], pole), axis=1)
    spread = float(np.degrees(np.sqrt(np.sum(weight * away**2) / 2)))
    ra, dec = ra_dec(pole)
    row = {"pole_ra_deg": float(ra), "pole_dec_deg": float(dec), "pole_spread_deg": spread}

    low, high = np.quantile(found.a_km[inside], [0.0, 1.0])
    like = (population.norad_cat_id > 0) & (population.classes == kind)
    like &= (population.a_km > low) & (population.a_km < high)
    if not like.any():
        return row
    i, node = np.radians(population.inclination_deg[like]), np.radians(population.node_deg[like])
    poles = np.stack([np.sin(i) * np.sin(node), -np.sin(i) * np.cos(node), np.cos(i)], axis=1)
    apart = np.degrees(2 * np.arcsin(np.linalg.norm(poles - pole, axis=1) / 2))
    best = int(apart.argmin())
    at = np.flatnonzero(like)[best]
    allowed = np.hypot(STALE_WIDTHS * spread, STALE_DEG) if kind == GEO else STALE_WIDTHS * spread
    return row | {
        "plane_norad_cat_id": int(population.norad_cat_id[at]),
        "plane_name": str(population.name[at]),
        "plane_deg": float(apart[best]),
        "may_be_stale": bool(apart[best] < allowed),
    }
