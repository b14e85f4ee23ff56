"""The number of false alarms: its parts, its bounds, and its promise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import poisson

from fink_tracklets.finder.significance import (
    NullModel,
    is_one_run,
    local_density,
    log10_poisson_tail,
)
from fink_tracklets.finder.significant import link
from fink_tracklets.finder.spacing import max_evidence, spacing_evidence
from fink_tracklets.finder.track import resolve, spacing
from fink_tracklets.simulate.instruments import RUBIN
from fink_tracklets.simulate.mosaic import random_pixels
from fink_tracklets.sky.sphere import ARCSEC, unit_vectors
from fink_tracklets.survey import load_survey


def test_poisson_tail():
    m, mean = np.arange(1, 30), np.array([1e-3, 0.3, 4.0, 50.0])[:, None]
    expected = poisson.logsf(m - 1, mean) / np.log(10)
    far = np.isfinite(expected)
    np.testing.assert_allclose(log10_poisson_tail(m, mean)[far], expected[far], rtol=1e-6)
    assert log10_poisson_tail(0, 1.0) == 0
    assert log10_poisson_tail(3, 0.0) == -np.inf
    tiny = log10_poisson_tail(np.arange(90, 400), 1e-3)
    assert np.isfinite(tiny).all()
    assert (np.diff(tiny) < 0).all()


def test_weights_of_pairs_sum_to_one(ztf):
    """The tests' weights 1/tests over all pairs: a union bound."""
    n = 80
    points = np.random.default_rng(2).uniform(size=(n, 2))
    distance = np.hypot(*(points[:, None] - points).transpose(2, 0, 1))
    rank = np.argsort(np.argsort(distance, axis=1), axis=1)
    i, j = np.triu_indices(n, 1)
    weights = 10 ** -NullModel.of(ztf, n).log10_ends(rank[i, j], rank[j, i])
    assert weights.sum() == pytest.approx(1.0, rel=0.01)


@pytest.mark.parametrize("n", [5, 6, 9])
def test_evidence_keeps_the_promise_and_its_bound(n):
    """By chance the mean of the likelihood ratio is at most one; regular spacing is seen."""
    rng = np.random.default_rng(n)
    inner = np.sort(rng.uniform(size=(200_000, n - 2)), axis=1)
    along = 400.0 * np.concatenate([np.zeros((len(inner), 1)), inner, np.ones((len(inner), 1))], 1)
    evidence = spacing_evidence(along, 0.3)
    ratio = 10**evidence
    assert ratio.mean() < 1 + 4 * ratio.std() / np.sqrt(len(ratio))
    assert ratio.min() >= 0.5
    assert evidence.max() <= max_evidence(n)[n]
    regular = (np.arange(n) + rng.normal(0, 0.015, (500, n))) * 80.0
    assert np.median(spacing_evidence(regular, 0.3)) > 3.0
    missed = np.delete(np.arange(n + 1.0), 2)[None] * 80.0
    assert spacing_evidence(missed, 0.3)[0] > 2.0


def test_knots_count_once_and_two_clumps_are_no_run(ztf):
    along = np.array([[0.0, 1.0, 2.0, 10.0, 14.0, 20.0, 28.0, 40.0]]) * ARCSEC
    members = np.array([[True] * 6 + [False] * 2])
    null = NullModel.of(ztf, 100)
    count, evidence = spacing(along, resolve(along, members, null.first_tolerance), null)
    assert count[0] == 3  # below the least number: no evidence is worked out
    assert evidence[0] == 0
    clumps = np.array([[0.0, 6.0, 12.0, 10_000.0, 10_006.0, 10_012.0]])
    assert not is_one_run(clumps)[0]
    assert is_one_run(np.arange(6.0)[None])[0]


