"""Where objects will be in a night, and how well that is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
from astropy import units as u
from astropy.table import QTable
from astropy.time import Time
from numpy.typing import NDArray

from fink_tracklets.naming import night_jd
from fink_tracklets.satellites.mean_elements import satrecs
from fink_tracklets.satellites.propagation import (
    Instants,
    instants,
    propagate,
    star_relative,
    sunlit,
)
from fink_tracklets.sky.sphere import east_north, ra_dec, separation
from fink_tracklets.survey import Site

Array = NDArray[np.float64]

DARK_DEG = -12.0
"""The Sun's elevation below which somebody can look."""
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
    major_arcsec, minor_arcsec, angle_deg (of the major axis, north through east): the middle of the
    places on the possible orbits, and how these scatter. Times at which it is below the horizon are
    left out, as are orbits that SGP4 cannot fly until then, and objects of an earlier version,
    which `fink-tracklets objects` makes anew.
    """
    at, later = instants(jd, 0.0, site), instants(jd, RATE_S, site)
    known = objects[objects["possible"].notna()]
    parts = [_one(row, jd, at, later) for _, row in known.iterrows()]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _one(row: pd.Series, jd: Array, at: Instants, later: Instants) -> pd.DataFrame:
    possible = np.frombuffer(row["possible"], "<f8").reshape(-1, 7)
    sets = satrecs(possible[:, :6], float(row["epoch_jd"]), possible[:, 6])
    states, ahead = propagate(sets, at), propagate(sets, later)
    place, distance = star_relative(
        states.position_km, states.velocity_km_s, at.observer_km, at.earth_km_s
    )
    then, _ = star_relative(
        ahead.position_km, ahead.velocity_km_s, later.observer_km, later.earth_km_s
    )
    here = _middle(place)
    axes = np.stack(east_north(here), axis=1)
    axes /= np.linalg.norm(axes, axis=2, keepdims=True)
    rate = np.einsum("tax,tx->ta", axes, _middle(then) - here) / RATE_S
    # Places beside the middle, as far off as they are along the great circle.
    flown, place = np.isfinite(place[..., :1]), np.nan_to_num(place)
    aside = np.einsum("tax,ktx->kta", axes, place)
    sine = np.linalg.norm(aside, axis=-1, keepdims=True)
    aside *= separation(place, here)[..., None] / np.maximum(sine, 1e-12)
    spread = np.einsum("kta,ktb->tab", aside * flown, aside * flown)
    variance, vectors = np.linalg.eigh(spread / np.maximum(1, flown.sum(axis=0))[..., None])
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
            "range_km": np.nanmedian(distance, axis=0),
            "elevation_deg": elevation,
            "sunlit": np.mean(sunlit(states.position_km, at.sun), axis=0) > 0.5,
            "major_arcsec": np.sqrt(variance[:, 1].clip(0)) * arcsec,
            "minor_arcsec": np.sqrt(variance[:, 0].clip(0)) * arcsec,
            "angle_deg": np.degrees(np.arctan2(major[:, 0], major[:, 1])) % 180,
        }
    )
    return frame[np.isfinite(ra) & (elevation > 0)]


def _middle(places: Array) -> Array:
    """(T, 3) the direction in the middle of places (K, T, 3); NaN where most cannot be flown."""
    middle = np.nansum(places, axis=0)
    middle /= np.maximum(np.linalg.norm(middle, axis=1, keepdims=True), 1e-12)
    flown = np.isfinite(places[..., 0]).mean(axis=0) > 0.5
    return np.where(flown[:, None], middle, np.nan)


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
