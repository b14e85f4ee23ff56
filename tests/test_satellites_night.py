"""A night's identification: real tracklets, drawn truth, bad catalogues, what is stored."""

from __future__ import annotations

import dataclasses
import shutil

import numpy as np
import pandas as pd
import pytest

from fink_tracklets import find_tracklets, read_table
from fink_tracklets.cli.main import main
from fink_tracklets.cli.show import night_text, tracklet_text
from fink_tracklets.errors import UserError
from fink_tracklets.satellites.elements import read_elements
from fink_tracklets.satellites.identify import Catalogue
from fink_tracklets.satellites.night import element_ages, identify_night
from fink_tracklets.satellites.shifted import FalseMatches
from fink_tracklets.satellites.stage import identify_stored
from fink_tracklets.store.joined import MATCH, read_tracklets
from fink_tracklets.store.night import open_night
from fink_tracklets.survey.satellites import METHODS, SatelliteLimits
from fink_tracklets.tables import BLIND_MATCHES, SATELLITES
from tests.conftest import SAMPLE
from tests.reading import read_manifest

NIGHT, NAME, THAICOM_2 = "20210604", "TRCK_20210604_093609_00", 23314
SATCAT = """\
OBJECT_NAME,OBJECT_ID,NORAD_CAT_ID,OBJECT_TYPE,OPS_STATUS_CODE,OWNER,LAUNCH_DATE,RCS
THAICOM 2,1994-065B,23314,PAY,-,THAI,1994-10-08,10.5
"""


@pytest.fixture(scope="module")
def file(data):
    return str(data / "norad_20210611.3le.gz")


@pytest.fixture(scope="module")
def catalogue(file):
    return Catalogue.of(read_elements([file]))


@pytest.fixture
def stored(stored, tmp_path):
    """A copy of the sample's store, to be added to."""
    return shutil.copytree(stored, tmp_path / "stored")


@pytest.mark.parametrize("method", METHODS)
def test_thaicom_2_is_the_only_one(method, stored, file, capsys):
    arguments = ["--night", NIGHT, "--store", str(stored), "--elements", file, "--method", method]
    assert main(["satellites", *arguments, "--quiet"]) == 0
    assert main(["satellites", *arguments]) == 0
    text = capsys.readouterr().out
    assert "6.3 d newer" in text
    assert "median age 6.4 d" in text
    (match,) = read_table(stored, "satellites", NIGHT).to_pylist()
    assert (match["tracklet"], match["norad_cat_id"], match["rank"]) == (NAME, THAICOM_2, 1)
    assert match["certain"]
    assert not match["composite"]
    assert match["mean_distance_arcsec"] < 6
    assert match["normal_angle_deg"] < 0.1
    assert match["zone"] == "geosynchronous"
    assert match["sunlit"]
    assert 36_000 < match["range_km"] < 42_000
    assert 14 < match["rate_arcsec_per_s"] < 16
    assert abs(match["element_age_d"] + 6.25) < 0.01
    assert read_manifest(stored, NIGHT)["satellites"]["elements"]["objects"] == 21643


def test_the_match_travels_with_the_tracklet(stored, file, tmp_path):
    satcat = tmp_path / "satcat.csv"
    satcat.write_text(SATCAT)
    identify_stored(open_night(stored, NIGHT), [file], str(satcat))
    assert read_table(stored, "satellites", NIGHT).schema.names == SATELLITES.names
    blind = read_table(stored, "blind_matches", NIGHT)
    assert blind.schema.names == BLIND_MATCHES.names
    members = set(read_table(stored, "tracklet_alerts", NIGHT)["alert_id"].to_pylist())
    found = blind.to_pandas().query("norad_cat_id == @THAICOM_2 and method == 'paper2'")
    assert set(found["alert_id"]) == members
    (tracklet,) = read_tracklets(stored, NIGHT).to_pylist()
    assert set(MATCH) <= set(tracklet)
    assert (tracklet["object_name"], tracklet["ops_status"]) == ("THAICOM 2", "non-operational")
    assert tracklet["owner"] == "THAI"
    assert "THAICOM 2" in night_text(open_night(stored, NIGHT))
    assert "THAICOM 2" in tracklet_text(open_night(stored, NIGHT), NAME)


def test_a_bad_catalogue_never_costs_the_night(data, spark, tmp_path, capsys):
    page, store = tmp_path / "gp.json", tmp_path / "store"
    page.write_text("<html>Too many requests</html>")
    arguments = ["--night", NIGHT, "--alerts", str(SAMPLE), "--store", str(store)]
    assert main(["run", *arguments, "--elements", str(page), "--quiet"]) == 2
    assert "gp.json is a web page (HTML)" in capsys.readouterr().err
    assert read_manifest(store, NIGHT)["rows"]["tracklets"] == 1
    assert "satellites" not in read_manifest(store, NIGHT)
    assert len(read_table(store, "satellites", NIGHT)) == 0


