"""The matcher against the simulator, which computes where objects are on a path of its own."""

from __future__ import annotations

import erfa
import numpy as np
import pandas as pd
import pytest

from fink_tracklets import read_table
from fink_tracklets.cli.main import main
from fink_tracklets.satellites.arcs import orbits_near
from fink_tracklets.satellites.elements import read_elements
from fink_tracklets.satellites.propagation import instants, propagate, star_relative
from fink_tracklets.simulate import simulate_night
from fink_tracklets.simulate.catalogue import draw_elements, read_catalogue, write_catalogue
from fink_tracklets.simulate.orbits import crossings
from fink_tracklets.sky.sphere import ARCSEC, separation
from fink_tracklets.store.joined import read_tracklets

DUSK, NIGHT_JD = 2459376.69, 2459376.9
"""Low objects are lit at dusk only."""


@pytest.fixture(scope="module", params=["real", "synthetic"])
def file(request, tmp_path_factory):
    if request.param == "real":
        return request.getfixturevalue("data") / "norad_20210611.3le.gz"
    return write_catalogue(draw_elements(3, 2459376.5), tmp_path_factory.mktemp("elements"))


@pytest.mark.parametrize("start", [DUSK, NIGHT_JD])
def test_the_arcs_are_the_simulator_s_tracks(start, file, ztf):
    """Low, geosynchronous and Molniya orbits among others."""
    catalogue, elements = read_catalogue(file), read_elements([file])
    sidereal = np.degrees(erfa.gmst82(start, 0.0)) + ztf.site.longitude_deg
    tracks = crossings(catalogue, ztf.site, start, 30.0, sidereal, 15.0, 35.0)
    by_class: dict[str, list] = {}
    for track in tracks:
        by_class.setdefault(catalogue.orbit_class[track.row], []).append(track)
    assert {"GEO", "GEO inclined", "Molniya"} <= set(by_class)
    assert start != DUSK or "LEO" in by_class
    for some in by_class.values():
        some = some[:20]
        numbers = catalogue.norad_cat_id[[track.row for track in some]]
        last = np.searchsorted(elements.norad_cat_id, numbers, side="right") - 1
        theirs = np.stack([track.samples[[0, 3, 6]] for track in some])
        at = instants(np.full(3, start), np.array([0.0, 15.0, 30.0]), ztf.site)
        states = propagate(elements.take(last).propagator(), at)
        ours, distance = star_relative(
            states.position_km, states.velocity_km_s, at.observer_km, at.earth_km_s
        )
        assert separation(ours, theirs).max() / ARCSEC < 0.01
        assert distance[:, 1] == pytest.approx([track.range_km for track in some], rel=1e-3)
        orbits = orbits_near(elements, last, start, 0.0, 30.0, 300.0, ztf.site)
        assert len(orbits.rows) == len(some)
        arcs = orbits.arcs(np.arange(len(some)), np.zeros(len(some)))
        assert separation(arcs.points, theirs).max() / ARCSEC < 0.1


def test_a_simulated_night_is_identified(spark, tmp_path):
    """From packets to matches: every true tracklet that is found gets its own object."""
    night = simulate_night("20211022", tmp_path / "sky", seed=3, exposures=80)
    store = tmp_path / "store"
    arguments = ["--night", "20211022", "--alerts", str(night.alerts), "--store", str(store)]
    assert main(["run", *arguments, "--elements", str(night.catalogue), "--quiet"]) == 0
    flashed = pd.read_parquet(night.truth)
    truth = flashed.dropna(subset=["tracklet_id"])
    members = read_table(store, "tracklet_alerts", "20211022").to_pandas()
    members = members.merge(truth[["alert_id", "norad_cat_id"]], on="alert_id", how="left")
    true = members.groupby("tracklet")["norad_cat_id"].first()
    found = read_tracklets(store, "20211022").to_pandas().set_index("tracklet")["norad_cat_id"]
    assert len(true) >= 2
    assert found.loc[true.index].to_list() == true.to_list()

    short = read_table(store, "short_tracks", "20211022").to_pandas()
    short = short.merge(
        flashed[["alert_id", "norad_cat_id"]], on="alert_id", suffixes=("", "_true")
    )
    matched = short[short["norad_cat_id"].notna()]
    assert matched["short_track"].nunique() >= 1
    assert (matched["norad_cat_id"] == matched["norad_cat_id_true"]).all()