def test_local_density(ztf):
    """Uniform skies give little more than the uniform density; a strip gives its own."""
    null = NullModel.of(ztf, 1000)
    half = np.sqrt(null.area) / 2
    rng = np.random.default_rng(5)
    length = np.full(40, 400 * ARCSEC)
    along, across = rng.uniform(-half, half, (2, 40, 1000))
    nobody = np.zeros(along.shape, dtype=bool)
    uniform = local_density(null, along, across, nobody, length) / null.density
    assert uniform.min() >= 1
    assert np.median(uniform) < 2.5
    strip = rng.uniform(-0.5, 0.5, (2, 40, 200)) * np.array([3000, 60])[:, None, None] * ARCSEC
    along, across = np.concatenate([np.stack([along, across]), strip], axis=2)
    nobody = np.zeros(along.shape, dtype=bool)
    dense = local_density(null, along, across, nobody, length) * ARCSEC**2
    assert np.median(dense) == pytest.approx(200 / (3000 * 60), rel=0.8)
    members = np.arange(along.shape[1]) >= 1000
    without = local_density(null, along, across, nobody | members, length) / null.density
    np.testing.assert_allclose(without, uniform)


def test_bound_is_below_the_score(ztf):
    """`could_pass` falls with every count and length, as a bound must."""
    null = NullModel.of(ztf, 500)
    radius = np.arange(len(null.radii) - 2)
    for near in (0, 3, 100):
        w = np.full(len(radius), near)
        by_count = np.stack(
            [null.log10_bound(radius, w, w, np.full_like(w, c)) for c in range(5, 40)]
        )
        assert (np.diff(by_count, axis=0) <= 1e-9).all()


def of_disc(rng: np.random.Generator, n: int, area: float) -> np.ndarray:
    """Positions in the plane, uniform on a disc about the origin."""
    radius = np.sqrt(area / np.pi * rng.uniform(size=n))
    angle = rng.uniform(0, 2 * np.pi, n)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def of_detectors(rng: np.random.Generator, n: int, area: float) -> np.ndarray:
    """The same on Rubin's detectors, between which are gaps."""
    mosaic = RUBIN.mosaic
    detector, x, y = random_pixels(rng, n, mosaic)
    xi = mosaic.corner_xi[detector] - mosaic.pixel_arcsec * x
    eta = mosaic.corner_eta[detector] - mosaic.pixel_arcsec * y
    return np.stack([xi, eta], axis=1) * ARCSEC


@pytest.mark.parametrize(("field", "low", "high"), [(of_disc, 0.97, 1.03), (of_detectors, 0.9, 1)])
def test_a_field_of_any_shape_enters_by_its_area(field, low, high):
    """Points between two others on Rubin's round field are as many as the null model expects.

    The line between two points of a disc does not leave it. It does leave the detectors, and there
    are fewer points than expected.
    """
    rng, n, tolerance = np.random.default_rng(8), 1000, 20 * ARCSEC
    null = NullModel.of(load_survey("rubin"), n)
    counted = expected = 0.0
    for _ in range(10):
        points = field(rng, n, null.area)
        first, other = rng.permutation(n)[:800].reshape(2, 400)
        chord = points[other] - points[first]
        length = np.hypot(*chord.T)
        from_first = points[None] - points[first][:, None]
        east, north = (chord / length[:, None]).T[:, :, None]
        along = from_first[..., 0] * east + from_first[..., 1] * north
        across = from_first[..., 0] * north - from_first[..., 1] * east
        between = (along > 1e-12) & (along < length[:, None] - 1e-12)
        counted += np.count_nonzero(between & (np.abs(across) < tolerance))
        expected += (2 * tolerance * length * null.density).sum()
    assert low < counted / expected < high


SKIES = ("uniform", "disc", "clump", "strip")


@pytest.mark.parametrize("kind", SKIES)
def test_few_tracklets_by_chance(ztf, kind):
    """A bounded Monte Carlo: at a threshold of one false tracklet per exposure, fewer come."""
    loose = replace(ztf, finder=replace(ztf.finder, max_chance_tracklets=1.0))
    rng = np.random.default_rng(17)
    n_found, trials = 0, 40
    for _ in range(trials):
        xy = rng.uniform(-3.4, 3.4, (100, 2))
        if kind == "clump":
            xy = np.r_[xy, rng.normal(1.0, 120 / 3600, (60, 2))]
        elif kind == "disc":
            xy = np.degrees(of_disc(rng, 100, np.radians(6.8) ** 2))
        elif kind == "strip":
            xy = np.r_[xy, rng.uniform(-0.5, 0.5, (40, 2)) * [0.86, 60 / 3600]]
        points = unit_vectors(100 + xy[:, 0], xy[:, 1])
        n_found += len(link(points, np.zeros(len(points), dtype=np.int64), loose)[1])
    assert n_found <= 0.5 * trials
