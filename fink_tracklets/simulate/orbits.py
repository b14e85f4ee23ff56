"""Which objects cross a field, and their tracks among the stars, through Skyfield's own objects.

A track is what an image measured against catalogue stars shows: the ICRS astrometric direction
from the site to where the object was when its light left it. Seen from the barycentre of the
Solar System, as the stars' places are, that needs no further aberration: Skyfield's ``observe``
does it, given a barycentric Earth.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import astropy_iers_data
import erfa
import numpy as np
from sgp4.api import SatrecArray
from skyfield.api import EarthSatellite, Loader, wgs84
from skyfield.constants import AU_KM, DAY_S
from skyfield.data import iers
from skyfield.positionlib import Barycentric
from skyfield.timelib import Time, Timescale
from skyfield.vectorlib import VectorFunction

from fink_tracklets.simulate.catalogue import EARTH_RADIUS, Fleet
from fink_tracklets.simulate.mosaic import Floats
from fink_tracklets.sky.sphere import ARCSEC, separation, unit_vectors
from fink_tracklets.survey import Site

N_SAMPLES = 7
"""Samples of a passage; a polynomial through them is exact to 0.001 arcsec in 30 s."""
ROTATION = 7.292115e-5
"""Rate at which the Earth turns [rad/s]."""


@cache
def timescale() -> Timescale:
    """Skyfield's time scale with UT1 and polar motion as astropy-iers-data has them."""
    table = Path(astropy_iers_data.IERS_A_FILE)
    scale = Loader(str(table.parent), verbose=False).timescale(builtin=False)
    with table.open("rb") as file:
        iers.install_polar_motion_table(scale, iers.parse_x_y_dut1_from_finals_all(file))
    return scale


class _Earth(VectorFunction):
    """The Earth from the barycentre, by ERFA's series: no ephemeris file is needed."""

    center, target = 0, 399

    def _at(self, t: Time):  # type: ignore[no-untyped-def]
        _, earth = erfa.epv00(t.whole, t.tdb_fraction)
        return earth["p"].T, earth["v"].T, None, None


@dataclass(frozen=True)
class Passage:
    """An object's way among the stars during one exposure."""

    row: int
    """The object, as a row of the fleet."""
    exposure: int
    """The exposure, as a row of those asked for."""
    exposure_time_s: float
    """How long the exposure lasts."""
    samples: Floats
    """(N_SAMPLES, 3) ICRS unit vectors at even times, from the exposure's start to its end."""
    sunlit: bool
    """Whether the Sun shines on the object at mid-exposure."""
    range_km: float
    """Distance at mid-exposure."""
    phase_angle_deg: float
    """Angle Sun - object - site at mid-exposure."""

    def at(self, seconds: Floats) -> Floats:
        """ICRS unit vectors (n, 3) at times after the exposure's start."""
        # The polynomial through the samples, in a time that goes from -1 to 1.
        nodes = np.linspace(-1.0, 1.0, N_SAMPLES)
        inverse = np.linalg.inv(np.vander(nodes))
        scaled = 2.0 * np.asarray(seconds) / self.exposure_time_s - 1.0
        vectors = np.vander(scaled, N_SAMPLES) @ (inverse @ self.samples)
        return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)

    @property
    def arc_arcsec(self) -> float:
        """Length of the whole exposure's arc."""
        return float(separation(self.samples[1:], self.samples[:-1]).sum() / ARCSEC)


def crossings(
    fleet: Fleet,
    site: Site,
    jd_start: Floats,
    exposure_time_s: float,
    ra: Floats,
    dec: Floats,
    radius_deg: float,
) -> list[Passage]:
    """The sunlit objects above the horizon that come into the fields, and their passages.

    Parameters
    ----------
    jd_start : (n,) starts of exposures, JD UTC
    ra, dec : (n,) centres of the fields, ICRS [deg]
    radius_deg : of every field

    Returns
    -------
    In order of exposure, then of the catalogue.
    """
    jd_start, ra, dec = (np.atleast_1d(np.asarray(a, dtype=float)) for a in (jd_start, ra, dec))
    exposure, row = _may_cross(fleet, site, jd_start, exposure_time_s, ra, dec, radius_deg)
    passages = []
    for i in np.unique(exposure):
        times = _times(jd_start[i], exposure_time_s)
        station = wgs84.latlon(site.latitude_deg, site.longitude_deg, elevation_m=site.elevation_m)
        place = (_Earth() + station).at(times)
        centre = unit_vectors(ra[i], dec[i])
        for k in row[exposure == i]:
            passage = _passage(fleet, int(k), int(i), times, place, exposure_time_s)
            if passage is None or not passage.sunlit:
                continue
            # Between two samples the object may come nearer by half of its way.
            near = separation(passage.samples, centre).min()
            if near < np.radians(radius_deg) + passage.arc_arcsec * ARCSEC / 2 / (N_SAMPLES - 1):
                passages.append(passage)
    return passages