BAD = {
    "is empty": b"",
    "is a web page (HTML)": b"<!DOCTYPE html><html><body>Too many requests</body></html>",
    "line 2 of the set is cut short": b"VANGUARD 1\n"
    b"1 00005U 58002B   21161.78752299  .00000030  00000-0  34180-4 0  9993\n"
    b"2 00005  34.2424",
    "is a broken gzip file": b"\x1f\x8b\x08\x00\x00",
}


@pytest.mark.parametrize("why", BAD)
def test_each_bad_catalogue_is_one_sentence_and_the_night_stays(why, stored, tmp_path, capsys):
    file = tmp_path / "gp.txt"
    file.write_bytes(BAD[why])
    before = read_manifest(stored, NIGHT)
    arguments = ["--night", NIGHT, "--store", str(stored), "--elements", str(file), "--quiet"]
    assert main(["satellites", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert str(file) in line
    assert why in line
    assert read_manifest(stored, NIGHT) == before


LINES = [
    "2019-12-11 13:35:13",
    "2020-10-22 04:02:27",
    "2020-10-30 06:03:15",
    "2020-12-28 02:44:16",
    "2020-10-14 07:52:47",
]


@pytest.mark.parametrize("start", LINES)
def test_the_real_lines_of_other_years_are_refused(start, data, ztf, catalogue):
    frame = pd.read_parquet(data / "ztf_moving_candidates_2019_2020.parquet")
    frame.columns = [name.removeprefix("candidate.") for name in frame.columns]
    time = pd.to_datetime((frame["jd"] - 2440587.5) * 86400, unit="s")
    frame = frame[(time - pd.Timestamp(start)).abs() < pd.Timedelta("1s")]
    frame = frame.assign(exposure="e", alert_id=np.arange(len(frame)))
    alerts = find_tracklets(frame, ztf).assign(exposure="e", jd=frame["jd"].iloc[0])
    assert len(alerts) >= 5
    with pytest.raises(UserError, match=r"no element set is within 14 days .* days newer: give"):
        identify_night(
            alerts.assign(tracklet="T"), frame.assign(tracklet=None), catalogue.elements, ztf
        )


def test_drawn_truth_is_found_whatever_the_order_of_rows_and_the_field(data, ztf, catalogue):
    from benchmarks.satellite_campaign import HIGH, results
    from benchmarks.satellite_skies import ErrorTable, draw_tracklets

    alerts, truth = draw_tracklets(
        catalogue.elements,
        catalogue.classes,
        np.isin(catalogue.classes, HIGH),
        40,
        ztf,
        ErrorTable.read(data / "element_errors.csv"),
        5,
    )
    found = results(alerts, catalogue, ztf, 0.0)
    again = results(alerts.sample(frac=1, random_state=1), catalogue, ztf, 0.0)
    pd.testing.assert_frame_equal(found, again)
    ours = found[found["method"] == "likelihood"].merge(truth, on="tracklet")
    right = ours["found"] == ours["norad_cat_id"]
    assert len(ours) == 40
    assert right.sum() >= 35
    assert right[ours["certain"]].all()
    alone = results(alerts.assign(exposure=alerts["tracklet"]), catalogue, ztf, 0.0, ["likelihood"])
    one = ["tracklet", "found", "certain"]
    pd.testing.assert_frame_equal(
        alone[one].sort_values("tracklet", ignore_index=True),
        ours[one].sort_values("tracklet", ignore_index=True),
    )


def test_ages_beyond_the_limit_are_refused_and_those_within_counted(ztf, catalogue):
    night = np.array([2459369.7, 2459370.0])
    assert len(element_ages(catalogue.elements, night, ztf)) > 21_000
    short = dataclasses.replace(ztf, satellites=SatelliteLimits(max_element_age_days=0.001))
    with pytest.raises(UserError, match=r"within 0.001 days"):
        element_ages(catalogue.elements, night - 100, short)


def test_the_chance_is_the_share_of_shifted_matches_that_are_as_good():
    score = np.full((100, 10), np.inf)
    score[:30, 0] = 6.0
    belt = np.arange(100) < 50
    false = FalseMatches(score, belt, "paper2")
    near, far = (false.chance(np.array([5.0, 7.0]), where) for where in (True, False))
    assert near[1] == pytest.approx(30 / 500, rel=0.03)
    assert max(near[0], *far) < 0.002
    law = FalseMatches(score, belt, "likelihood").chance(np.array([-25.0, -16.0]), True)
    assert law[0] < law[1] < 0.06


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"method": "best"}, "method must be one of"),
        ({"max_score": float("nan")}, "max_score must be a number"),
        ({"max_misfit": 0.0}, "max_misfit must be a positive number"),
        ({"shift_hours": (0.1,)}, "at least 0.5 hours"),
    ],
)
def test_impossible_limits_are_refused(change, why):
    with pytest.raises(ValueError, match=why):
        SatelliteLimits(**change)
