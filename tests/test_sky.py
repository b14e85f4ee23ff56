"""The tangent plane and the distance from an arc."""

from __future__ import annotations

import numpy as np
import pytest

from fink_tracklets.sky.plane import TangentPlane
from fink_tracklets.sky.sphere import ARCSEC, distance_from_arc, ra_dec, unit_vectors


@pytest.mark.parametrize(("ra", "dec"), [(150.0, 20.0), (0.0, 0.0), (77.0, 90.0), (200.0, -90.0)])
def test_places_in_the_plane_are_found_again(ra, dec):
    plane = TangentPlane.at(ra, dec)
    east, north = np.random.default_rng(1).uniform(-20_000, 20_000, (2, 50))
    np.testing.assert_allclose(plane.offsets(plane.vectors(east, north)), [east, north], atol=1e-9)


def test_east_and_north_are_those_of_the_sky():
    plane = TangentPlane.at(150.0, 20.0)
    ra, dec = ra_dec(plane.vectors([10.0, 0.0], [0.0, 10.0]))
    assert (ra[0] - 150) * 3600 * np.cos(np.radians(20)) == pytest.approx(10, rel=1e-6)
    assert (dec[1] - 20) * 3600 == pytest.approx(10, rel=1e-6)
    middle = TangentPlane.amid(unit_vectors([149.0, 151.0], [20.0, 20.0]))
    assert ra_dec(middle.centre)[0] == pytest.approx(150)


def test_what_is_behind_the_plane_has_no_place_in_it():
    offsets = TangentPlane.at(0.0, 0.0).offsets(unit_vectors([0.0, 90.0, 180.0], [0.0, 0.0, 0.0]))
    np.testing.assert_array_equal(np.isnan(offsets), [[False, True, True]] * 2)


def test_distance_from_an_arc_is_that_from_its_nearest_point():
    start, end = unit_vectors(10.0, 0.0), unit_vectors(12.0, 0.0)
    points = unit_vectors([11.0, 9.0, 12.0, 191.0], [0.5, 0.0, -1.0, 0.0])
    distance = np.degrees(distance_from_arc(points, start, end))
    np.testing.assert_allclose(distance, [0.5, 1.0, 1.0, 179.0], atol=1e-9)
    many = distance_from_arc(
        points, np.stack([start, end])[:, None], np.stack([end, start])[:, None]
    )
    np.testing.assert_allclose(np.degrees(many), [distance] * 2, atol=1e-9)


def test_an_arc_without_length_is_a_point():
    point = unit_vectors(10.0, 50.0)
    near = unit_vectors(10.0, 50.0 + 1 / 3600)
    assert distance_from_arc(near, point, point) / ARCSEC == pytest.approx(1.0)
