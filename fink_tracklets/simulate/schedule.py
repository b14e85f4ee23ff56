"""When and where a telescope points during one night."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd

from fink_tracklets.errors import UserError
from fink_tracklets.simulate.instruments import ZTF, Instrument
from fink_tracklets.simulate.mosaic import Floats
from fink_tracklets.survey import Site

MIN_ALTITUDE = 30.0
"""Least altitude of a pointing [deg]."""


def night_start(night: str, instrument: Instrument = ZTF) -> float:
    """JD (UTC) from which 24 hours belong to a night YYYYMMDD.

    Raises
    ------
    UserError : not such a date, or before the survey's first alerts
    """
    try:
        date = datetime.strptime(night, "%Y%m%d")
    except ValueError:
        date = None
    if date is None or date.strftime("%Y%m%d") != night:
        raise UserError(f"The night must be a date YYYYMMDD, not '{night}'.")
    if date.year < instrument.first_year:
        raise UserError(
            f"{instrument.survey} has no alerts of {night}: give a night from "
            f"{instrument.first_year} on."
        )
    return date.toordinal() + 1721424.5 + instrument.night_begins_h / 24


def draw_exposures(
    rng: np.random.Generator,
    night: str,
    n_exposures: int,
    site: Site,
    exposure_time: float,
    instrument: Instrument = ZTF,
) -> pd.DataFrame:
    """``n_exposures`` pointings between evening and morning twilight, at least one on RA 0.

    Returns
    -------
    DataFrame in order of time: jd (UTC of the start, 7 decimals), ra, dec, field (see
    `field_grid`), band (row of the instrument's), limit, zero_point [mag]

    Raises
    ------
    UserError : the night is too short for so many
    """
    # The dark minutes, in which the exposures have to fit with the shortest pauses between them.
    minutes = night_start(night, instrument) + np.arange(24 * 60) / 1440
    dark = minutes[_sun_altitude(minutes, site) < -12.0]
    shortest = exposure_time + instrument.cadence_s * (n_exposures - 1)
    slack = (dark[-1] - dark[0]) * 86400 - shortest
    if slack < 0 or n_exposures < 1:
        most = int((slack - exposure_time) / instrument.cadence_s) + n_exposures
        raise UserError(f"The night {night} has room for 1 to {most} exposures, not {n_exposures}.")
    seconds = np.sort(rng.uniform(0.0, slack, n_exposures))
    seconds += instrument.cadence_s * np.arange(n_exposures)
    jd = np.round(dark[0] + seconds / 86400, 7)

    # A random field among those that are up, and once, if no other is, the best one on RA 0.
    grid = field_grid(instrument.field_spacing_deg)
    up = altitude(jd[:, None], grid["ra"].to_numpy(), grid["dec"].to_numpy(), site)
    choice = np.where(up > MIN_ALTITUDE, rng.uniform(size=up.shape), -1.0).argmax(axis=1)
    on_ra_zero = (grid["ra"] == 0.0).to_numpy()
    if not on_ra_zero[choice].any():
        i, best = np.unravel_index(np.where(on_ra_zero, up, -90.0).argmax(), up.shape)
        choice[i] = best

    band = rng.choice(len(instrument.bands), n_exposures, p=instrument.band_share)
    limit = np.array(instrument.limiting_mag)[band] + rng.normal(0, 0.3, n_exposures)
    zero_point = np.array(instrument.zero_point)[band] + rng.normal(0, 0.1, n_exposures)
    return pd.DataFrame(
        {
            "jd": jd,
            **{name: grid[name].to_numpy()[choice] for name in grid},
            "band": band,
            "limit": limit,
            "zero_point": zero_point,
        }
    )


def field_grid(spacing_deg: float) -> pd.DataFrame:
    """Fields in rows of equal declination: ra, dec [deg], field.

    The first field of each row points to RA 0.
    """
    rows = []
    southern = -24.25 - spacing_deg * np.floor(65.0 / spacing_deg)
    for dec in np.arange(southern, 90.0, spacing_deg):
        n = int(np.ceil(360.0 * np.cos(np.radians(dec)) / (0.97 * spacing_deg)))
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