def _times(jd_start: float, exposure_time_s: float) -> Time:
    """The sample times."""
    whole, fraction = divmod(jd_start, 1.0)
    seconds = np.linspace(0.0, exposure_time_s, N_SAMPLES)
    year, month, day, of_day = erfa.jd2cal(whole, fraction)
    return timescale().utc(int(year), int(month), int(day), 0, 0, of_day * DAY_S + seconds)


def _passage(
    fleet: Fleet,
    row: int,
    exposure: int,
    times: Time,
    place: Barycentric,
    exposure_time_s: float,
) -> Passage | None:
    """The passage of one object; None where SGP4 or the light time fails."""
    satellite = EarthSatellite.from_satrec(fleet.satrec[row], timescale())
    satellite_km = satellite.at(times).xyz.km
    if not np.isfinite(satellite_km).all():
        return None

    # Seen from the barycentre, with light time, by Skyfield's own `observe`. Of broken elements it
    # says that the light time does not converge.
    try:
        seen = place.observe(_Earth() + satellite)
    except ValueError:
        return None
    vectors = seen.xyz.km.T
    middle = N_SAMPLES // 2
    satellite_km = satellite_km[:, middle]

    # The Sun as seen from the object at mid-exposure: is it lit, and at which phase angle?
    heliocentric, _ = erfa.epv00(times.whole, times.tdb_fraction)
    to_sun = -heliocentric["p"][middle] * AU_KM - satellite_km
    distance = np.linalg.norm(vectors, axis=1)
    phase = separation(to_sun, -vectors[middle])
    return Passage(
        row=row,
        exposure=exposure,
        exposure_time_s=exposure_time_s,
        samples=vectors / distance[:, None],
        sunlit=_sunlit(satellite_km, to_sun),
        range_km=float(distance[middle]),
        phase_angle_deg=float(np.degrees(phase)),
    )


def _sunlit(satellite_km: Floats, to_sun: Floats) -> bool:
    """Whether the Sun's middle stands clear of the Earth."""
    earth_radius = np.arcsin(min(1.0, EARTH_RADIUS / float(np.linalg.norm(satellite_km))))
    return bool(separation(to_sun, -satellite_km) > earth_radius)


def _may_cross(
    fleet: Fleet,
    site: Site,
    jd_start: Floats,
    exposure_time_s: float,
    ra: Floats,
    dec: Floats,
    radius_deg: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of exposure and object to look at closely: fast, good to a tenth of a degree."""
    # A thousand objects at once, at the middles of all exposures.
    middle = jd_start + exposure_time_s / 2 / 86400
    whole = np.floor(middle)
    found_exposures, found_rows = [], []
    for first in range(0, len(fleet.satrec), 1000):
        records = SatrecArray(fleet.satrec[first : first + 1000].tolist())
        error, position, velocity = records.sgp4(whole, middle - whole)
        observer, turn = _site_teme(site, middle)
        towards = position - observer
        distance = np.linalg.norm(towards, axis=-1)
        angle = separation(towards, unit_vectors(ra + turn, dec))
        # They may cross if they are as near as they can move in the exposure, seen from the site.
        rotation = np.cross([0.0, 0.0, ROTATION], observer)
        speed = np.linalg.norm(velocity - rotation, axis=-1)
        margin = np.radians(radius_deg + 0.5) + speed / distance * exposure_time_s * 0.7
        above = np.sum(towards * observer, axis=-1) > 0
        near = (error == 0) & above & (angle < margin)
        rows, exposures = np.nonzero(near)
        found_rows.append(rows + first)
        found_exposures.append(exposures)
    exposure, row = np.concatenate(found_exposures), np.concatenate(found_rows)
    order = np.lexsort((row, exposure))
    return exposure[order], row[order]


def _site_teme(site: Site, jd: Floats) -> tuple[Floats, Floats]:
    """The site (n, 3) [km] near TEME, and how far [deg] its equinox precessed from ICRS."""
    latitude = np.radians(site.latitude_deg)
    sidereal = erfa.gmst82(np.floor(jd), jd - np.floor(jd)) + np.radians(site.longitude_deg)
    across, up = erfa.gd2gc(1, 0.0, latitude, site.elevation_m)[[0, 2]] / 1000
    place = np.stack(
        [across * np.cos(sidereal), across * np.sin(sidereal), np.full(len(jd), up)], axis=-1
    )
    return place, 0.01281 * (jd - 2451545.0) / 365.25
