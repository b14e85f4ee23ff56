"""The finder as its users see it: frames of candidates in, frames of tracklet alerts out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from fink_tracklets import find_tracklets
from fink_tracklets.errors import UserError
from fink_tracklets.evaluate import compare
from fink_tracklets.simulate import random_exposures
from fink_tracklets.sky.sphere import ARCSEC, ra_dec, unit_vectors


@pytest.fixture(scope="module", params=["published", "significant"])
def survey(ztf, request):
    return dataclasses.replace(ztf, finder=dataclasses.replace(ztf.finder, method=request.param))


def track(ra, dec, angle_deg, n=9, length=400.0, curvature=0.2, seed=0):
    """Points with 0.1 arcsec of noise along a curve that passes (ra, dec) at its middle."""
    rng = np.random.default_rng(seed)
    along = np.linspace(-length / 2, length / 2, n) * ARCSEC
    across = curvature / 2 * along**2 + rng.normal(0, 0.1, n) * ARCSEC
    centre = unit_vectors(ra, dec)
    east = np.array([-np.sin(np.radians(ra)), np.cos(np.radians(ra)), 0.0])
    ahead = np.cos(np.radians(angle_deg)) * np.cross(centre, east)
    ahead = ahead + np.sin(np.radians(angle_deg)) * east
    points = centre + np.outer(along, ahead) + np.outer(across, np.cross(centre, ahead))
    ra, dec = ra_dec(points)
    return pd.DataFrame({"exposure": "e", "alert_id": np.arange(n) + 1, "ra": ra, "dec": dec})


PLACES = {
    "across RA 0": (0.0, 40.0),
    "at the north pole": (77.0, 90.0),
    "near the south pole": (200.0, -89.99),
    "on the equator": (180.0, 0.0),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("angle", [0.0, 0.01, 37.0, 90.0, 179.99])
def test_any_place_and_direction(survey, place, angle):
    found = find_tracklets(track(*PLACES[place], angle), survey)
    assert len(found) == 9
    assert (found["n_points"] == 9).all()
    one = found.iloc[0]
    assert one["length_arcsec"] == pytest.approx(400, abs=1)
    assert one["rms_arcsec"] < 0.2
    assert 0 <= one["position_angle_deg"] < 180
    ends = unit_vectors([one["ra_start"], one["ra_end"]], [one["dec_start"], one["dec_end"]])
    assert np.arccos(ends[0] @ ends[1]) / ARCSEC == pytest.approx(400, abs=1)
    assert found["along_arcsec"].is_monotonic_increasing


def test_position_angle_length_and_curvature_are_those_of_the_track(survey):
    found = find_tracklets(track(50.0, 60.0, 130.0, n=40, length=20_000.0, curvature=0.3), survey)
    one = found.iloc[0]
    assert len(found) == 40
    assert one["position_angle_deg"] == pytest.approx(130.0, abs=0.05)
    assert one["length_arcsec"] == pytest.approx(20_000, rel=0.01)
    assert abs(one["curvature"]) == pytest.approx(0.3, rel=0.05)
    assert one["ra_start"] < one["ra_end"]


def test_twins_count_once_as_points_and_both_belong(survey):
    four = track(10.0, 20.0, 60.0, n=4).assign(detector=3, x=[1.0, 2, 3, 4], y=[5.0, 6, 7, 8])
    five = track(10.0, 20.0, 60.0, n=5).assign(detector=3, x=[1.0, 2, 3, 4, 5], y=5.0)
    twin_of = lambda frame: pd.concat(  # noqa: E731
        [frame, frame.iloc[[1]].assign(alert_id=99, ra=frame["ra"].iloc[1] + 1e-7)]
    )
    assert find_tracklets(twin_of(four), survey).empty
    found = find_tracklets(twin_of(five), survey)
    assert sorted(found["alert_id"]) == [1, 2, 3, 4, 5, 99]
    assert set(found["n_alerts"]) == {6}
    assert set(found["n_points"]) == {5}
    twins = found.set_index("alert_id").loc[[2, 99]]
    assert twins["along_arcsec"].nunique() == 1
    other_detector = twin_of(five)
    other_detector["detector"] = [3, 3, 3, 3, 3, 4]
    assert set(find_tracklets(other_detector, survey)["n_points"]) <= {5, 6}


def test_a_redelivered_alert_is_one_row(survey):
    frame = track(10.0, 20.0, 60.0)
    found = find_tracklets(pd.concat([frame, frame.iloc[:3]]), survey)
    assert found["alert_id"].is_unique
    assert set(found["n_alerts"]) == {9}


def test_numbers_follow_size_then_smallest_id(survey):
    large = track(10.0, 20.0, 60.0, n=12).assign(alert_id=np.arange(100, 112))
    small = [
        track(10.5, 20.5 + k, 60.0, n=8).assign(alert_id=np.arange(8) + 10 * (3 - k))
        for k in range(2)
    ]
    found = find_tracklets(pd.concat([*small, large]), survey)
    first = found.groupby("number")["alert_id"].min()
    assert list(first) == [100, 20, 30]


@pytest.mark.parametrize("density", [3, 60, 200])
def test_row_order_and_company_do_not_matter(survey, density):
    rng = np.random.default_rng(density)
    frame, _ = random_exposures(rng, 12, density, 2)
    whole = find_tracklets(frame, survey)
    assert len(whole) > 0
    shuffled = frame.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(find_tracklets(shuffled, survey), whole, check_exact=True)
    alone = [find_tracklets(one, survey) for _, one in frame.groupby("exposure")]
    parts = pd.concat([part for part in alone if len(part)], ignore_index=True)
    pd.testing.assert_frame_equal(parts, whole, check_exact=True)


def test_simulated_tracklets_are_found(survey):
    frame, truth = random_exposures(np.random.default_rng(5), 60, 10, 1)
    score = compare(truth, named(find_tracklets(frame, survey)))
    assert score.n_recovered >= 58
    assert len(score.false) <= 1


def named(found):
    return found.assign(tracklet=found["exposure"] + "_" + found["number"].astype(str))


def test_no_candidates_no_exposure_no_tracklet(survey):
    frame = track(10.0, 20.0, 60.0)
    assert find_tracklets(frame.iloc[:0], survey).empty
    few = find_tracklets(frame.iloc[:3], survey)
    assert few.empty
    assert list(few.columns) == list(find_tracklets(frame, survey).columns)


@pytest.mark.parametrize("wrong", [{"ra": np.nan}, {"dec": 91.0}, {"ra": np.inf}, {"dec": None}])
def test_wrong_positions_are_named(survey, wrong):
    frame = track(10.0, 20.0, 60.0)
    frame.loc[3, list(wrong)] = list(wrong.values())
    with pytest.raises(UserError, match=r"1 of 9 positions .*first: alert 4"):
        find_tracklets(frame, survey)


def test_missing_columns_are_named(survey):
    with pytest.raises(UserError, match="no column dec;"):
        find_tracklets(track(10.0, 20.0, 60.0).drop(columns="dec"), survey)


KNOWN_LINES = (
    "2019-12-11 13:35:13",
    "2020-10-14 07:52:47",
    "2020-10-22 04:02:27",
    "2020-10-30 06:03:15",
    "2020-12-28 02:44:16",
)


def test_the_five_lines_of_the_real_exposures(survey, data):
    moving = pd.read_parquet(data / "ztf_moving_candidates_2019_2020.parquet")
    frame = moving.rename(columns={"jd": "exposure", "candid": "alert_id"})
    found = find_tracklets(frame[["exposure", "alert_id", "ra", "dec"]], survey)
    starts = pd.to_datetime(found["exposure"], unit="D", origin="julian").dt.floor("s")
    sizes = found.groupby(starts.dt.strftime("%Y-%m-%d %H:%M:%S")).size()
    assert {line: sizes.get(line) for line in KNOWN_LINES} == dict.fromkeys(KNOWN_LINES, 5)
    if survey.finder.method == "significant":
        assert len(sizes) == len(KNOWN_LINES)


def on_pixels(angle_deg, pieces=1):
    """A track in the tangent plane of a detector turned by 30 degrees, in pieces of detectors."""
    frame = track(10.0, 0.0, 30.0 + angle_deg, n=12, curvature=0.0)
    along = np.linspace(0, 400, 12)
    turn = np.radians(angle_deg)
    piece = np.minimum(np.arange(12) // (12 // pieces), pieces - 1)
    x, y = along * np.cos(turn), along * np.sin(turn)
    return frame.assign(detector=piece, x=x - 100.0 * piece, y=y + 50.0 * piece)


@pytest.mark.parametrize(
    ("angle", "flag"), [(0.3, True), (89.5, True), (180.2, True), (3.0, False), (45.0, False)]
)
@pytest.mark.parametrize("pieces", [1, 2])
def test_a_track_along_a_pixel_axis_is_flagged(survey, angle, flag, pieces):
    found = find_tracklets(on_pixels(angle, pieces), survey)
    assert len(found) == 12
    assert set(found["along_pixel_axis"]) == {flag}


def test_without_pixels_there_is_no_flag(survey):
    assert find_tracklets(track(10.0, 20.0, 60.0), survey)["along_pixel_axis"].isna().all()


def test_an_exposure_beyond_the_limit_is_not_searched(survey):
    limits = dataclasses.replace(survey.finder, max_candidates=8)
    crowded = dataclasses.replace(survey, finder=limits)
    few, many = track(10.0, 20.0, 60.0, n=8), track(11.0, 20.0, 60.0, n=9)
    many = many.assign(exposure="f", alert_id=many["alert_id"] + 100)
    assert set(find_tracklets(pd.concat([few, many]), crowded)["exposure"]) == {"e"}


def test_what_one_caller_does_to_a_result_no_other_sees(ztf):
    none = pd.DataFrame({"exposure": ["a"], "alert_id": [1], "ra": [10.0], "dec": [20.0]})
    find_tracklets(none, ztf)["mine"] = 1
    assert "mine" not in find_tracklets(none, ztf)
