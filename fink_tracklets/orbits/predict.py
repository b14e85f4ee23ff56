"""Where objects will be in a night, and how well that is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
from astropy import units as u
from astropy.table import QTable
from astropy.time import Time
from numpy.typing import NDArray

from fink_tracklets.naming import night_jd
from fink_tracklets.orbits.element_row import normal_of
from fink_tracklets.satellites.mean_elements import covariance, satrecs, six_of
from fink_tracklets.satellites.propagation import (
    Instants,
    instants,
    propagate,
    star_relative,
    sunlit,
)
from fink_tracklets.sky.sphere import ra_dec, separation
from fink_tracklets.survey import Site

Array = NDArray[np.float64]

DARK_DEG = -12.0
"""The Sun's elevation below which somebody can look."""
STEP = 1e-6
RATE_S = 10.0
"""Seconds over which the motion is taken."""


def dark_times(night: str, site: Site, minutes: float) -> Array:
    """Julian dates (UTC), so many minutes apart, of the dark hours of a night.

    The night is that whose evening, at the site, falls on the date or whose morning does, as UTC
    has it: the dark hours within half a day of the site's midnight on that date.
    """
    midnight = night_jd(night) - site.longitude_deg / 360
    jd = midnight - 0.5 + np.arange(0, 1, minutes / 1440)
    at = instants(jd, 0.0, site)
    elevation = 90 - np.degrees(separation(at.zenith, at.sun))
    return jd[elevation < DARK_DEG]


def predict(objects: pd.DataFrame, jd: Array, site: Site) -> pd.DataFrame:
    """Each object at each time.

    Parameters
    ----------
    objects : rows of the table `objects`
    jd : (T,) Julian dates, UTC

    Returns
    -------
    object, number, jd, ra_deg, dec_deg (astrometric, ICRS), rate_ra_arcsec_s (times cos dec),
    rate_dec_arcsec_s, range_km, elevation_deg, sunlit, and the error's ellipse of one sigma:
    major_arcsec, minor_arcsec, angle_deg (of the major axis, north through east). Times at which
    it is below the horizon are left out, as are orbits that SGP4 cannot fly until then.
    """
    at, later = instants(jd, 0.0, site), instants(jd, RATE_S, site)
    parts = [_one(row, jd, at, later) for _, row in objects.iterrows()]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _one(row: pd.Series, jd: Array, at: Instants, later: Instants) -> pd.DataFrame:
    six = six_of(row)
    moved = np.vstack([six, six + STEP * np.eye(6)])
    sets = satrecs(moved, float(row["epoch_jd"]))
    states = propagate(sets, at)
    place, distance = star_relative(
        states.position_km, states.velocity_km_s, at.observer_km, at.earth_km_s
    )
    ahead = propagate(sets, later)
    then, _ = star_relative(
        ahead.position_km[:1], ahead.velocity_km_s[:1], later.observer_km, later.earth_km_s
    )
    here = place[0]
    east = np.stack([-here[:, 1], here[:, 0], np.zeros(len(jd))], axis=1)
    east /= np.linalg.norm(east, axis=1, keepdims=True)
    axes = np.stack([east, np.cross(here, east)], axis=1)
    rate = np.einsum("tax,tx->ta", axes, then[0] - here) / RATE_S
    slopes = np.einsum("tax,ktx->tak", axes, (place[1:] - here) / STEP)
    spread = slopes @ covariance(normal_of(row)) @ slopes.swapaxes(1, 2)
    variance, vectors = np.linalg.eigh(np.nan_to_num(spread))
    major = vectors[:, :, 1]
    elevation = 90 - np.degrees(separation(at.zenith, here))
    ra, dec = ra_dec(here)
    arcsec = np.degrees(1) * 3600
    frame = pd.DataFrame(
        {
            "object": row["object"],
            "number": row["number"],
            "jd": jd,
            "ra_deg": ra,
            "dec_deg": dec,
            "rate_ra_arcsec_s": rate[:, 0] * arcsec,
            "rate_dec_arcsec_s": rate[:, 1] * arcsec,
            "range_km": distance[0],
            "elevation_deg": elevation,
            "sunlit": sunlit(states.position_km[0], at.sun),
            "major_arcsec": np.sqrt(variance[:, 1].clip(0)) * arcsec,
            "minor_arcsec": np.sqrt(variance[:, 0].clip(0)) * arcsec,
            "angle_deg": np.degrees(np.arctan2(major[:, 0], major[:, 1])) % 180,
        }
    )
    return frame[np.isfinite(ra) & (elevation > 0)]


UNITS = {
    "ra_deg": u.deg,
    "dec_deg": u.deg,
    "rate_ra_arcsec_s": u.arcsec / u.s,
    "rate_dec_arcsec_s": u.arcsec / u.s,
    "range_km": u.km,
    "elevation_deg": u.deg,
    "major_arcsec": u.arcsec,
    "minor_arcsec": u.arcsec,
    "angle_deg": u.deg,
}
DIGITS = {"ra_deg": 6, "dec_deg": 6, "range_km": 1, "elevation_deg": 2, "angle_deg": 1}


def as_table(predicted: pd.DataFrame) -> QTable:
    """Predictions with units, to be written as ECSV or VOTable."""
    table = QTable()
    for name in predicted:
        values = predicted[name].to_numpy()
        if name == "jd":
            table["time_utc"] = Time(values, format="jd", scale="utc").isot
        elif name in UNITS:
            table[name] = np.round(values, DIGITS.get(name, 3)) * UNITS[name]
        else:
            table[name] = values.astype(str) if values.dtype == object else values
    return table
