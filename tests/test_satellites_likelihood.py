"""The likelihood against plain sums, and what chance has to offer."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fink_tracklets.satellites.crowd import ANGLE_DEG, RADIUS_DEG, VOLUME, Crowd
from fink_tracklets.satellites.error_laws import LAWS, element_errors
from fink_tracklets.satellites.likelihood import misfit, peak
from fink_tracklets.sky.sphere import unit_vectors


@pytest.mark.parametrize("tail", [1, 2])
def test_the_misfit_is_that_of_student_s_t(tail):
    z = np.array([0.0, 0.3, 2.0, 40.0])
    density = peak(tail) * np.exp(-misfit(z, tail) / 2)
    assert density == pytest.approx(stats.t.pdf(z, tail))


def test_objects_that_move_along_near_and_far_enough_are_the_crowd():
    """Of five objects at the tracklet's place one is far, one goes another way, one is slow."""
    ra = np.array([10.0, 10.0 + 0.9 * RADIUS_DEG, 10.0 - 1.1 * RADIUS_DEG, 10.0, 10.0])
    east = unit_vectors(ra + 90.0, 0 * ra)
    turned = np.radians(ANGLE_DEG + 1)
    east[3] = np.cos(turned) * east[3] + np.sin(turned) * np.array([0.0, 0.0, 1.0])
    arc = np.radians([0.2, 0.2, 0.2, 0.2, 0.05])
    crowd = Crowd(unit_vectors(ra, 0 * ra), -east, arc)
    first, last = unit_vectors([9.95, 10.05], [0.0, 0.0])
    assert crowd.density(first, last) == pytest.approx(3 / VOLUME)
    assert crowd.density(last, first) == crowd.density(first, last)


def test_errors_grow_with_age_and_are_smaller_backwards():
    classes = np.array(list(LAWS))
    young, old, newer = (
        element_errors(classes, np.full(len(classes), age)) for age in (1.0, 4.0, -4.0)
    )
    for name in ("late_s", "aside_km"):
        assert (getattr(young, name) < getattr(old, name)).all()
        assert (getattr(newer, name) < getattr(old, name)).all()
    assert set(old.tail) == {1, 2}


def test_the_shifted_skies_do_not_put_slots_on_slots(ztf):
    """Geosynchronous slots lie at whole degrees; the shifts are spread over their fractions."""
    degrees = np.array(ztf.satellites.shift_hours) * 15.041
    fractions = np.sort(np.abs(degrees) % 1)
    assert np.diff(fractions) == pytest.approx(1 / len(fractions), abs=0.01)
    assert fractions[0] > 0.05
