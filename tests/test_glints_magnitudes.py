"""Each equation of the papers against an example computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from fink_tracklets.glints.magnitudes import (
    duration,
    expected_magnitude,
    instant_magnitude,
    lambertian,
    specular,
    standard_magnitude,
    to_g,
)

COLOURS = {"g": 0.0, "r": 0.46, "V": 0.27}


def test_equation_1():
    # 30 s * 1" / 432" (0.12 deg): P1's Table 2 says 0.07 s for THAICOM 2
    assert duration(0.12 * 3600, 1.0, 30.0) == pytest.approx(0.069444, abs=1e-6)
    # IRIDIUM 33 DEB, 13 deg: 0.0007 s in the paper, to one digit
    assert duration(13 * 3600, 1.0, 30.0) == pytest.approx(0.000641, abs=1e-6)


def test_equation_2():
    # 2.5 log10(0.3 / 30) = -5: "0.3 s and 10th mag peak will be seen as 15th mag" (P1)
    assert instant_magnitude(15.0, 0.3, 30.0) == pytest.approx(10.0)


def test_equation_3():
    # 10 - 0 - 5 log10(10) at 10,000 km
    assert standard_magnitude(10.0, 10_000, 0.0) == pytest.approx(5.0)
    # GEO, 37,000 km: 5 log10(37) = 7.8410; with a phase term of 1: 10.7 - 1 - 7.8410
    assert standard_magnitude(10.7, 37_000, 1.0) == pytest.approx(1.8590, abs=1e-4)


def test_equation_4():
    assert lambertian(90.0) == pytest.approx(0.0)
    # phi = 0: log10(pi) = 0.49715
    assert lambertian(0.0) == pytest.approx(-1.24287, abs=1e-5)
    # 60 deg: sin = 0.866025, (2 pi / 3) / 2 = 1.047198: sum 1.913223, log10 0.281766
    assert lambertian(60.0) == pytest.approx(-0.70441, abs=1e-4)


def test_equation_5():
    assert specular(np.array([0.0, 60.0, 170.0])).tolist() == [0.0, 0.0, 0.0]


def test_colours_to_g_and_none_for_i():
    found = to_g([17.0, 17.0, 17.0, 17.0], ["g", "r", "V", "i"], COLOURS)
    assert found[:3] == pytest.approx([17.0, 17.46, 17.27])
    assert np.isnan(found[3])


def test_the_expected_magnitude_of_a_mirror_like_sphere():
    assert expected_magnitude(10.0, 1000.0) == pytest.approx(4.51, abs=0.005)
    # ten times further: 5 mag; a tenth of the cross-section: 2.5 mag
    assert expected_magnitude(10.0, 10_000.0) == pytest.approx(9.51, abs=0.005)
    assert expected_magnitude(1.0, 1000.0) == pytest.approx(7.01, abs=0.005)
