"""Candidate lines: the two fast ways and a plain cube give the same pairs with the same points."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from fink_tracklets.finder import near, search
from fink_tracklets.finder.lines import Lines
from fink_tracklets.finder.near import near_points
from fink_tracklets.finder.search import by_anchor, by_broadcast
from fink_tracklets.finder.significance import NullModel
from fink_tracklets.sky.plane import TangentPlane
from fink_tracklets.sky.sphere import ARCSEC, unit_vectors


def random_field(seed, n, ra=150.0, dec=20.0, side=3.0):
    """Uniform points of a square field [deg], a third of them on lines and in a clump."""
    rng = np.random.default_rng(seed)
    xy = rng.uniform(-side / 2, side / 2, (n, 2))
    xy[: n // 6] = np.outer(np.linspace(-1, 1, n // 6), rng.uniform(-0.5, 0.5, 2))
    xy[: n // 6] += rng.normal(0, 2 / 3600, (n // 6, 2))
    xy[n // 6 : n // 3] = rng.normal(0, 60 / 3600, (n // 3 - n // 6, 2))
    points = TangentPlane.at(ra, dec).vectors(*3600 * xy.T)
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def lenient(ztf, n):
    """A null on which every pair with enough points near its arc passes."""
    return replace(NullModel.of(ztf, n), threshold=1e300)


def cube(points, null):
    """Pairs and their points, one pair at a time, from the definition."""
    found = {}
    for i in range(len(points)):
        for j in range(i + 1, len(points)):
            normal = np.cross(points[i], points[j])
            normal /= np.linalg.norm(normal)
            chord = np.linalg.norm(points[i] - points[j])
            near = np.abs(points @ normal) <= np.sin(null.first_tolerance)
            for end in (i, j):
                near &= np.linalg.norm(points - points[end], axis=1) <= chord * (1 + 1e-9)
            if chord >= 2 * np.sin(null.min_separation / 2) and near.sum() >= null.min_points:
                found[i, j] = tuple(np.flatnonzero(near))
    return found


def as_dict(lines, points, null):
    xyz, free = np.ascontiguousarray(points.T), np.ones(len(points), dtype=bool)
    count, near = near_points(xyz, lines.i, lines.j, free, null)
    np.testing.assert_array_equal(count, lines.count)
    parts = np.split(near, np.cumsum(count)[:-1])
    pairs = zip(lines.i.tolist(), lines.j.tolist(), strict=True)
    return {pair: tuple(part) for pair, part in zip(pairs, parts, strict=False)}


PLACES = [(150.0, 20.0), (0.0, -30.0), (77.0, 90.0), (10.0, -89.5), (180.0, 0.0)]


@pytest.mark.parametrize(("ra", "dec"), PLACES)
def test_both_ways_equal_the_cube(ztf, ra, dec, monkeypatch):
    for seed, n in enumerate((5, 17, 60, 130)):
        points = random_field(seed, n, ra, dec)
        null = lenient(ztf, n)
        expected = cube(points, null)
        assert as_dict(Lines.join(list(by_broadcast(points[None], null))), points, null) == expected
        for few in (0, 5, n):
            monkeypatch.setattr(search, "FEW", few)
            assert as_dict(Lines.join(list(by_anchor(points, null))), points, null) == expected
        with monkeypatch.context() as patch:
            patch.setattr(near, "load_kernel", lambda: None)
            assert as_dict(Lines.join(list(by_anchor(points, null))), points, null) == expected


@pytest.mark.parametrize("n", [60, 250])
def test_both_ways_agree_bit_for_bit(ztf, n):
    points = np.stack([random_field(seed, n) for seed in range(2)])
    for null in (NullModel.of(ztf, n), lenient(ztf, n)):
        a = Lines.join(list(by_broadcast(points, null)))
        b = Lines.join([part for e in (0, 1) for part in by_anchor(points[e], null, e)])
        assert len(a.i) > 0
        for field in fields(Lines):
            np.testing.assert_array_equal(getattr(a, field.name), getattr(b, field.name))


def test_points_exactly_at_the_tolerance(ztf):
    """Rounding decides, and it decides alike in both ways."""
    rng = np.random.default_rng(1)
    along = np.linspace(0, 0.4, 30)
    across = rng.choice([-5.0, 0.0, 5.0], 30) / 3600
    points = unit_vectors(along, across)
    null = lenient(ztf, 30)
    a, b = (
        Lines.join(list(way)) for way in (by_broadcast(points[None], null), by_anchor(points, null))
    )
    assert as_dict(a, points, null) == as_dict(b, points, null) == cube(points, null)


def test_equal_and_very_near_points(ztf):
    points = unit_vectors(np.r_[np.zeros(6), np.linspace(0, 0.1, 9)], np.zeros(15))
    points = np.r_[points, unit_vectors(np.array([0.05]), np.array([1e-12 / ARCSEC]))]
    null = lenient(ztf, len(points))
    a, b = (
        Lines.join(list(way)) for way in (by_broadcast(points[None], null), by_anchor(points, null))
    )
    assert as_dict(a, points, null) == as_dict(b, points, null)
    assert np.isfinite(points).all()


def test_every_point_belongs_to_its_line(ztf):
    points = random_field(3, 120)
    null = lenient(ztf, 120)
    lines = Lines.join(list(by_broadcast(points[None], null)))
    for (i, j), members in as_dict(lines, points, null).items():
        assert i in members
        assert j in members
        assert i < j
