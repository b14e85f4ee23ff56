"""Simulated objects on their orbits: against astropy, which shares no code with Skyfield."""

from __future__ import annotations

import gzip
import json
import warnings

import astropy.units as u
import erfa
import numpy as np
import pytest
from astropy.coordinates import ITRS, TEME, CartesianRepresentation, EarthLocation
from astropy.time import Time, TimeDelta
from astropy.utils import iers
from sgp4.api import WGS72, Satrec
from skyfield.api import EarthSatellite, wgs84
from skyfield.positionlib import Barycentric

from fink_tracklets.errors import UserError
from fink_tracklets.simulate.catalogue import (
    SYNTHETIC,
    Fleet,
    draw_elements,
    from_elements,
    read_catalogue,
    write_catalogue,
)
from fink_tracklets.simulate.mosaic import RUBIN, ZTF
from fink_tracklets.simulate.orbits import _Earth, _passage, _times, crossings, timescale
from fink_tracklets.sky.sphere import ARCSEC, separation, unit_vectors

START, DUSK = 2459369.9001157, 2459369.69
FAR = {"GEO", "GEO inclined", "MEO", "GTO", "Molniya"}
LIGHT = 299_792.458
"""[km/s]"""


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    return read_catalogue(
        write_catalogue(draw_elements(3, 2459369.5)[::9], tmp_path_factory.mktemp("elements"))
    )


@pytest.fixture(scope="module")
def tracks(catalogue, ztf):
    return overhead(catalogue, ztf, START)


def overhead(catalogue, ztf, start):
    """All tracks within 60 deg of the zenith."""
    sidereal = np.degrees(erfa.gmst82(start, 0.0)) + ztf.site.longitude_deg
    return crossings(catalogue, ztf.site, start, 30.0, sidereal, ztf.site.latitude_deg, 60.0)


def astropy_direction(satrec, site, start, seconds):
    """Star-relative unit vectors: astropy's frames, light time, and the Earth's way meanwhile."""
    location = EarthLocation.from_geodetic(
        site.longitude_deg * u.deg, site.latitude_deg * u.deg, site.elevation_m * u.m
    )
    with iers.conf.set_temp("auto_download", False), iers.conf.set_temp("auto_max_age", None):
        out = []
        for second in seconds:
            time = Time(start, format="jd", scale="utc") + TimeDelta(second * u.s)
            observer = location.get_gcrs_posvel(time)[0].xyz.to_value(u.km)
            light_time = 0.0
            for _ in range(4):
                then = time - TimeDelta(light_time * u.s)
                error, position, _ = satrec.sgp4(then.utc.jd1, then.utc.jd2)
                assert error == 0
                teme = TEME(CartesianRepresentation(*position, unit=u.km), obstime=then)
                itrs = teme.transform_to(ITRS(obstime=then))
                gcrs = itrs.earth_location.get_gcrs_posvel(then)[0].xyz.to_value(u.km)
                _, earth = erfa.epv00(time.tdb.jd1, time.tdb.jd2)
                velocity = earth["v"] * (149_597_870.7 / 86400)
                vector = gcrs - observer - velocity * light_time
                light_time = np.linalg.norm(vector) / LIGHT
            out.append(vector / np.linalg.norm(vector))
    return np.array(out)


@pytest.mark.parametrize(("start", "classes"), [(START, FAR), (DUSK, {*FAR, "LEO"})])
def test_tracks_are_those_of_astropy(start, classes, catalogue, ztf):
    by_class = {
        catalogue.orbit_class[track.row]: track for track in overhead(catalogue, ztf, start)
    }
    assert set(by_class) >= classes
    seconds = np.array([0.0, 3.3, 16.1, 30.0])
    for track in by_class.values():
        expected = astropy_direction(catalogue.satrec[track.row], ztf.site, start, seconds)
        assert separation(track.at(seconds), expected).max() < 0.05 * ARCSEC


def test_tracks_are_sunlit_above_the_horizon_and_in_the_field(tracks, catalogue, ztf):
    assert len(tracks) > 50
    assert all(track.sunlit for track in tracks)
    near = {"LEO": (300, 4000), "MEO": (18_000, 30_000), "GEO": (35_700, 42_500)}
    for track in tracks:
        low, high = near.get(catalogue.orbit_class[track.row], (200, 50_000))
        assert low < track.range_km < high
    lengths = [t.arc_arcsec for t in tracks if catalogue.orbit_class[t.row] == "GEO"]
    assert min(lengths) > 430
    assert max(lengths) < 470


def test_no_object_of_the_field_is_left_out(tracks, catalogue, ztf):
    """A narrow field has those of the wide one whose tracks come in."""
    ra, dec, radius = 240.0, -5.0, 6.0
    centre = unit_vectors(ra, dec)
    narrow = {t.row for t in crossings(catalogue, ztf.site, START, 30.0, ra, dec, radius)}
    seconds = np.linspace(0.0, 30.0, 121)
    inside = {t.row for t in tracks if separation(t.at(seconds), centre).min() < np.radians(radius)}
    assert inside
    assert inside <= narrow


