"""Elements, positions, identification: against Skyfield, astropy and the real night."""

from __future__ import annotations

import numpy as np
import pytest

from fink_tracklets.satellites.elements import read_elements
from fink_tracklets.satellites.propagation import instants, propagate, star_relative, timescale
from fink_tracklets.sky.sphere import ARCSEC, separation

CATALOGUE = "norad_20210611.3le.gz"
JD = 2459369.9001157


@pytest.fixture(scope="module")
def catalogue(data):
    return read_elements([data / CATALOGUE])


@pytest.fixture(scope="module")
def some(catalogue):
    return catalogue.take(np.arange(0, len(catalogue), 101))


def test_directions_equal_skyfield_s_one_by_one(some, ztf):
    """Skyfield with its own light time; aberration taken off as astropy defines astrometric."""
    from skyfield.api import EarthSatellite, wgs84

    seconds = np.array([0.0, 15.0, 30.0])
    at = instants(np.full(3, JD), seconds, ztf.site)
    states = propagate(some.propagator(), at)
    ours, distance = star_relative(
        states.position_km, states.velocity_km_s, at.observer_km, at.earth_km_s
    )
    ts = timescale()
    site = wgs84.latlon(ztf.site.latitude_deg, ztf.site.longitude_deg, ztf.site.elevation_m)
    worst = 0.0
    for k in np.flatnonzero(~states.failed):
        satellite = EarthSatellite.from_satrec(some.satrecs[k], ts)
        for j, second in enumerate(seconds):
            whole = np.floor(JD)
            day = (JD - whole) * 86400 + second
            t = ts.utc(2021, 6, 3, 12, 0, day)
            delay = distance[k, j] / 299792.458
            for _ in range(2):
                before = ts.tai_jd(t.whole, t.tai_fraction - delay / 86400)
                x = satellite.at(before).position.km - site.at(t).position.km
                delay = np.linalg.norm(x) / 299792.458
            x = x - at.earth_km_s[j] * delay
            worst = max(worst, separation(x / np.linalg.norm(x), ours[k, j]) / ARCSEC)
    assert worst < 0.01


def test_directions_equal_astropy_s(some, ztf):
    """TEME to ITRS to GCRS by astropy, and its own aberration and light time to ICRS."""
    import astropy.units as u
    from astropy.coordinates import (
        GCRS,
        ITRS,
        TEME,
        CartesianDifferential,
        CartesianRepresentation,
        EarthLocation,
        SkyCoord,
    )
    from astropy.time import Time
    from astropy.utils import iers

    at = instants(np.array([JD]), 0.0, ztf.site)
    states = propagate(some.propagator(), at)
    good = ~states.failed
    ours, distance = star_relative(
        states.position_km, states.velocity_km_s, at.observer_km, at.earth_km_s
    )
    with iers.conf.set_temp("auto_download", False), iers.conf.set_temp("auto_max_age", None):
        time = Time(JD, format="jd", scale="utc")
        _, r, v = some.propagator().sgp4(at.jd, at.fraction)
        r, v = r[:, 0], v[:, 0]
        emitted = r - v * (distance / 299792.458)
        teme = TEME(
            CartesianRepresentation(
                emitted.T * u.km, differentials=CartesianDifferential(v.T * u.km / u.s)
            ),
            obstime=time,
        )
        place = EarthLocation.from_geodetic(
            ztf.site.longitude_deg, ztf.site.latitude_deg, ztf.site.elevation_m
        )
        satellite = teme.transform_to(ITRS(obstime=time)).transform_to(GCRS(obstime=time))
        observer = place.get_gcrs(time)
        x = (satellite.cartesian.xyz - observer.cartesian.xyz[:, None]).to_value(u.km)
        seen = SkyCoord(
            CartesianRepresentation(x * u.km),
            frame=GCRS(obstime=time),
            representation_type="cartesian",
        )
        icrs = seen.icrs.cartesian.xyz.to_value(u.km)
        sun_system = SkyCoord(
            CartesianRepresentation(np.zeros((3, 1)) * u.km), frame=GCRS(obstime=time)
        ).icrs.cartesian.xyz.to_value(u.km)
        x = (icrs - sun_system).T
    theirs = x / np.linalg.norm(x, axis=-1, keepdims=True)
    gap = separation(theirs, ours[:, 0])[good] / ARCSEC
    assert np.max(gap) < 0.01
