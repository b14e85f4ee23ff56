"""When and where ZTF points during one night."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from fink_tracklets.errors import UserError
from fink_tracklets.simulate.mosaic import Floats
from fink_tracklets.survey import Site

CADENCE = 38.2
"""Shortest time [s] from one exposure's start to the next: 30 s of light, and readout."""
MIN_ALTITUDE = 30.0
"""Of a pointing [deg]."""
ROW_HEIGHT = 7.2
"""Between the declinations of ZTF's field rows [deg]."""
FIRST_YEAR = 2018
"""Of ZTF's alerts."""


def night_start(night: str) -> float:
    """JD (UTC) of 0h of a night YYYYMMDD.

    Raises
    ------
    UserError : not such a date, or before ZTF's first alerts
    """
    try:
        date = datetime.strptime(night, "%Y%m%d")
    except ValueError:
        date = None
    if date is None or date.strftime("%Y%m%d") != night:
        raise UserError(f"The night must be a date YYYYMMDD, not '{night}'.")
    if date.year < FIRST_YEAR:
        raise UserError(f"ZTF has no alerts of {night}: give a night from {FIRST_YEAR} on.")
    return date.toordinal() + 1721424.5


def draw_exposures(
    rng: np.random.Generator, night: str, n_exposures: int, site: Site, exposure_time: float
) -> pd.DataFrame:
    """``n_exposures`` pointings between evening and morning twilight, at least one on RA 0.

    Returns
    -------
    DataFrame in order of time: jd (UTC of the start, 7 decimals), ra, dec, field (see
    `field_grid`), fid (band: 1 g, 2 r, 3 i), diffmaglim [mag], magzpsci [mag]
    """
    start = night_start(night)
    minutes = start + np.arange(16 * 60) / 1440
    dark = minutes[_sun_altitude(minutes, site) < -12.0]
    slack = (dark[-1] - dark[0]) * 86400 - exposure_time - CADENCE * (n_exposures - 1)
    seconds = CADENCE * np.arange(n_exposures) + np.sort(rng.uniform(0.0, slack, n_exposures))
    jd = np.round(dark[0] + seconds / 86400, 7)

    grid = field_grid()
    up = altitude(jd[:, None], grid["ra"].to_numpy(), grid["dec"].to_numpy(), site)
    choice = np.where(up > MIN_ALTITUDE, rng.uniform(size=up.shape), -1.0).argmax(axis=1)
    on_ra_zero = (grid["ra"] == 0.0).to_numpy()
    if not on_ra_zero[choice].any():
        i, best = np.unravel_index(np.where(on_ra_zero, up, -90.0).argmax(), up.shape)
        choice[i] = best

    fid = rng.choice([1, 2, 3], n_exposures, p=[0.45, 0.5, 0.05])
    return pd.DataFrame(
        {
            "jd": jd,
            **{name: grid[name].to_numpy()[choice] for name in grid},
            "fid": fid,
            "diffmaglim": np.array([20.3, 20.2, 19.6])[fid - 1] + rng.normal(0, 0.3, n_exposures),
            "magzpsci": np.array([26.1, 26.2, 25.6])[fid - 1] + rng.normal(0, 0.1, n_exposures),
        }
    )


def field_grid() -> pd.DataFrame:
    """ZTF-like fields in rows of equal declination: ra, dec [deg], field.

    The first field of each row points to RA 0.
    """
    rows = []
    for dec in np.arange(-24.25, 90.0, ROW_HEIGHT):
        n = int(np.ceil(360.0 * np.cos(np.radians(dec)) / 7.0))
        rows.append(pd.DataFrame({"ra": np.arange(n) * 360.0 / n, "dec": dec}))
    grid = pd.concat(rows, ignore_index=True)
    return grid.assign(field=grid.index + 250)


def altitude(jd: Floats, ra: Floats, dec: Floats, site: Site) -> Floats:
    """Altitude [deg] of positions [deg] at JD UTC, to a fraction of a degree."""
    days = jd - 2451545.0
    sidereal = 280.46061837 + 360.98564736629 * days + site.longitude_deg
    hour_angle, latitude = np.radians(sidereal - ra), np.radians(site.latitude_deg)
    dec = np.radians(dec)
    sine = np.sin(latitude) * np.sin(dec) + np.cos(latitude) * np.cos(dec) * np.cos(hour_angle)
    return np.degrees(np.arcsin(sine))


def _sun_altitude(jd: Floats, site: Site) -> Floats:
    """Altitude [deg] of the Sun, by the Astronomical Almanac's low-precision formula."""
    days = jd - 2451545.0
    anomaly = np.radians(357.528 + 0.9856003 * days)
    longitude = np.radians(
        280.460 + 0.9856474 * days + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly)
    )
    obliquity = np.radians(23.439)
    ra = np.arctan2(np.cos(obliquity) * np.sin(longitude), np.cos(longitude))
    dec = np.arcsin(np.sin(obliquity) * np.sin(longitude))
    return altitude(jd, np.degrees(ra), np.degrees(dec), site)