def test_the_synthetic_catalogue_has_every_orbit(tmp_path):
    elements = draw_elements(1, 2459369.5)
    catalogue = read_catalogue(write_catalogue(elements, tmp_path))
    assert len(catalogue.norad_cat_id) == sum(SYNTHETIC.values())
    for name, expected in SYNTHETIC.items():
        assert (catalogue.orbit_class == name).sum() == pytest.approx(expected, rel=0.08)
    assert (catalogue.norad_cat_id > 99_999).any()
    assert all(record.sgp4(2459369.5, 0.4)[0] == 0 for record in catalogue.satrec)

    lines = read_catalogue(tmp_path / "catalogue.tle")
    assert len(lines.norad_cat_id) == (catalogue.norad_cat_id <= 99_999).sum() > 0
    for one, same in zip(lines.satrec[::50], catalogue.satrec[::50], strict=False):
        a, b = np.array(one.sgp4(2459369.5, 0.4)[1]), np.array(same.sgp4(2459369.5, 0.4)[1])
        assert np.linalg.norm(a - b) < 0.2


def test_the_objects_of_a_seed_are_the_same_every_night():
    first, second = (from_elements(draw_elements(1, 2459369.5 + days)) for days in (0, 30))
    # Mean motion alone: the drift of a month agrees with SGP4's, to what resonances leave.
    off = []
    for one, same in zip(first.satrec[::40], second.satrec[::40], strict=True):
        a, b = (np.array(record.sgp4(2459399.5, 0.0)[1]) for record in (one, same))
        off.append(np.degrees(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b))))
    assert np.median(off) < 5.0


def test_a_real_catalogue_can_be_flown(data, ztf):
    catalogue = read_catalogue(data / "norad_20210611.3le.gz")
    assert len(catalogue.norad_cat_id) == 21_651
    row = int(np.flatnonzero(catalogue.norad_cat_id == 23314)[0])
    assert "THAICOM" in catalogue.name[row]
    found = crossings(catalogue, ztf.site, START, 30.0, 327.68, -14.02, 1.0)
    (track,) = [track for track in found if track.row == row]
    glints = unit_vectors(np.array([327.7408766, 327.6204461]), [-14.0228558, -14.0232372])
    line = track.at(np.linspace(-3.0, 33.0, 3601))
    nearest = separation(glints[:, None], line[None]).min(axis=1) / ARCSEC
    assert nearest.max() < 12.0


def test_files_that_are_no_catalogue_are_refused(tmp_path):
    for text, reason in (("", "no elements"), ("[{}]", "OMM JSON"), ("[1", "OMM JSON")):
        path = tmp_path / "elements"
        path.write_text(text)
        with pytest.raises(UserError, match=reason):
            read_catalogue(path)
    path.write_bytes(gzip.compress(json.dumps(draw_elements(1, 2459369.5)[:2]).encode()))
    assert len(read_catalogue(path).norad_cat_id) == 2
    with pytest.raises(UserError, match="cannot be read"):
        read_catalogue(tmp_path / "none")


def test_elements_that_cannot_be_flown_are_no_passage(catalogue, ztf):
    """Skyfield raises for them, in the middle of a night."""
    broken = Satrec()
    broken.sgp4init(
        WGS72,
        "i",
        1,
        START - 2433281.5 - 1,
        -0.0616,
        0,
        0,
        0.0281,
        3.0766,
        2.7873,
        0.3965,
        0.0753,
        5.0479,
    )
    place = (_Earth() + wgs84.latlon(33.0, -116.0)).at(_times(START, 30.0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises((ValueError, IndexError)):
            place.observe(_Earth() + EarthSatellite.from_satrec(broken, timescale()))
        fleet = Fleet(np.array([1]), np.array(["X"]), np.array(["LEO"]), np.array([broken]))
        assert _passage(fleet, 0, 0, _times(START, 30.0), place, 30.0) is None


def test_an_object_whose_light_time_fails_does_not_end_the_night(catalogue, ztf, monkeypatch):
    """As with a set of norad_20231019, which we do not have: Skyfield's own error."""
    whole = overhead(catalogue, ztf, START)
    lost = catalogue.satrec[whole[0].row]
    observe = Barycentric.observe

    def fails(self, target):
        if getattr(target.vector_functions[-1], "model", None) is lost:
            raise ValueError("light-travel time failed to converge")
        return observe(self, target)

    monkeypatch.setattr(Barycentric, "observe", fails)
    left = overhead(catalogue, ztf, START)
    assert [one.row for one in left] == [one.row for one in whole if one.row != whole[0].row]


def test_the_mosaic_lies_about_the_pointing():
    for mosaic, radius in ((ZTF, 5.2), (RUBIN, 2.1)):
        width, height = (n * mosaic.pixel_arcsec for n in (mosaic.n_columns, mosaic.n_rows))
        assert mosaic.corner_xi.max() == pytest.approx(width - mosaic.corner_xi.min(), abs=1)
        assert mosaic.corner_eta.max() == pytest.approx(height - mosaic.corner_eta.min(), abs=1)
        assert mosaic.radius_deg == pytest.approx(radius, abs=0.1)
