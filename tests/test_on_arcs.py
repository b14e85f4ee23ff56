"""Lines of three on the predicted arc of an object: true ones found, none by chance, none twice."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest

from fink_tracklets import read_table, with_tracklets
from fink_tracklets.satellites.blind import single_matches
from fink_tracklets.satellites.elements import read_elements
from fink_tracklets.satellites.identify import Catalogue, fields_of, scenes
from fink_tracklets.satellites.on_arcs import best_line, lines_on_arcs
from fink_tracklets.satellites.stage import identify_stored
from fink_tracklets.sky.sphere import ARCSEC, ra_dec
from fink_tracklets.store.amend import amend_night
from fink_tracklets.store.night import open_night
from fink_tracklets.tables import SHORT_TRACKS

NIGHT = "20211022"
ARC = 450 * ARCSEC


@pytest.fixture(scope="module")
def known(simulated, simulated_store, tmp_path_factory):
    """The simulated night's store, with the lines on the arcs of the objects that it flew; those
    that straight lines show, too, as none is left."""
    store = str(shutil.copytree(simulated_store, tmp_path_factory.mktemp("arcs") / "store"))
    night = open_night(store, NIGHT)
    short = night.frame("short_tracks")
    short = short[~short["short_track"].str.startswith("LINE_")]
    night = amend_night(night, {"short_tracks": SHORT_TRACKS.from_frame(short)})
    identify_stored(night, [str(simulated.catalogue)])
    return store


def short_tracks(store: str) -> pd.DataFrame:
    return read_table(store, "short_tracks", NIGHT).to_pandas()


def test_lines_on_arcs_are_of_the_object_they_name(simulated, simulated_store, known):
    short = short_tracks(known)
    on_arcs = short[short["short_track"].str.startswith("ARC_")]
    assert on_arcs["short_track"].nunique() >= 3
    assert on_arcs["short_track"].str.fullmatch(r"ARC_\d{8}_\d{6}_\d\d").all()
    truth = pd.read_parquet(simulated.truth).drop_duplicates("alert_id").set_index("alert_id")
    assert (on_arcs["alert_id"].map(truth["norad_cat_id"]) == on_arcs["norad_cat_id"]).all()
    assert (on_arcs["log10_nfa"] < -2).all()
    assert (on_arcs["rms_arcsec"] < 1).all()
    assert (on_arcs.groupby("short_track")["along_arcsec"].min() == 0).all()

    # Those that were known before are known as before, and no alert is on two tracks.
    by_themselves = short[short["short_track"].str.startswith("SHORT_")]
    before = short_tracks(simulated_store)["short_track"]
    assert set(by_themselves["short_track"]) == set(before[before.str.startswith("SHORT_")])
    members = read_table(known, "tracklet_alerts", NIGHT)["alert_id"].to_pylist()
    alerts = [*members, *short["alert_id"]]
    assert len(alerts) == len(set(alerts))
    record = open_night(known, NIGHT).manifest.satellites["lines_on_arcs"]
    assert record["found"] == on_arcs["short_track"].nunique()
    assert record["on_shifted_skies"] <= 1


def test_they_are_the_same_again(simulated, known):
    before = short_tracks(known)
    identify_stored(open_night(known, NIGHT), [str(simulated.catalogue)])
    pd.testing.assert_frame_equal(short_tracks(known), before)


def test_their_alerts_are_flagged(simulated, known):
    alerts = pd.read_parquet(simulated.truth).rename(columns={"alert_id": "candid"})
    named = with_tracklets(alerts, known, NIGHT, short=True)
    assert named["short_track"].notna().sum() == len(short_tracks(known))
    assert not (named["tracklet"].notna() & named["short_track"].notna()).any()


def line(along: list[float], aside: list[float], ztf) -> list[int]:
    """Places in arcseconds."""
    x, y = (np.array(values) * ARCSEC for values in (along, aside))
    return best_line(x, y, ARC, ztf).tolist()


def test_a_line_is_parallel_to_its_arc(ztf):
    """Elements are off by 20" aside: that is no matter, as long as all points are."""
    assert line([300, 0, 100], [20.2, 20, 20.1], ztf) == [1, 2, 0]
    assert line([0, 100, 300], [20, 21.8, 20], ztf) == []  # one is not on the line
    assert line([0, 100, 300], [20, 22, 26], ztf) == []  # too steep
    assert line([0, 100, 500], [20, 20, 20], ztf) == []  # longer than the arc
    assert line([0, 3, 300], [20, 20, 20], ztf) == []  # two are one
    assert line([0, 100], [20, 20], ztf) == []
    assert line([0, 50, 100, 300], [20, -9, 20, 20], ztf) == [0, 2, 3]


def test_the_line_of_most_points_counts(ztf):
    along = [0, 100, 200, 10, 60, 130, 240]
    aside = [20, 20, 20, 5, 5, 5.1, 5]
    assert line(along, aside, ztf) == [3, 4, 5, 6]


@pytest.fixture(scope="module")
def scene(simulated, simulated_store, ztf):
    """An exposure of the night and the objects around it, as (candidates, scene, catalogue)."""
    night = open_night(simulated_store, NIGHT)
    catalogue = Catalogue.of(read_elements([str(simulated.catalogue)]))
    candidates = night.frame("candidates")
    first = candidates[candidates["exposure"] == candidates["exposure"].iloc[0]]
    return first, next(scenes(catalogue, fields_of(first), ztf)), catalogue


def beside(scene, which: int, along: np.ndarray, aside_arcsec: np.ndarray) -> pd.DataFrame:
    """Candidates so far along an object's arc [lengths] and aside of it."""
    candidates, there, _ = scene
    arcs = there.nominal
    start, normal = arcs.points[which, 0], arcs.normal[which]
    x, y = along[:, None] * arcs.length[which], aside_arcsec[:, None] * ARCSEC
    ra, dec = ra_dec(start * np.cos(x) + np.cross(normal, start) * np.sin(x) + y * normal)
    first = candidates[["exposure", "jd"]].iloc[:1]
    return first.merge(
        pd.DataFrame({"alert_id": np.arange(len(ra)), "ra": ra, "dec": dec}), "cross"
    )


def on_arcs_of(candidates: pd.DataFrame, scene, ztf) -> pd.DataFrame:
    _, there, catalogue = scene
    single = single_matches(candidates, there, ztf.satellites)
    return lines_on_arcs(candidates, single, there, catalogue, ztf)


def test_a_crowd_along_an_arc_is_no_line(scene, ztf):
    """Threes in a row are many in a strip of artefacts; three by themselves are hardly chance."""
    _, there, catalogue = scene
    slow = np.flatnonzero(there.lit & (there.nominal.length < 600 * ARCSEC))
    assert len(slow)
    which, rng = int(slow[0]), np.random.default_rng(3)
    alone = beside(scene, which, np.array([0.1, 0.4, 0.9]), np.array([4, 4.2, 3.9]))
    found = on_arcs_of(alone, scene, ztf)
    assert set(found["norad_cat_id"]) == {catalogue.elements.norad_cat_id[there.orbits.rows[which]]}
    strip = beside(scene, which, rng.uniform(0, 1, 80), rng.uniform(-20, 20, 80))
    assert not len(on_arcs_of(strip, scene, ztf))
