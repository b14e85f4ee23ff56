"""Crowds of artefacts: what is dropped unseen could not have passed."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.scenes import on_sky, side, uniform
from fink_tracklets.finder import crowds
from fink_tracklets.finder.search import candidate_lines
from fink_tracklets.finder.significance import NullModel, local_density
from fink_tracklets.finder.significant import link
from fink_tracklets.finder.track import along_across_track, polynomial


@pytest.fixture
def crowded(ztf):
    """A strip along a CCD's edge, a round knot, and a regular tracklet outside them."""
    rng, size = np.random.default_rng(7), side(ztf)
    strip = np.stack([rng.uniform(-30, 30, 150), rng.uniform(0, 3000, 150)], axis=1)
    knot = rng.normal([-5000, 2000], 150, (60, 2))
    tracklet = [6000, -4000] + np.arange(12)[:, None] * [40.0, 15.0]
    tracklet += rng.normal(0, 0.3, tracklet.shape)
    return on_sky(np.concatenate([uniform(rng, 150, size), strip, knot, tracklet]))


def test_the_mean_is_a_bound(ztf, crowded):
    """Beside curves as bent as tracks may be, the local density expects at least as many."""
    null = NullModel.of(ztf, len(crowded))
    rng, seen = np.random.default_rng(1), 0
    for lines in candidate_lines(crowded[None], null, set()):
        least = crowds.least_mean(crowded, lines, null)
        rows = np.flatnonzero(least > 0)[::20]
        xyz = np.ascontiguousarray(crowded.T)
        first, last = xyz[:, lines.i[rows]], xyz[:, lines.j[rows]]
        along, across, length = along_across_track(xyz[:, None], first, last)
        bend = rng.uniform(-1, 1, len(rows)) * null.max_curvature * length**2 / 8
        u = 2 * along / length[:, None] - 1
        curve = np.stack([bend, 0 * bend, -bend, 0 * bend], axis=1)
        curve[:, 0] += rng.uniform(-1, 1, len(rows)) * null.tolerance
        across -= polynomial(curve, np.clip(u, -1, 1))
        members = (np.abs(across) <= null.tolerance) & (along >= 0) & (along <= length[:, None])
        density = local_density(null, along, across, members, length)
        assert (least[rows] <= 2 * null.tolerance * length * density * (1 + 1e-6)).all()
        uniform_mean = 2 * null.tolerance * length * null.density
        seen += np.count_nonzero(least[rows] > 5 * uniform_mean)
    assert seen > 100


def test_nothing_that_could_pass_is_dropped(ztf, crowded, monkeypatch):
    exposure = np.zeros(len(crowded), dtype=np.int64)
    label, nfa, _ = link(crowded, exposure, ztf)
    assert np.flatnonzero(label >= 0).tolist() == list(range(360, 372))
    monkeypatch.setattr(crowds, "CROWD", 10**9)
    every, score, _ = link(crowded, exposure, ztf)
    np.testing.assert_array_equal(label, every)
    np.testing.assert_array_equal(nfa, score)
