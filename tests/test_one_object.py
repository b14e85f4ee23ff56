"""One object is one tracklet: strings of unresolved alerts, bursts with gaps."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import scenes
from fink_tracklets import find_tracklets, load_survey
from fink_tracklets.finder import significant
from fink_tracklets.finder.light import Light
from fink_tracklets.sky.sphere import ra_dec

ZTF = load_survey("ztf")
ARC = 15.041 * ZTF.exposure_time_s
"""What a geostationary object moves among the stars in an exposure [arcsec]."""
BEGINS = (-10800, -5900, -400, 4300, 9800)
"""Of five bursts along six degrees [arcsec]."""


def frame_of(xy: np.ndarray, rng: np.random.Generator, n_background: int) -> pd.DataFrame:
    """One exposure: points ``(n, 2)`` of the plane [arcsec], then a uniform background."""
    background = scenes.uniform(rng, n_background, scenes.side(ZTF))
    ra, dec = ra_dec(scenes.on_sky(np.concatenate([xy, background]), dec=0.0))
    return pd.DataFrame({"exposure": 1, "alert_id": np.arange(len(ra)), "ra": ra, "dec": dec})


def on_curve(along: np.ndarray, curvature: float, rng: np.random.Generator) -> np.ndarray:
    """Points ``(n, 2)`` [arcsec] of a parabola [1/rad], with ZTF's errors."""
    across = curvature * along**2 / 2 / 206265
    return np.stack([along, across], axis=1) + rng.normal(0, 0.15, (len(along), 2))


def pieces(frame: pd.DataFrame, n_true: int) -> list[int]:
    """The sizes of the tracklets found, none of which holds a point of the background."""
    found = find_tracklets(frame, ZTF)
    assert (found["alert_id"] < n_true).all()
    return sorted(found.groupby("number").size().tolist(), reverse=True)


@pytest.mark.parametrize("seed", range(4))
def test_a_string_of_unresolved_alerts_is_one_tracklet(seed):
    rng = np.random.default_rng([18, seed])
    along = np.cumsum(rng.uniform(1, 2, 200))
    xy = on_curve(along - along.mean(), 0.1, rng)
    assert pieces(frame_of(xy, rng, 30), 200) == [200]


@pytest.mark.parametrize("seed", range(4))
def test_bursts_along_six_degrees_are_one_tracklet(seed):
    rng = np.random.default_rng([19, seed])
    along = np.concatenate([begin + np.arange(9) * 90 + rng.normal(0, 4, 9) for begin in BEGINS])
    xy = on_curve(along, 0.2, rng)
    assert pieces(frame_of(xy, rng, 60), 45) == [45]


@pytest.mark.parametrize("apart", [600.0, 1000.0, 2000.0])
def test_two_geostationary_objects_on_one_parallel_stay_two(apart):
    rng = np.random.default_rng([20, int(apart)])
    one = np.linspace(0, 1, 8) * ARC
    both = np.concatenate([one, apart + np.linspace(0, 1, 7) * ARC])
    xy = on_curve(both, 0.0, rng)
    assert pieces(frame_of(xy, rng, 30), 15) == [8, 7]


def test_two_low_orbits_that_cross_stay_two():
    rng = np.random.default_rng(21)
    a, b = (
        on_curve(np.linspace(-2000, 2000, 12) + shift, k, rng)
        for shift, k in ((0, 0.2), (150, 0.0))
    )
    turned = b @ np.array([[np.cos(0.2), np.sin(0.2)], [-np.sin(0.2), np.cos(0.2)]])
    assert pieces(frame_of(np.concatenate([a, turned]), rng, 30), 24) == [12, 12]


def test_magnitudes_that_say_nothing_change_nothing():
    """Absent, null, absurd or all equal: the same tracklets with the same significance."""
    rng = np.random.default_rng(23)
    frame = frame_of(on_curve(np.linspace(-200, 200, 6), 0.0, rng), rng, 300)
    without = find_tracklets(frame, ZTF)
    assert len(without) == 6
    for value in (np.nan, -999.0, 99.0, 19.0, None):
        pd.testing.assert_frame_equal(find_tracklets(frame.assign(mag=value), ZTF), without)


def test_magnitudes_that_are_alike_are_evidence():
    rng, along = np.random.default_rng(24), np.array([-200.0, -150, -35, 40, 75, 200])
    frame = frame_of(on_curve(along, 0.0, rng), rng, 300)
    mag = rng.uniform(17, 20, len(frame))
    scores = []
    for spread in (0.0, 0.1, 3.0):
        mag[:6] = 18.0 + spread * np.linspace(-0.5, 0.5, 6)
        scores.append(find_tracklets(frame.assign(mag=mag), ZTF)["log10_nfa"].iloc[0])
    assert scores[1] < scores[2] - 1
    assert scores[0] < scores[1] + 0.1


@pytest.mark.parametrize("n", [5, 9])
def test_the_evidence_of_magnitudes_is_at_most_one_by_chance(n):
    rng = np.random.default_rng(n)
    light = Light.from_magnitudes(20.6 - rng.gamma(2.5, 0.78, 400))
    points = rng.integers(0, 400, (50_000, n))
    ratio = 10 ** light.evidence(light.counts(points, np.ones(points.shape, dtype=bool)))
    assert ratio.mean() < 1 + 4 * ratio.std() / np.sqrt(len(ratio))
    assert ratio.min() >= 0.7


def test_a_ghost_of_equal_magnitudes_is_no_evidence():
    """Sixty artefacts of one magnitude together: six of them on a line are alike as all are."""
    rng = np.random.default_rng(25)
    magnitudes = np.concatenate([np.full(60, 17.0), 20.6 - rng.gamma(2.5, 0.78, 340)])
    light = Light.from_magnitudes(magnitudes)
    counts = light.counts(np.arange(6)[None], np.ones((1, 6), dtype=bool))
    distance = np.where(np.arange(400) < 60, 1.0, rng.uniform(10, 100, 400))[None]
    distance[0, :6] = np.inf
    assert light.evidence(counts)[0] > 1.5
    assert light.evidence_among(counts, distance)[0] < 0.1


def test_knots_in_a_line_are_no_tracklet():
    """Each knot holds resolved points, but they sit in two or three places."""
    for seed in range(10):
        rng = np.random.default_rng([22, seed])
        sky = scenes.on_sky(scenes.knots(rng, 30, scenes.side(ZTF)))
        assert not len(significant.link(sky, np.zeros(len(sky), dtype=np.int64), ZTF)[1])
