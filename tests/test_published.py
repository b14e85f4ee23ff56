"""The published rule against its plain definition, on thousands of random exposures."""

from __future__ import annotations

import numpy as np
import pytest

from fink_tracklets.finder import published
from fink_tracklets.sky.plane import TangentPlane
from tests.plain_finder import plain_link


def random_exposure(rng: np.random.Generator) -> np.ndarray:
    """A few random points with a few bent, noisy lines, small enough for chance to play along."""
    size = rng.choice([60.0, 300.0, 3000.0])  # arcsec
    n = rng.integers(3, 15)
    east, north = rng.uniform(-size, size, (2, n))
    for _ in range(rng.integers(0, 3)):
        points = rng.integers(4, 12)
        along = np.sort(rng.uniform(-size, size, points)) * rng.choice([1.0, 0.1])
        bend = rng.normal(0, 4.0) * (along / size) ** 2
        across = bend + rng.normal(0, rng.choice([0.1, 0.6]), points)
        angle = rng.choice([0.0, 90.0, rng.uniform(0, 180)]) * np.pi / 180
        shift = rng.uniform(-size / 2, size / 2, 2)
        east = np.append(east, shift[0] + along * np.sin(angle) + across * np.cos(angle))
        north = np.append(north, shift[1] + along * np.cos(angle) - across * np.sin(angle))
    if rng.random() < 0.2:
        east, north = np.append(east, east[:2]), np.append(north, north[:2])  # coinciding points
    ra, dec = rng.choice([[0.0, 0.0], [120.0, 45.0], [0.0, 89.99], [10.0, -90.0]])
    points = TangentPlane.at(ra, dec).vectors(east, north)
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def tracklets_of(label: np.ndarray) -> list[tuple[int, ...]]:
    return [tuple(np.flatnonzero(label == k).tolist()) for k in range(label.max(initial=-1) + 1)]


@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.campaign) for seed in range(2, 6))]
)
def test_equals_the_plain_definition(ztf, seed):
    rng = np.random.default_rng(seed)
    exposures = [random_exposure(rng) for _ in range(400)]
    number = np.repeat(np.arange(len(exposures)), [len(points) for points in exposures])
    label = published.link(np.concatenate(exposures), number, ztf.finder)
    n_tracklets = 0
    for k, points in enumerate(exposures):
        mine = label[number == k]
        found = tracklets_of(np.where(mine >= 0, mine - mine[mine >= 0].min(initial=10**9), -1))
        expected = plain_link(points, ztf.finder)
        assert found == expected, f"seed {seed}, exposure {k}"
        n_tracklets += len(expected)
    assert n_tracklets > 50


def test_blocks_do_not_matter(ztf, monkeypatch):
    rng = np.random.default_rng(7)
    exposures = [random_exposure(rng) for _ in range(60)]
    number = np.repeat(np.arange(60), [len(points) for points in exposures])
    whole = published.link(np.concatenate(exposures), number, ztf.finder)
    monkeypatch.setattr(published, "BLOCK", 50)
    assert (published.link(np.concatenate(exposures), number, ztf.finder) == whole).all()
