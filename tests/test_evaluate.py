"""Recall and purity, against cases made by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fink_tracklets import find_tracklets
from fink_tracklets.cli.main import main
from fink_tracklets.errors import UserError
from fink_tracklets.evaluate import Rate, compare, evaluate, evaluate_nights, summarize
from fink_tracklets.evaluate.compare import pair_by_alerts
from fink_tracklets.evaluate.inject import draw_track, inject
from fink_tracklets.sky.sphere import ARCSEC, separation, unit_vectors


def truth_of(**tracks: range) -> pd.DataFrame:
    """Alerts 0-99, in tracks as given."""
    names = {alert: name for name, alerts in tracks.items() for alert in alerts}
    alerts = range(100)
    return pd.DataFrame({"alert_id": alerts, "tracklet_id": [names.get(a) for a in alerts]})


def found_of(**tracklets: list[int] | range) -> pd.DataFrame:
    rows = [(alert, name) for name, alerts in tracklets.items() for alert in alerts]
    return pd.DataFrame(rows, columns=["alert_id", "tracklet"]).astype({"alert_id": "int64"})


CASES = {
    # found: (recovered, alerts found, split), (true ones), (merged ones)
    "whole": (found_of(f=range(10)), (True, 10, False), ["f"], []),
    "half": (found_of(f=range(5)), (True, 5, False), ["f"], []),
    "less than half": (found_of(f=range(4)), (False, 4, False), ["f"], []),
    "split": (found_of(f=range(5), g=range(5, 10)), (True, 10, True), ["f", "g"], []),
    "half strangers": (found_of(f=[*range(6), *range(80, 86)]), (False, 0, False), [], []),
    "more than half": (found_of(f=[*range(6), *range(80, 85)]), (True, 6, False), ["f"], []),
    "merged": (found_of(f=range(16)), (True, 10, False), ["f"], ["f"]),
    "false": (found_of(f=range(80, 90)), (False, 0, False), [], []),
    "nothing": (found_of(), (False, 0, False), [], []),
}


@pytest.mark.parametrize("case", CASES)
def test_by_hand(case):
    """Truth: a of 10 alerts, b of 6."""
    found, expected, true, merged = CASES[case]
    tracks, tracklets = pair_by_alerts(truth_of(a=range(10), b=range(10, 16)), found)
    row = tracks.loc["a"]
    assert (row["recovered"], row["alerts_found"], row["split"]) == expected
    assert list(tracklets.index[tracklets["true"]]) == true
    assert list(tracklets.index[tracklets["merged"]]) == merged
    assert not tracks.loc["b", "recovered"]


@st.composite
def skies(draw):
    """Any truth and any found tracklets over the same alerts, as label per alert."""
    n = draw(st.integers(0, 40))
    labels = st.lists(st.sampled_from([None, "a", "b", "c"]), min_size=n, max_size=n)
    truth = pd.DataFrame({"alert_id": range(n), "tracklet_id": draw(labels)}, dtype=object)
    found = pd.DataFrame({"alert_id": range(n), "tracklet": draw(labels)}, dtype=object)
    return truth, found.dropna()


@given(skies())
def test_match_is_what_counting_one_by_one_gives(sky):
    truth, found = sky
    tracks, tracklets = pair_by_alerts(truth, found)
    sets = {t: set(g["alert_id"]) for t, g in truth.dropna().groupby("tracklet_id")}
    given_ = {t: set(g["alert_id"]) for t, g in found.groupby("tracklet")}
    assert list(tracks.index) == sorted(sets)
    assert list(tracklets.index) == sorted(given_)
    for name, alerts in sets.items():
        own = [f for f in given_.values() if 2 * len(f & alerts) > len(f)]
        row = tracks.loc[name]
        assert row["recovered"] == any(2 * len(f & alerts) >= len(alerts) for f in own)
        assert row["alerts_found"] == sum(len(f & alerts) for f in own)
        assert row["split"] == (len(own) > 1)
    for name, alerts in given_.items():
        held = [2 * len(alerts & t) >= len(t) for t in sets.values()]
        assert tracklets.loc[name, "merged"] == (sum(held) > 1)
        most = max((len(alerts & t) for t in sets.values()), default=0)
        assert tracklets.loc[name, "alerts_true"] == (most if 2 * most > len(alerts) else 0)
    score = compare(truth.sample(frac=1, random_state=1), found.sample(frac=1, random_state=1))
    assert score.n_recovered == tracks["recovered"].sum()
    assert score.false == tuple(sorted(tracklets.index[~tracklets["true"]]))


def test_wilson_intervals():
    """The two-sided 95 % intervals of Newcombe 1998 (Stat. Med. 17, 857), table I, method 3."""
    for k, n, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert Rate(k, n).interval(1.959964) == pytest.approx((low, high), abs=5e-5)
    assert Rate(7, 7).interval()[1] == 1.0
    assert str(Rate(0, 0)) == "-"
    assert Rate(0, 0).as_json()["value"] is None


def line(n: int, step: float, start: int, dec: float = 10.0) -> pd.DataFrame:
    """Points along a parallel, a step [arcsec] apart."""
    ra = 150 + np.arange(n) * step / 3600
    return pd.DataFrame({"alert_id": start + np.arange(n), "ra": ra, "dec": dec})


@pytest.fixture(scope="module")
def night(ztf):
    """Three exposures: a track of 9 and strangers; one of 4; one of 9 within 20 arcsec."""
    rng = np.random.default_rng(3)
    strangers = pd.DataFrame(
        {
            "alert_id": np.arange(900, 912),
            "ra": rng.uniform(148, 152, 12),
            "dec": rng.uniform(8, 12, 12),
        }
    )
    parts = [
        line(9, 40.0, 0).assign(exposure="x", tracklet_id="long"),
        strangers.assign(exposure="x", tracklet_id=None),
        line(4, 40.0, 100).assign(exposure="y", tracklet_id="four"),
        line(9, 2.5, 200).assign(exposure="z", tracklet_id="knot"),
    ]
    frame = pd.concat(parts, ignore_index=True)
    found = find_tracklets(frame, ztf)
    return frame, found.assign(tracklet=found["exposure"] + found["number"].astype(str))


def test_a_track_is_detectable_when_five_resolved_points_of_it_are_significant(night, ztf):
    frame, found = night
    result = evaluate(frame, frame.drop(columns="tracklet_id"), found, ztf)
    tracks = result.tracks.set_index("tracklet_id")
    assert tracks["detectable"].to_dict() == {"long": True, "four": False, "knot": False}
    assert tracks["recovered"].to_dict() == {"long": True, "four": False, "knot": False}
    assert tracks["points"].to_dict() == {"long": 9, "four": 4, "knot": 9}
    assert tracks["candidates"].to_dict() == {"long": 21, "four": 4, "knot": 9}
    arc = 8 * 40 * np.cos(np.radians(10))
    assert tracks.loc["long", "arc_arcsec"] == pytest.approx(arc, rel=1e-4)
    strict = replace(ztf, finder=replace(ztf.finder, max_chance_tracklets=1e-200))
    assert not evaluate(frame, frame, found, strict).tracks["detectable"].any()


def test_duplicates_are_one_point_and_alerts_cut_away_are_missed(night, ztf):
    frame, found = night
    twins = frame[frame["alert_id"] < 3].assign(alert_id=lambda f: f["alert_id"] + 500)
    frame = pd.concat([frame, twins])
    candidates = frame[~frame["alert_id"].between(6, 8)]
    tracks = evaluate(frame, candidates, found, ztf).tracks.set_index("tracklet_id")
    assert tracks.loc["long", ["alerts", "points"]].tolist() == [12, 6]
    gone = frame[frame["tracklet_id"] != "long"]
    missing = evaluate(frame, gone, found.iloc[:0], ztf).tracks.set_index("tracklet_id").loc["long"]
    assert (missing["points"], missing["detectable"], missing["recovered"]) == (0, False, False)


def test_summary_counts_every_tracklet_once_in_each_breakdown(night, ztf):
    frame, found = night
    strangers = frame[frame["alert_id"].between(900, 905)]
    false = strangers[["alert_id"]].assign(tracklet="false")
    found = pd.concat([found[["alert_id", "tracklet"]], false])
    tracks = pd.DataFrame({"tracklet_id": ["long", "four", "knot"], "orbit_class": list("LGG")})
    one = evaluate(frame, frame, found, ztf, tracks)
    two = evaluate_nights([one, one])
    for times, part in ((1, one), (2, two)):
        summary = summarize(part)
        total = summary.total
        assert (total.recall, total.recall_detectable) == (
            Rate(times, 3 * times),
            Rate(times, times),
        )
        assert (total.purity, total.false) == (Rate(times, 2 * times), times)
        assert total.exposures == 3 * times
        assert total.alert_recall == Rate(9 * times, 22 * times)
        assert total.alert_purity == Rate(9 * times, 15 * times)
        assert [one.group for one in summary.by["orbit_class"]] == ["G", "L"]
        for lines in summary.by.values():
            assert sum(line.recall.n for line in lines) == 3 * times
        for name in ("candidates", "points", "arc_arcsec"):
            assert sum(line.purity.n for line in summary.by[name]) == 2 * times
        json.dumps(summary.as_json(), allow_nan=False)
        assert "0.333" in summary.text()


def test_nothing_true_and_nothing_found(night, ztf):
    frame, found = night
    empty = evaluate(frame.assign(tracklet_id=None), frame, found.iloc[:0], ztf)
    summary = summarize(evaluate_nights([empty, empty]))
    assert summary.total.recall == Rate(0, 0)
    assert summary.by == {"candidates": (), "points": (), "arc_arcsec": ()}
    assert summary.total.exposures == 6
    json.dumps(summary.as_json(), allow_nan=False)


@pytest.mark.parametrize("place", [(10.0, 20.0), (359.9, -5.0), (30.0, 89.9)])
def test_injected_tracks_are_narrow_curves_in_the_field(ztf, place):
    rng, centre = np.random.default_rng(7), unit_vectors(*place)
    for _ in range(50):
        points = draw_track(rng, 0.3 * centre, ztf)
        points /= np.linalg.norm(points, axis=1, keepdims=True)
        assert 5 <= len(points) <= 40
        assert separation(points, centre).max() < np.radians(np.sqrt(ztf.field_area_deg2 / 2))
        middle = points.mean(axis=0)
        spread = np.linalg.svd(points - middle)[1] / ARCSEC / np.sqrt(len(points))
        length = separation(points[0], points[-1]) / ARCSEC
        assert spread[1] < 1.0 + 0.5 * length**2 / 206265


def test_tracks_injected_into_real_exposures_are_found(data, ztf):
    """Real candidates of 30 exposures, among them the most crowded below 100."""
    table = pd.read_parquet(data / "ztf_moving_candidates_2019_2020.parquet")
    table = table.rename(columns={"jd": "exposure", "candid": "alert_id"})
    size = table.groupby("exposure").size()
    names = size[size < 100].sort_values(kind="stable").index[-30:]
    background = table.loc[table["exposure"].isin(names), ["exposure", "alert_id", "ra", "dec"]]
    xyz = pd.DataFrame(unit_vectors(background["ra"], background["dec"]), background.index)
    centres = {name: group.mean().to_numpy() for name, group in xyz.groupby(background["exposure"])}
    result = inject(background, centres, ztf, 45, seed=2)
    assert len(result.tracks) == 45
    assert set(result.tracks["candidates"]) <= set(size[names])
    total = summarize(result).total
    assert total.recall_detectable.value >= 0.95
    assert total.recall_detectable.n >= 30
    again = inject(background.sample(frac=1, random_state=1), centres, ztf, 45, seed=2)
    assert summarize(again) == summarize(result)
    other = inject(background, centres, ztf, 45, seed=3)
    assert not other.tracks["arc_arcsec"].equals(result.tracks["arc_arcsec"])


def test_evaluate_reads_the_store_and_writes_numbers_and_picture(
    simulated, spark, tmp_path, capsys
):
    from fink_tracklets.pipeline.run import run_night

    store = str(tmp_path / "store")
    run_night("20211022", str(simulated.alerts), store)
    command = ["evaluate", "--truth", str(simulated.truth), "--night", "20211022", "--store", store]
    more = ["--json", str(tmp_path / "e.json"), "--plot", str(tmp_path / "e.png")]
    assert main([*command, *more]) == 0
    assert "recall" in capsys.readouterr().out
    total = json.loads((tmp_path / "e.json").read_text())["total"]
    truth = pd.read_parquet(simulated.truth)
    assert total["recall"]["n"] == truth["tracklet_id"].nunique()
    assert total["alert_recall"]["n"] == truth["tracklet_id"].notna().sum()
    assert total["recall_detectable"]["value"] >= 0.9
    assert total["purity"]["value"] >= 0.9
    assert (tmp_path / "e.png").read_bytes().startswith(b"\x89PNG")

    stranger = tmp_path / "truth.parquet"
    truth.assign(alert_id=-truth["alert_id"]).to_parquet(stranger)
    assert main([*command[:2], str(stranger), *command[3:]]) == 2
    assert "is it the truth of this night" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "needs --truth"),
        (["--truth", "t.parquet"], "needs --store"),
        (["--inject", "3"], "needs --alerts"),
        (["--inject", "3", "--alerts", "a", "--store", "s"], "no use of --store"),
        (["--inject", "0", "--alerts", "a"], "1 or more"),
        (["--truth", "absent.parquet", "--store", "s"], "absent.parquet: cannot be read"),
    ],
)
def test_wrong_use_is_one_sentence(capsys, arguments, said):
    assert main(["evaluate", "--night", "20211022", *arguments]) == 2
    (text,) = capsys.readouterr().err.splitlines()
    assert said in text


def test_truth_without_its_columns_is_named(tmp_path):
    from pathlib import Path

    from fink_tracklets.cli.evaluate import read_truth

    pd.DataFrame({"alert_id": [1]}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(UserError, match="column tracklet_id is missing"):
        read_truth(Path(tmp_path / "t.parquet"), ("alert_id", "tracklet_id"))
