"""The default finder: which points become which tracklets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import scenes
from benchmarks.scenes import on_sky
from fink_tracklets.finder import significance, significant
from fink_tracklets.finder.significant import link

PLACES = [(150.0, 20.0), (0.0, 40.0), (77.0, 90.0), (200.0, -89.9)]


def track(rng, n, length, angle=0.0, at=(0.0, 0.0), curvature=0.0, cubic=0.0, jitter=0.05):
    """Points ``(n, 2)`` [arcsec] along a curve through `at`, noise 0.2 arcsec."""
    share = np.linspace(-0.5, 0.5, n) + rng.normal(0, jitter / n, n)
    x = share * length
    y = curvature * x**2 / 2 / 206265 + cubic * share**3 + rng.normal(0, 0.2, n)
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return np.stack([x * c - y * s, x * s + y * c], axis=1) + np.asarray(at)


def run(survey, *parts, ra=150.0, dec=20.0, background=60, seed=0):
    """Sets of points found among parts and uniform background, and their log10 NFA."""
    rng = np.random.default_rng(seed)
    xy = np.concatenate([*parts, rng.uniform(-12_000, 12_000, (background, 2))])
    label, scores, _ = link(on_sky(xy, ra, dec), np.zeros(len(xy), dtype=np.int64), survey)
    return [set(np.flatnonzero(label == k)) for k in range(len(scores))], scores


@pytest.fixture
def rng():
    return np.random.default_rng(42)


@pytest.mark.parametrize(("ra", "dec"), PLACES)
def test_anywhere_on_the_sky(ztf, rng, ra, dec):
    for angle in (0.0, 45.0, 90.0):
        found, scores = run(ztf, track(rng, 8, 400, angle), ra=ra, dec=dec)
        assert found == [set(range(8))]
        assert scores[0] < -6


def test_nothing_in_nothing(ztf):
    for n in (0, 1, 4, 5, 30):
        assert run(ztf, np.empty((0, 2)), background=n)[0] == []


def test_crossing_tracklets_stay_two(ztf, rng):
    """The common point goes to the more significant one."""
    long = track(rng, 21, 800, 20)
    short = track(rng, 10, 500, 75)
    long[10], short[5] = 0, 0  # the same place: one point
    found, scores = run(ztf, long, np.delete(short, 5, axis=0))
    assert found == [set(range(21)), set(range(21, 30))]
    assert scores[0] < scores[1]


def test_parallel_tracklets_stay_two(ztf, rng):
    found, _ = run(ztf, track(rng, 12, 500, 30), track(rng, 9, 480, 30, at=(-15, 26)))
    assert sorted(map(sorted, found)) == [list(range(12)), list(range(12, 21))]


def test_nested_tracklets(ztf, rng):
    """A short one beside a long one, within its length but off its curve, stays its own."""
    found, _ = run(ztf, track(rng, 30, 3000), track(rng, 8, 200, 0, at=(100, 12)))
    assert sorted(map(sorted, found)) == [list(range(30)), list(range(30, 38))]


@pytest.mark.parametrize("n", [30, 50])
def test_long_and_strongly_curved(ztf, rng, n):
    """0.43 per radian over 7 degrees: 180 arcsec off its chord, found whole."""
    curved = track(rng, n, 25_000, 10, curvature=0.43)
    curved -= curved.mean(axis=0)
    found, _ = run(ztf, curved, background=200)
    assert len(found) == 1
    assert set(range(n)) <= found[0]
    assert len(found[0]) <= n + 1


def test_pieces_of_one_smooth_curve_are_one(ztf, rng):
    """A curve that no parabola fits (16 arcsec of cubic term) is one tracklet, a kinked one two."""
    smooth = track(rng, 40, 10_000, 15, cubic=40.0)
    found, _ = run(ztf, smooth)
    assert [len(f) for f in found] == [40]
    kinked = np.concatenate([track(rng, 15, 1500, 0), track(rng, 15, 1500, 8, at=(1700, 160))])
    found, _ = run(ztf, kinked)
    assert sorted(map(sorted, found)) == [list(range(15)), list(range(15, 30))]


def test_two_clumps_in_a_line_are_no_tracklet(ztf, rng):
    knots = [rng.normal(0, 8, (4, 2)) * [1, 0.1] + [x, 0] for x in (-5000, 5000)]
    assert run(ztf, *knots)[0] == []


def test_crowded_and_regular(ztf, rng):
    """Equal spacing makes a tracklet of few points significant in a crowd."""
    regular = track(rng, 6, 500, jitter=0.01)
    found, _ = run(ztf, regular, background=1000)
    assert set(range(6)) in found


def scene(rng, n):
    parts = [rng.uniform(-8000, 8000, (n, 2))]
    for _ in range(3):
        at, angle = rng.uniform(-5000, 5000, 2), rng.uniform(0, 180)
        curvature = rng.normal(0, 0.2)
        parts.append(track(rng, rng.integers(5, 20), rng.uniform(100, 3000), angle, at, curvature))
    parts.append(rng.normal(0, 60, (20, 2)) + rng.uniform(-5000, 5000, 2))
    return np.concatenate(parts)


def sets(points, survey):
    label, scores, _ = link(points, np.zeros(len(points), dtype=np.int64), survey)
    return {frozenset(np.flatnonzero(label == k)) for k in range(len(scores))}


def test_row_order_does_not_matter(ztf, rng):
    for n in (10, 60, 300):
        points = on_sky(scene(rng, n))
        expected = sets(points, ztf)
        assert len(expected) >= 2
        for _ in range(4):
            order = rng.permutation(len(points))
            mine = {frozenset(order[list(s)]) for s in sets(points[order], ztf)}
            assert mine == expected


def test_what_comes_together_does_not_matter(ztf, rng):
    """Bit for bit, whatever other exposures are linked in the same call."""
    fields = [on_sky(scene(rng, n)) for n in (12, 12, 40, 12, 40, 70, 12, 200, 40)]
    fields = [f[: len(f) // 8 * 8] for f in fields]
    exposure = np.repeat(np.arange(len(fields)), [len(f) for f in fields])
    label, scores, _ = link(np.concatenate(fields), exposure, ztf)
    for e, field in enumerate(fields):
        alone, alone_scores, _ = link(field, np.zeros(len(field), dtype=np.int64), ztf)
        together = label[exposure == e]
        numbers = np.unique(together[together >= 0])
        np.testing.assert_array_equal(scores[numbers], alone_scores)
        for k, number in enumerate(numbers):
            np.testing.assert_array_equal(together == number, alone == k)


@pytest.mark.parametrize("n", [50, 200, 500])
def test_the_bound_loses_nothing(ztf, n, monkeypatch):
    """Refining every pair with five points near its arc finds the same tracklets."""
    rng = np.random.default_rng(n)
    fields = [on_sky(scene(rng, n)) for _ in range(2 if n < 500 else 1)]
    with_bound = [sets(f, ztf) for f in fields]

    def every_line(self, radius, within_i, within_j, count):
        return count >= self.min_points

    monkeypatch.setattr(significance.NullModel, "could_pass", every_line)
    assert [sets(f, ztf) for f in fields] == with_bound
    assert all(with_bound)


@pytest.mark.parametrize("kind", ["strips", "clumps", "two lines"])
def test_how_many_lines_grow_together_does_not_matter(ztf, kind, monkeypatch):
    """One after the other as they are needed, or all before the first tracklet is taken."""
    rng = np.random.default_rng(3)
    if kind == "two lines":
        places = np.arange(25) * 25.0 + rng.normal(0, 4, (2, 25))
        across = np.array([[0.0], [4.0]]) + rng.normal(0, 0.3, (2, 25))
        xy = np.stack([places.ravel(), across.ravel()], axis=1)
    else:
        xy = scenes.SCENES[kind](rng, 60, scenes.side(ztf))
        xy = np.concatenate([xy, scenes.tracklets(rng, 3, scenes.side(ztf), 0.3)[0]])
    points, one = on_sky(xy), np.zeros(len(xy), dtype=np.int64)
    results = []
    for at_once in (1, 12, 10**6):
        monkeypatch.setattr(significant, "AT_ONCE", at_once)
        results.append(link(points, one, ztf))
    assert len(results[0][1]) > 1
    for label, scores, _ in results[1:]:
        np.testing.assert_array_equal(label, results[0][0])
        np.testing.assert_array_equal(scores, results[0][1])


def test_threshold_and_limits_are_the_surveys(ztf, rng):
    points = [track(rng, 6, 900, jitter=0.5)]
    strict = replace(ztf, finder=replace(ztf.finder, max_chance_tracklets=1e-30))
    assert run(ztf, *points)[0] == [set(range(6))]
    assert run(strict, *points)[0] == []
    assert significant.REACH > 0
