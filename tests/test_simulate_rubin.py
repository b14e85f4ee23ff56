"""Rubin's simulated nights: the lake's form, uniform candidates, what the pipeline removes."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits

from fink_tracklets.simulate import simulate_night
from fink_tracklets.simulate.instruments import RUBIN
from fink_tracklets.simulate.prompt import becomes_alert, glint_trails

NIGHT = "20261022"


@pytest.fixture(scope="module")
def nights(tmp_path_factory):
    """The same sky before and after the prompt pipeline, 80 exposures of it."""
    folder = tmp_path_factory.mktemp("rubin")
    return {
        after: simulate_night(
            NIGHT,
            folder / str(after),
            seed=2,
            exposures=80,
            survey="rubin",
            cutouts="candidates",
            after_prompt=after,
        )
        for after in (False, True)
    }


def sources(simulated) -> pd.DataFrame:
    table = pq.read_table(simulated.alerts, columns=["diaSource", "diaObject", "ssSource"])
    frame = table.flatten().to_pandas()
    return frame.drop_duplicates("diaSource.diaSourceId").set_index("diaSource.diaSourceId")


def test_packets_have_the_names_and_types_of_the_lake(nights, data):
    lake = pq.read_schema(data / "rubin" / "lake_v10_20251231.parquet")
    for field in pq.read_schema(nights[False].alerts / "part-0.parquet"):
        if pa.types.is_struct(field.type):
            known = lake.field(field.name).type
            for inner in field.type:
                assert known.field(inner.name).type == inner.type
        else:
            assert lake.field(field.name).type == field.type


def test_none_is_spelled_in_all_the_lake_s_ways(nights):
    table = pq.read_table(nights[False].alerts)
    for struct, name in (("diaObject", "diaObjectId"), ("ssSource", "designation")):
        values = table[struct].to_pylist()
        missing = [value is None for value in values if value is None or value[name] is None]
        assert 0 < sum(missing) < len(missing)
    visits = sources(nights[False])["diaSource.visit"]
    assert visits.between(2026102200001, 2026102200080).all()


def test_stamps_are_plain_fits_that_know_the_sky(nights):
    table = pq.read_table(nights[False].alerts, columns=["cutoutDifference"])
    stamp = table["cutoutDifference"].drop_null()[0].as_py()
    header = fits.getheader(io.BytesIO(stamp))
    assert header["CD1_1"] == header["CD2_2"] == pytest.approx(-0.2 / 3600)
    assert header["CD1_2"] == header["CD2_1"] == 0


def test_uniform_candidates_are_as_many_as_asked_for(tmp_path):
    made = simulate_night(
        NIGHT, tmp_path / "sky", seed=1, exposures=3, survey="rubin", candidates=2000
    )
    truth = pd.read_parquet(made.truth)
    background = truth[truth["kind"] == "background"]
    assert (background["exposure"].value_counts() == 2000).all()
    detector = sources(made)["diaSource.detector"].reindex(background["alert_id"])
    assert detector.nunique() == 189
    assert detector.value_counts().max() < 60


def test_after_prompt_nothing_is_left_that_the_pipeline_removes(nights):
    before, after = sources(nights[False]), sources(nights[True])
    assert len(after) < len(before)
    assert before["diaSource.reliability"].min() < 0.5 <= after["diaSource.reliability"].min()
    truths = [pd.read_parquet(nights[key].truth) for key in (False, True)]
    satellites = [set(truth["norad_cat_id"].dropna()) for truth in truths]
    assert satellites[1] < satellites[0]
    assert set(truths[1]["alert_id"]) <= set(after.index)
    # What was drawn is the same: the background stays, but for what lies on a line.
    background = [set(map(tuple, places(truth, frame))) for truth, frame in
                  zip(truths, (before, after), strict=True)]  # fmt: skip
    assert background[1] <= background[0]
    assert len(background[1]) > 0.9 * len(background[0])


def places(truth: pd.DataFrame, frame: pd.DataFrame) -> np.ndarray:
    ids = truth.loc[truth["kind"] == "background", "alert_id"]
    return frame.loc[ids, ["diaSource.ra", "diaSource.dec"]].to_numpy()


def test_a_detector_with_too_many_new_sources_and_long_trails_are_left_out():
    n = 1100
    detections = pd.DataFrame(
        {
            "exposure": 0,
            "detector": np.where(np.arange(n) < 1050, 3, 4),
            "x": np.random.default_rng(1).uniform(0, 4000, n),
            "y": np.random.default_rng(2).uniform(0, 4000, n),
            "norad_cat_id": np.nan,
            "trail": np.where(np.arange(n) == n - 1, 13.0, 0.5),
        }
    )
    columns = {"rb": np.full(n, 0.9), "ndethist": np.ones(n, dtype=int)}
    left = becomes_alert(columns, detections, RUBIN, 1, NIGHT)
    assert list(left) == [False] * 1050 + [True] * 49 + [False]
    columns["ndethist"][:60] = 5
    assert becomes_alert(columns, detections, RUBIN, 1, NIGHT)[:60].all()


def test_the_truth_tells_what_is_left_of_a_track(nights):
    truth = pd.read_parquet(nights[True].truth)
    tracks = pd.read_parquet(nights[True].truth_tracks)
    glints = truth[truth["kind"] == "glint"]
    left = glints.groupby(["exposure", "norad_cat_id"]).size()
    told = tracks.set_index(["exposure", "norad_cat_id"])["flashes_detected"]
    assert (told[told > 0].sort_index() == left.sort_index()).all()
    assert tracks["tracklet_id"].notna().eq(tracks["flashes_detected"] >= 5).all()


def line(n: int, spacing: float, bend: float = 0.0) -> np.ndarray:
    """Points on a curve [arcsec]; ``bend`` is its height in the middle."""
    along = spacing * np.arange(n)
    return np.stack([along, 4 * bend * (along / along[-1]) * (1 - along / along[-1])], axis=1)


@pytest.mark.parametrize(
    ("xy", "found"),
    [
        (line(6, 40.0), [0] * 6),
        (line(30, 25.0), [0] * 30),
        (line(4, 20.0), [-1] * 4),
        (line(6, 60.0), [-1] * 6),
        (line(7, 25.0, bend=30.0), [-1] * 7),
        (
            np.concatenate([line(5, 20.0), line(5, 20.0) + np.array([0.0, 300.0])]),
            [0] * 5 + [1] * 5,
        ),
        (np.zeros((6, 2)), [-1] * 6),
    ],
)
def test_the_pipeline_s_rule(xy, found):
    assert list(glint_trails(xy, np.random.default_rng(1))) == found
