"""Where catalogued objects stand among the stars, in arrays.

Directions are star-relative, ICRS: that of a catalogue star at the same pixel. An alert's position
is measured against such stars, which takes their annual aberration off all that is in the image; a
satellite, which goes along with the Earth, has none, and so seems displaced against the Earth's
velocity. This and light time are taken off in one step, x = r - obs - (v_sat + V_earth) rho / c,
with everything in GCRS axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import astropy_iers_data
import erfa
import numpy as np
from sgp4.api import SatrecArray
from skyfield.api import Loader, Timescale, wgs84
from skyfield.data.iers import install_polar_motion_table, parse_x_y_dut1_from_finals_all
from skyfield.sgp4lib import TEME
from skyfield.timelib import Time

from fink_tracklets.survey import Site

LIGHT_KM_S = 299792.458
AU_KM = 149597870.7
DAY_S = 86400.0
EARTH_RADIUS_KM = 6378.137
UMBRA_SLOPE = 0.00461
"""By how much the Earth's shadow narrows per length (Sun's radius - Earth's over distance)."""


@cache
def timescale() -> Timescale:
    """Skyfield's time scale with UT1 and polar motion from the package astropy-iers-data.

    Nothing is downloaded. The table ends about a year after the package's release; beyond it
    Skyfield goes on with a long-term UT1 and with the last polar motion (a second of UT1 would be
    15" at the site, 1" seen from the belt). `iers_end` says where it ends.
    """
    file = Path(astropy_iers_data.IERS_A_FILE)
    ts = Loader(str(file.parent), verbose=False).timescale(builtin=False)
    with file.open("rb") as lines:
        install_polar_motion_table(ts, parse_x_y_dut1_from_finals_all(lines))
    return ts


def iers_end() -> float:
    """Julian date (UTC) of the last Earth orientation known."""
    return float(timescale().polar_motion_table[0][-1])


def times(jd: np.ndarray, seconds: np.ndarray | float = 0.0) -> Time:
    """Skyfield's time of Julian dates (UTC) and seconds after them, without loss of digits."""
    jd, seconds = np.broadcast_arrays(np.asarray(jd, dtype=float), seconds)
    day = np.floor(jd - 0.5)
    second = (jd - 0.5 - day) * DAY_S + seconds
    return timescale().utc(1858, 11, 17 + (day - 2400000).astype(int), 0, 0, second)


@dataclass(frozen=True)
class Instants:
    """What the sky needs to know of T instants; vectors in GCRS axes."""

    jd: np.ndarray
    """(T,) Julian date, UTC: the whole part that `sgp4` gets."""
    fraction: np.ndarray
    """(T,) the rest of the Julian date."""
    to_gcrs: np.ndarray
    """(T, 3, 3) rotations of vectors from TEME, in which `sgp4` gives them."""
    observer_km: np.ndarray
    """(T, 3) position of the site."""
    zenith: np.ndarray
    """(T, 3) unit vectors to the zenith."""
    earth_km_s: np.ndarray
    """(T, 3) barycentric velocity of the Earth."""
    sun: np.ndarray
    """(T, 3) unit vectors to the Sun."""


def instants(jd: np.ndarray, seconds: np.ndarray | float, site: Site) -> Instants:
    """T instants at a site: Julian dates (UTC) and seconds after them, (T,)."""
    jd = np.asarray(jd, dtype=float)
    t = times(jd, seconds)
    place = wgs84.latlon(site.latitude_deg, site.longitude_deg, site.elevation_m)
    heliocentric, barycentric = erfa.epv00(t.whole, t.tdb_fraction)
    sun = -heliocentric["p"]
    whole = np.floor(jd - 0.5) + 0.5
    return Instants(
        jd=whole,
        fraction=jd - whole + np.asarray(seconds) / DAY_S,
        to_gcrs=np.moveaxis(TEME.rotation_at(t), -1, 0).swapaxes(1, 2),
        observer_km=place.at(t).position.km.T,
        zenith=place.rotation_at(t)[2].T,
        earth_km_s=barycentric["v"] * AU_KM / DAY_S,
        sun=sun / np.linalg.norm(sun, axis=-1, keepdims=True),
    )


@dataclass(frozen=True)
class States:
    """S satellites at T instants, GCRS; NaN where `sgp4` cannot propagate."""

    position_km: np.ndarray
    """(S, T, 3) from the Earth's centre."""
    velocity_km_s: np.ndarray
    """(S, T, 3) in the same axes."""
    failed: np.ndarray
    """(S,) whether any instant failed (decayed, mostly)."""


def propagate_teme(
    satellites: SatrecArray, jd: np.ndarray, fraction: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Positions [km], NaN where SGP4 fails, and velocities [km/s], (satellites, times, 3), TEME."""
    code, r, v = satellites.sgp4(jd, fraction)
    r[code > 0] = np.nan
    return r, v


def propagate(satellites: SatrecArray, at: Instants) -> States:
    """All satellites at all instants."""
    r, v = propagate_teme(satellites, at.jd, at.fraction)
    bad = np.isnan(r[..., 0])
    for k, rotation in enumerate(at.to_gcrs):
        r[:, k] = r[:, k] @ rotation.T
        v[:, k] = v[:, k] @ rotation.T
    return States(r, v, bad.any(axis=1))


def star_relative(
    position_km: np.ndarray,
    velocity_km_s: np.ndarray,
    observer_km: np.ndarray,
    earth_km_s: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Direction among the stars, and range [km].

    Parameters
    ----------
    position_km, velocity_km_s : (..., 3) of satellites, GCRS, at the instant of the observation
    observer_km : (..., 3) GCRS
    earth_km_s : (..., 3) barycentric velocity of the Earth

    Returns
    -------
    (..., 3) unit vectors, ICRS, and (...) ranges; all may be turned to TEME of date instead
    """
    # While its light travels the satellite moves on, and the aberration that it never had is taken
    # off it with that of the stars: both to first order.
    x = position_km - observer_km
    distance = np.sqrt(np.einsum("...i,...i->...", x, x))
    x -= (velocity_km_s + earth_km_s) * (distance / LIGHT_KM_S)[..., None]
    return x / np.sqrt(np.einsum("...i,...i->...", x, x))[..., None], distance


def sunlit(position_km: np.ndarray, sun: np.ndarray) -> np.ndarray:
    """Whether satellites (..., 3) are outside the Earth's umbra."""
    # The umbra is a cone behind the Earth: how far behind its centre, how far from the axis.
    behind = -np.einsum("...i,...i->...", position_km, sun)
    aside2 = np.einsum("...i,...i->...", position_km, position_km) - behind**2
    return (behind < 0) | (aside2 > (EARTH_RADIUS_KM - UMBRA_SLOPE * behind) ** 2)
