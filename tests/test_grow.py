"""Sets of points on one parabola, against a plain loop over curvatures."""

from __future__ import annotations

import numpy as np
import pytest

from fink_tracklets.finder.grow import BENDS, Sets, agree
from fink_tracklets.finder.significance import NullModel
from fink_tracklets.finder.vectors import circle_normal
from fink_tracklets.sky.sphere import ARCSEC


def on_lines(rng, lengths, n=20, width=32):
    """Points beside lines, the ends first and last, some on a parabola; rows of other numbers."""
    lines = len(lengths)
    along = np.sort(rng.uniform(0, 1, (lines, width)), axis=1) * lengths[:, None]
    across = rng.uniform(-5, 5, (lines, width)) * ARCSEC
    bent = rng.uniform(-0.4, 0.4, (lines, 1)) * along * (lengths[:, None] - along)
    bent[np.abs(bent).max(axis=1) > 4 * ARCSEC] = 0
    on_it = rng.random((lines, width)) < 0.4
    across[on_it] = (bent + rng.normal(0, 0.3, (lines, width)) * ARCSEC)[on_it]
    exist = np.arange(width) < rng.integers(n, width + 1, lines)[:, None]
    ends = np.zeros((lines, width), dtype=bool)
    rows, last = np.arange(lines), exist.sum(axis=1) - 1
    ends[:, 0] = ends[rows, last] = True
    along[:, 0], along[rows, last] = 0.0, lengths
    across[ends] = 0.0
    empty = np.zeros((lines, width))
    return Sets(rows, empty.astype(int), exist, along, across, ends, lengths, empty > 0, empty)


@pytest.mark.parametrize("arcsec", [60.0, 900.0, 9000.0, 25000.0])
def test_points_agree_with_the_curvature_that_most_agree_with(ztf, arcsec):
    rng, null = np.random.default_rng(int(arcsec)), NullModel.of(ztf, 500)
    sets = on_lines(rng, rng.uniform(0.5, 1, 40) * arcsec * ARCSEC)
    count, members = agree(sets, null)
    for k in range(40):
        length, there = sets.length[k], sets.exist[k]
        widest = min(null.max_curvature / 2, 8 * 7 * ARCSEC / length**2)
        weight = sets.along[k] * (length - sets.along[k])
        allowed = np.array(
            [
                there & (sets.ends[k] | (np.abs(sets.across[k] - c * weight) <= 2 * ARCSEC))
                for c in np.linspace(-widest, widest, 2 * BENDS + 1)
            ]
        )
        assert members[k].sum() == allowed.sum(axis=1).max() <= count[k]
        assert (allowed == members[k]).all(axis=1).any()
        # No curvature between them has more than is said.
        for c in rng.uniform(-widest, widest, 200):
            near = np.abs(sets.across[k] - c * weight) <= 2 * ARCSEC
            assert (there & (sets.ends[k] | near)).sum() <= count[k]


@pytest.mark.parametrize("apart", [1e-5, 1e-3, 0.1])
def test_the_normal_of_close_points_keeps_its_digits(apart):
    """Against the same in extended precision: a third point's distance to 1e-14 rad."""
    rng = np.random.default_rng(1)
    a, aside, third = rng.normal(size=(3, 3, 1000))
    a /= np.sqrt((a * a).sum(axis=0))
    b = a + apart * aside
    b /= np.sqrt((b * b).sum(axis=0))
    p = a + 0.5 * (b - a) + 1e-5 * third
    p /= np.sqrt((p * p).sum(axis=0))
    exact = np.cross(a.astype(np.longdouble), b.astype(np.longdouble), axis=0)
    exact /= np.sqrt((exact * exact).sum(axis=0))
    across = (circle_normal(a, b) * p).sum(axis=0)
    np.testing.assert_allclose(across, np.asarray((exact * p).sum(axis=0), float), atol=1e-14)
