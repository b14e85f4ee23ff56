"""Coarse fits prune pairs: they must stay near SGP4, and drop no pair that SGP4 would link."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.orbit_links import JD, draws
from benchmarks.orbit_sky import catalogue, pointings, simulate
from benchmarks.orbit_store import named
from fink_tracklets.orbits import links
from fink_tracklets.orbits.coarse import secular
from fink_tracklets.orbits.links import link_tracklets, near_pairs
from fink_tracklets.orbits.population import from_elements
from fink_tracklets.satellites.mean_elements import satrecs, smooth

OFTEN = (7578, 25237, 22988, 33541, 20357, 7276, 26629)
"""Objects that these fields see more than once."""


def test_secular_orbits_keep_to_sgp4_once_they_are_shifted():
    """A mile from the start the shift still holds: to a kilometre after a day."""
    rng = np.random.default_rng(5)
    n, seconds = 60, np.array([0.0, 15.0, 86_400.0])
    a, e = rng.uniform(1e4, 4.3e4, n), rng.uniform(0.01, 0.4, n)
    six = smooth(a, e, rng.uniform(0.05, 1.5, n), *rng.uniform(0, 2 * np.pi, (3, n)))
    moved = six + rng.normal(0, 1e-4, six.shape)

    def sgp4(numbers):
        _, r, _ = satrecs(numbers, JD).sgp4(np.full(3, JD), seconds / 86400)
        return r

    shift = sgp4(six) - secular(six, np.tile(seconds, (n, 1)))[0]
    away = secular(moved, np.tile(seconds, (n, 1)))[0] + shift - sgp4(moved)
    assert np.quantile(np.linalg.norm(away, axis=-1), 0.9) < 1.0


@pytest.fixture(scope="module")
def few(data):
    """Tracklets of objects seen more than once, with their population."""
    fields = pointings()
    fields = fields[(fields["jd"] > 2459369.6) & (fields["jd"] < 2459371.6)]
    population = from_elements(catalogue(), JD)
    sky = named(simulate(catalogue(), fields, iter((302, 303)), OFTEN, always=True))
    return draws(sky, population), population


def test_what_coarse_fits_drop_is_no_link(few, monkeypatch):
    those, population = few

    def linked():
        return {
            (link.first.track.tracklet, link.second.track.tracklet)
            for link in link_tracklets(those, [], population)
        }

    pruned = linked()
    monkeypatch.setattr(links, "HOPELESS", np.inf)
    monkeypatch.setattr(links, "FITTED", links.STARTS)
    whole = linked()
    assert len(whole) >= 3
    assert pruned == whole


def test_the_index_has_each_pair_once_and_none_of_one_exposure(few):
    those, _ = few
    half = len(those) // 2

    def names(pairs):
        return {frozenset(one.track.tracklet for one in pair) for pair in pairs}

    all_pairs = near_pairs(those, [])
    assert len(names(all_pairs)) == len(all_pairs)
    assert all(a.track.jd != b.track.jd for a, b in all_pairs)
    parts = [*near_pairs(those[:half], those[half:]), *near_pairs(those[half:], [])]
    assert names(parts) == names(all_pairs)
