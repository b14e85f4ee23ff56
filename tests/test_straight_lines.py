"""Straight lines of three: by their places, and by what their stamps show of the line."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks import scenes
from fink_tracklets import read_table, with_tracklets
from fink_tracklets.finder.short import STRAIGHT_LEFT, find_straight_lines
from fink_tracklets.glints.along import NULL_WEIGHT, SHARES, log10_ratio
from fink_tracklets.glints.lines import straight_lines
from fink_tracklets.glints.measure import PEAK_DDL, measure_stamps
from fink_tracklets.glints.stage import with_lines
from fink_tracklets.naming import tracklet_names
from fink_tracklets.pipeline.run import run_night
from fink_tracklets.satellites.stage import identify_stored
from fink_tracklets.simulate import simulate_night
from fink_tracklets.sky.sphere import ra_dec
from fink_tracklets.store.night import open_night
from fink_tracklets.tables import SHORT_TRACKS
from tests.glint_stamps import stamps

NONE = pd.Series([], dtype="int64")
PA = 60.0
"""Position angle of the lines [deg]."""
LIMIT = -3.0


def line(along: np.ndarray, rng: np.random.Generator, noise: float = 0.1) -> np.ndarray:
    """Points at places [arcsec] of a line in the plane."""
    direction = np.array([np.sin(np.radians(PA)), np.cos(np.radians(PA))])
    return along[:, None] * direction + rng.normal(0, noise, (len(along), 2))


def frame_of(*skies: np.ndarray) -> pd.DataFrame:
    """Exposures of points ``(n, 2)`` of the plane [arcsec]."""
    ra, dec = ra_dec(scenes.on_sky(np.concatenate(skies)))
    exposure = np.repeat([f"e{k:03d}" for k in range(len(skies))], [len(sky) for sky in skies])
    numbers = {"alert_id": np.arange(len(ra)), "jd": 2459509.6, "ra": ra, "dec": dec}
    return pd.DataFrame({"exposure": exposure, **numbers})


def peaks_of(frame: pd.DataFrame, further: dict[int, tuple[float, float]]) -> pd.DataFrame:
    """Peaks as measured: each alert's own, and a further one (along, across the lines' direction)
    of some."""
    angle = np.radians(PA)
    rows = []
    for alert_id in frame["alert_id"]:
        along, across = np.array(
            [(0.0, 0.0), *([further[alert_id]] if alert_id in further else [])]
        ).T
        east = along * np.sin(angle) + across * np.cos(angle)
        north = along * np.cos(angle) - across * np.sin(angle)
        rows.append({"alert_id": alert_id, "stamp": "ok", "peak_east": east, "peak_north": north})
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def crowd() -> pd.DataFrame:
    """30 exposures of 60 candidates, with a line of three each: alerts 60 k to 60 k + 2."""
    rng = np.random.default_rng(18)
    three = np.array([0.0, 20.0, 300.0])
    return frame_of(
        *(np.concatenate([line(three, rng), scenes.uniform(rng, 57, 24_000)]) for _ in range(30))
    )


def members(crowd: pd.DataFrame) -> list[int]:
    return [60 * k + i for k in range(30) for i in range(3)]


def test_three_are_a_line_where_there_are_few(ztf):
    rng = np.random.default_rng(4)
    three, size = np.array([0.0, 140.0, 300.0]), scenes.side(ztf)
    skies = [np.concatenate([line(three, rng), scenes.uniform(rng, n, size)]) for n in (0, 5, 500)]
    frame = frame_of(*skies, line(three, rng) + np.array([[0, 0], [2.5, 0], [0, 0]]))
    found = find_straight_lines(frame, NONE, ztf)
    assert set(found.loc[found["log10_nfa"] < LIMIT, "exposure"]) == {"e000", "e001"}
    assert set(found["exposure"]) == {"e000", "e001"}  # nor one that is bent
    assert found["alert_id"].tolist() == [0, 1, 2, 3, 4, 5]
    assert len(skies[2]) > STRAIGHT_LEFT
    again = find_straight_lines(frame.sample(frac=1, random_state=1), NONE, ztf)
    pd.testing.assert_frame_equal(again, found)
    assert not len(find_straight_lines(frame, pd.Series([1, 4]), ztf))


def test_the_promise_is_kept_without_any(ztf):
    """0.01 an exposure are 12 in all; hardly ever 20."""
    size, found = scenes.side(ztf), 0
    for scene, n in (("uniform", 20), ("strips", 20), ("quadrant", 40)):
        skies = [scenes.SCENES[scene](np.random.default_rng([4, k]), n, size) for k in range(100)]
        lines = find_straight_lines(frame_of(*skies), NONE, ztf)
        found += lines[lines["log10_nfa"] < -2].groupby(["exposure", "number"]).ngroups
    assert found <= 4


def test_further_peaks_along_a_line_make_it_certain(crowd, ztf):
    """Two of three in each: nearly all are found, by their stamps."""
    rng = np.random.default_rng(5)
    further = {a: (-rng.uniform(8, 15), 0.3) for a in members(crowd) if a % 60 != 1}
    further |= {60 * k + 30: (9.0, rng.uniform(-15, 15)) for k in range(30)}
    found = straight_lines(crowd, peaks_of(crowd, further), NONE, ztf)
    assert len(found) >= 3 * 27
    assert found["alert_id"].isin(members(crowd)).mean() > 0.97  # a fourth may lie there
    assert set(found["evidence"]) == {"stamps"}
    assert (found["log10_nfa"] < LIMIT).all()
    assert found["short_track"].str.fullmatch(r"LINE_\d{8}_\d{6}_\d\d").all()
    assert found["short_track"].nunique() >= 27


@pytest.mark.parametrize("where", ["aside", "beside others", "of two alerts"])
def test_other_peaks_lift_nothing(crowd, ztf, where):
    if where == "aside":  # across the line
        further = dict.fromkeys(members(crowd), (1.0, 12.0))
    elif where == "beside others":  # in this direction as many others have one
        further = {a: (12.0, 0.3) for a in crowd["alert_id"] if a % 60 < 20}
    else:  # where the next alert is
        further = {a: (20.0 - 40.0 * (a % 60), 0.1) for a in members(crowd) if a % 60 < 2}
    found = straight_lines(crowd, peaks_of(crowd, further), NONE, ztf)
    assert found["short_track"].nunique() <= 1  # of 30, which four in a row may be


def test_missing_and_damaged_stamps_are_no_evidence(crowd, ztf):
    rng = np.random.default_rng(6)
    good = stamps([(0, 0, 20)], rng)
    kinds = ("science", "template", "difference")
    broken = [dict.fromkeys(kinds), dict(zip(kinds, (b"no", *good[1:]), strict=True))]
    some = crowd[crowd["exposure"] < "e010"]
    rows = [{"alert_id": a, "limiting_mag": 20.0, **broken[a % 2]} for a in some["alert_id"]]
    peaks = measure_stamps(pd.DataFrame(rows), ztf.glints)
    assert set(peaks["stamp"]) == {"missing", "damaged"}
    none = pd.DataFrame(columns=[field.split()[0] for field in PEAK_DDL.split(", ")])
    expected = find_straight_lines(some, NONE, ztf)
    expected = expected[expected["log10_nfa"] < LIMIT]
    for seen in (peaks, none):
        found = straight_lines(some, seen, NONE, ztf)
        assert sorted(found["alert_id"]) == sorted(expected["alert_id"]) if len(found) else True
        assert len(found) == len(expected)


def test_row_order_changes_nothing(crowd, ztf):
    peaks = peaks_of(crowd, {a: (-12.0, 0.3) for a in members(crowd) if a % 60 != 1})
    found = straight_lines(crowd, peaks, NONE, ztf)
    mixed = straight_lines(
        crowd.sample(frac=1, random_state=2), peaks.sample(frac=1, random_state=3), NONE, ztf
    )
    key = ["short_track", "alert_id"]
    both = (
        rows.sort_values(key, ignore_index=True).drop(columns="line") for rows in (found, mixed)
    )
    pd.testing.assert_frame_equal(*both)


def test_the_ratio_has_a_mean_of_at_most_one_by_chance():
    """The mean over all that can happen to n alerts, whatever share of them chance gives a peak."""
    for share in (0.001, 0.05, 0.5, 1.0):
        for n in (1, 3, 5):
            p = [float(share**k * (1 - share) ** (n - k)) for k in range(n + 1)]
            many = [1, *np.cumprod([(n - k) / (k + 1) for k in range(n)])]
            ratios = [10 ** log10_ratio(k, n, share) for k in range(n + 1)]
            assert sum(a * b * c for a, b, c in zip(p, many, ratios, strict=True)) <= 1 + 1e-12
            assert min(ratios) >= NULL_WEIGHT
    assert log10_ratio(2, 3, 0.01) > 2
    assert log10_ratio(0, 3, 0.01) < 0
    assert max(SHARES) < 1


@pytest.fixture(scope="module")
def night(tmp_path_factory, spark):
    """24 exposures with stamps: where they are, and the store."""
    folder = tmp_path_factory.mktemp("lines")
    sky = simulate_night("20211022", folder / "sky", 8102, exposures=24, cutouts="candidates")
    store = str(folder / "store")
    run_night("20211022", str(sky.alerts), store)
    return sky, store


def test_a_night_s_straight_lines_are_glints(night):
    sky, store = night
    short = read_table(store, "short_tracks", "20211022").to_pandas()
    lines = short[short["short_track"].str.startswith("LINE_")]
    assert lines["short_track"].nunique() == 2
    truth = pd.read_parquet(sky.truth).drop_duplicates("alert_id").set_index("alert_id")
    owner = lines["alert_id"].map(truth["norad_cat_id"])
    assert owner.notna().all()
    assert (owner.groupby(lines["short_track"]).nunique() == 1).all()
    assert not short["alert_id"].duplicated().any()
    assert set(short["evidence"]) == {"alerts"}
    named = with_tracklets(truth.reset_index(names="candid"), store, "20211022", short=True)
    assert named["short_track"].str.startswith("LINE_").sum() == len(lines)

    # They keep their names where elements explain them, and are of the right object.
    identify_stored(open_night(store, "20211022"), [str(sky.catalogue)])
    after = read_table(store, "short_tracks", "20211022").to_pandas()
    assert after["short_track"].tolist() == short["short_track"].tolist()
    assert (after["norad_cat_id"] == after["alert_id"].map(truth["norad_cat_id"])).all()


def test_a_line_of_stamps_keeps_its_object_when_they_are_measured_again(crowd, ztf):
    peaks = peaks_of(crowd, {a: (-12.0, 0.3) for a in members(crowd) if a % 60 != 1})
    candidates, none = crowd.assign(tracklet=None), SHORT_TRACKS.from_frame(pd.DataFrame())
    first = with_lines(none.to_pandas(), candidates, peaks, ztf)
    assert first["short_track"].nunique() >= 27
    assert set(first["evidence"]) == {"stamps"}
    named = first.assign(norad_cat_id=first["exposure"].factorize()[0])
    again = with_lines(named, candidates, peaks, ztf)
    key = ["short_track", "alert_id", "norad_cat_id"]
    assert sorted(again[key].to_numpy().tolist()) == sorted(named[key].to_numpy().tolist())

    # One of other alerts is another line, and those known by themselves stay.
    name = named["short_track"].iloc[0]
    others = named.assign(alert_id=named["alert_id"].where(named["short_track"] != name, -1))
    others.loc[others["exposure"] == "e001", "evidence"] = "alerts"
    after = with_lines(others, candidates, peaks, ztf)
    assert after.loc[after["short_track"] == name, "norad_cat_id"].isna().all()
    assert set(after.loc[after["exposure"] == "e001", "evidence"]) == {"alerts"}


def test_names_go_on_behind_those_that_others_have():
    one = pd.DataFrame({"jd": [2459509.6] * 2, "n_alerts": [3, 4], "first_alert": [1, 2]})
    first = tracklet_names(one, "LINE_")
    again = tracklet_names(one, "LINE_", first)
    assert [name[-3:] for name in [*first, *again]] == ["_01", "_00", "_03", "_02"]
