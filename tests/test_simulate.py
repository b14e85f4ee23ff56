"""The simulated night: like the paper's mean night, like ZTF's packets, and true to its truth."""

from __future__ import annotations

from itertools import combinations

import astropy.units as u
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import AltAz, EarthLocation, SkyCoord, get_sun
from astropy.time import Time
from astropy.utils import iers

from fink_tracklets.errors import UserError
from fink_tracklets.simulate import mosaic, random_exposures, simulate_night
from fink_tracklets.simulate.schedule import draw_exposures
from fink_tracklets.sky.sphere import ARCSEC, separation, unit_vectors

NIGHT = "20210604"
SEEDS = (1, 2, 3)


def flat(table: pa.Table) -> pd.DataFrame:
    """The packets as plain columns, candidate fields under their own names; NaN for null."""
    candidate = table.column("candidate").combine_chunks()
    fields = {field.name: candidate.field(i).to_pandas() for i, field in enumerate(candidate.type)}
    return pd.DataFrame({"candid": table["candid"], "objectId": table["objectId"], **fields})


def funnel(alerts: pd.DataFrame) -> list[pd.DataFrame]:
    """The alerts after each of the paper's four cuts."""
    a = alerts
    quality = (a.rb > 0.55) & (a.nbad == 0)
    single = (a.ndethist == 1) & a.isdiffpos.isin(["t", "1"])
    no_object = a.ssnamenr.isna() | a.ssnamenr.isin(["null", ""])
    missing = (a.magnr.isna() | (a.magnr == -999)) | (a.distnr.isna() | (a.distnr == -999))
    brighter = a.magnr - a.magpsf
    with np.errstate(invalid="ignore"):
        line = -4 * (np.log10(a.distnr) + 0.2)
    outside = missing | (brighter > 1) | (brighter > line) | (a.distnr > 2)
    steps = []
    passed = pd.Series(True, index=a.index)
    for cut in (quality, single, no_object, outside):
        passed &= cut
        steps.append(a[passed])
    return steps


class Night:
    """One simulated night, read back."""

    def __init__(self, folder, seed: int) -> None:
        self.result = simulate_night(NIGHT, folder, seed)
        self.packets = pq.read_table(self.result.alerts)
        self.rows = flat(self.packets)
        whole = self.rows.dropna(subset=["jd", "ra", "dec"])
        self.alerts = whole.drop_duplicates("candid")
        self.truth = pd.read_parquet(self.result.truth)
        self.tracks = pd.read_parquet(self.result.truth_tracks)
        self.candidates = funnel(self.alerts)[-1]


@pytest.fixture(scope="module", params=SEEDS)
def night(request, tmp_path_factory) -> Night:
    return Night(tmp_path_factory.mktemp("night"), request.param)


def test_the_funnel_is_that_of_a_mean_night(night):
    counts = [len(step) for step in funnel(night.alerts)]
    assert counts[0] == pytest.approx(145_000, rel=0.01)
    assert counts[1:] == pytest.approx([21_800, 2_500, 1_220], rel=0.25)
    assert len(night.alerts) > 1.2 * counts[0]
    assert night.result.n_rows == len(night.rows)


def test_candidates_per_exposure_are_those_of_a_mean_night(night):
    per_exposure = night.candidates.groupby("jd").size()
    assert night.alerts["jd"].nunique() == night.result.n_exposures == 314
    assert len(per_exposure) == pytest.approx(217, abs=20)
    assert 2 <= per_exposure.median() <= 4
    assert (per_exposure >= 5).sum() == pytest.approx(78, abs=20)


def test_the_truth_lists_exactly_the_alerts_that_pass_the_cuts(night):
    truth = night.truth.set_index("alert_id")
    alerts = night.candidates.set_index("candid").loc[truth.index]
    assert truth.index.is_unique
    assert len(truth) == len(night.candidates) == night.result.n_candidates
    assert (truth["object_id"] == alerts["objectId"]).all()
    assert (truth["exposure"] == alerts["jd"].map(float).map(repr)).all()
    assert truth["tracklet_id"].nunique() == night.result.n_tracklets > 0
    assert truth["tracklet_id"].notna().sum() == night.result.n_tracklet_alerts
    glints = truth[truth["kind"] == "glint"]
    of_glints = ["norad_cat_id", "flash_s", "true_ra", "true_dec", "instant_mag"]
    assert glints[of_glints].notna().all(axis=None)
    assert glints["tracklet_id"].isna().any(), "lone glints"
    background = truth[truth["kind"] == "background"]
    assert background[["tracklet_id", *of_glints]].isna().all(axis=None)


def test_a_tracklet_is_an_object_with_five_detections(night):
    glints = night.truth[night.truth["kind"] == "glint"]
    keys = ["exposure", "norad_cat_id"]
    points = glints.groupby(keys)["tracklet_id"].agg(["size", "nunique"])
    assert ((points["size"] >= 5) == (points["nunique"] == 1)).all()
    tracks = night.tracks.set_index(keys)
    assert (tracks["flashes_detected"].loc[points.index] == points["size"]).all()
    assert (tracks["flashes_detected"] > 0).sum() == len(points)
    assert (tracks["flashes_detected"] <= tracks["flashes_emitted"]).all()
    by_name = glints.dropna(subset=["tracklet_id"]).groupby("tracklet_id")[keys].nunique()
    assert (by_name == 1).all(axis=None)


def test_glints_are_measured_where_the_object_was(night):
    glints = night.truth[night.truth["kind"] == "glint"].set_index("alert_id")
    alerts = night.alerts.set_index("candid").loc[glints.index]
    off = separation(
        unit_vectors(alerts["ra"], alerts["dec"]),
        unit_vectors(glints["true_ra"], glints["true_dec"]),
    )
    assert 0.05 < np.median(off / ARCSEC) < 0.3
    assert (off / ARCSEC).max() < 1.2
    assert (alerts["magpsf"] <= alerts["diffmaglim"]).all()


def test_each_tracklet_is_a_smooth_curve_of_separate_points(night):
    glints = night.truth[night.truth["kind"] == "glint"].dropna(subset=["tracklet_id"])
    positions = night.alerts.set_index("candid")[["ra", "dec"]]
    for _, one in glints.groupby("tracklet_id"):
        points = unit_vectors(*positions.loc[one["alert_id"]].to_numpy().T)
        along, across = principal_axes(points)
        if np.ptp(along) < 3600:
            residuals = across - np.polynomial.Polynomial.fit(along, across, 2)(along)
            assert np.abs(residuals).max() < 1.5
        assert np.diff(np.sort(along)).mean() > 3.0
        by_time = np.diff(along[np.argsort(one["flash_s"].to_numpy())])
        assert (by_time > 0).all() or (by_time < 0).all()


def principal_axes(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates [arcsec] of unit vectors (n, 3) along and across their common direction."""
    middle = points.mean(axis=0) / np.linalg.norm(points.mean(axis=0))
    plane = points / (points @ middle)[:, None] - middle
    along, across = np.linalg.svd(plane, full_matrices=False)[2][:2]
    return plane @ along / ARCSEC, plane @ across / ARCSEC


def test_the_awkward_rows_of_real_life_are_there(night):
    rows, truth = night.rows, night.truth
    assert rows[["jd", "ra", "dec"]].isna().any(axis=1).sum() == 5
    for name in ("jd", "ra", "magnr", "distnr"):
        column = night.packets.column("candidate").combine_chunks().field(name)
        values = column.to_numpy(zero_copy_only=False)
        assert 0 < column.null_count < np.isnan(values).sum(), f"null and NaN in {name}"
    assert rows["candid"].duplicated().sum() == 6
    assert {"t", "f", "1", "0"} == set(rows["isdiffpos"])
    background = rows[rows["candid"].isin(truth.loc[truth["kind"] == "background", "alert_id"])]
    for name in ("magnr", "distnr"):
        assert (background[name] == -999).any()
        assert background[name].isna().any()

    twins = truth[truth["kind"] == "twin"]
    assert twins["tracklet_id"].notna().any()
    assert twins["tracklet_id"].isna().any()
    detection = ["jd", "rcid", "xpos", "ypos"]
    groups = night.candidates.groupby(detection)["candid"].agg(set)
    assert sorted(map(len, groups))[-4:] == [1, 2, 2, 2]
    for twin in twins["alert_id"]:
        (pair,) = (group for group in groups if twin in group)
        assert truth.loc[truth["alert_id"].isin(pair), "tracklet_id"].nunique(dropna=False) == 1


def test_files_are_mixed_and_ids_are_unique(night):
    files = sorted(night.result.alerts.glob("*.parquet"))
    assert len(files) > 1
    for file in files:
        assert flat(pq.read_table(file))["jd"].nunique() == 314
    distinct = night.rows.drop_duplicates("candid")
    assert distinct["objectId"].str.fullmatch(r"ZTF\d\d[a-z]{7}").all()
    new = distinct.loc[distinct["ndethist"] == 1, "objectId"]
    assert new.duplicated().sum() == 3, "only the twins share the name of an object"


def test_packets_have_the_types_of_real_ones(night, data):
    real = pq.read_schema(data / "ztf_alerts_20210604.parquet")
    for field in night.packets.schema:
        if field.name != "candidate":
            assert field.type == real.field(field.name).type, field.name
    of_real = {field.name: field.type for field in real.field("candidate").type}
    ours = {field.name: field.type for field in night.packets.schema.field("candidate").type}
    assert ours == {name: of_real[name] for name in ours}


def test_packets_have_every_column_the_survey_uses(night, ztf):
    fields = {f"candidate.{field.name}" for field in night.packets.schema.field("candidate").type}
    known = fields | set(night.packets.schema.names)
    assert set(ztf.carry.columns) <= known
    plain = {vars(ztf.columns)[name] for name in vars(ztf.columns) if name != "band"}
    assert plain <= known


def test_pixels_are_those_of_real_alerts(data):
    real = flat(pq.read_table(data / "ztf_alerts_20210604.parquet"))
    real = real[real["jd"] == real["jd"].mode()[0]]
    vectors = unit_vectors(real["ra"], real["dec"])
    assert real["rcid"].nunique() == 1
    for i, j in combinations(range(len(real)), 2):
        a, b = real.iloc[i], real.iloc[j]
        pixels = np.hypot(a["xpos"] - b["xpos"], a["ypos"] - b["ypos"])
        angle = separation(vectors[i], vectors[j]) / ARCSEC
        assert angle == pytest.approx(pixels * mosaic.ZTF.pixel_arcsec, rel=0.003, abs=0.3)


def test_pixels_and_plane_are_inverse():
    rcid, x, y = mosaic.random_pixels(np.random.default_rng(0), 1000)
    again = mosaic.plane_to_pixels(*mosaic.pixels_to_plane(rcid, x, y))
    assert (again[0] == rcid).all()
    np.testing.assert_allclose(again[1:], [x, y], atol=1e-6)
    in_gap = mosaic.plane_to_pixels(np.array([3200.0, 1e5]), np.array([0.0, 0.0]))
    assert (in_gap[0] == -1).all()


@pytest.mark.parametrize("date", ["20210604", "20211222", "20210320", "20210922"])
def test_exposures_are_at_night_and_high_above_palomar(date, ztf):
    exposures = draw_exposures(np.random.default_rng(5), date, 314, ztf.site, 30.0)
    jd = exposures["jd"].to_numpy()
    assert np.diff(jd).min() * 86400 > 38.0
    assert (exposures["ra"] == 0.0).any()
    site = EarthLocation.from_geodetic(ztf.site.longitude_deg, ztf.site.latitude_deg)
    with iers.conf.set_temp("auto_download", False):
        time = Time(jd, format="jd", scale="utc")
        assert {f"{t:%Y%m%d}" for t in time.to_datetime()} == {date}
        frame = AltAz(obstime=time, location=site)
        pointings = SkyCoord(
            exposures["ra"].to_numpy() * u.deg, exposures["dec"].to_numpy() * u.deg
        )
        assert pointings.transform_to(frame).alt.deg.min() > 29.5
        assert get_sun(time).transform_to(frame).alt.deg.max() < -11.5


def test_a_seed_makes_a_night(tmp_path):
    nights = [Night(tmp_path / name, seed) for name, seed in (("a", 4), ("b", 4), ("c", 5))]
    a, b, c = nights
    pd.testing.assert_frame_equal(a.rows, b.rows)
    pd.testing.assert_frame_equal(a.truth, b.truth)
    pd.testing.assert_frame_equal(a.tracks, b.tracks)
    assert not a.truth["alert_id"].isin(c.truth["alert_id"]).any()


def test_a_former_simulation_is_replaced(tmp_path):
    simulate_night(NIGHT, tmp_path, seed=1)
    (tmp_path / "alerts" / "part-9.parquet").write_bytes(b"left over")
    again = Night(tmp_path, seed=2)
    assert len(again.rows) == again.result.n_rows


def test_other_things_are_not_overwritten(tmp_path):
    lake = tmp_path / "lake"
    (lake / "alerts").mkdir(parents=True)
    precious = lake / "alerts" / "night.parquet"
    precious.write_bytes(b"precious")
    with pytest.raises(UserError, match=r"lake holds .*another folder"):
        simulate_night(NIGHT, lake)
    assert precious.read_bytes() == b"precious"
    with pytest.raises(UserError, match="cannot be written"):
        simulate_night(NIGHT, precious)


@pytest.mark.parametrize("night", ["2021-06-04", "20210231", "2021604", "tonight", ""])
def test_a_night_is_a_date(night, tmp_path):
    with pytest.raises(UserError, match="YYYYMMDD"):
        simulate_night(night, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_there_is_no_night_before_the_survey(tmp_path):
    with pytest.raises(UserError, match="no alerts of 20161231"):
        simulate_night("20161231", tmp_path)


@pytest.mark.parametrize("pointing", [None, (0.0, 10.0), (33.0, 89.9), (0.0, -90.0)])
def test_random_exposures_hold_what_was_asked_for(pointing):
    frame, truth = random_exposures(np.random.default_rng(2), 40, 12, 2, pointing)
    assert list(frame.columns) == ["exposure", "alert_id", "ra", "dec", "detector", "x", "y"]
    assert frame["alert_id"].is_unique
    assert (frame[["alert_id", "exposure"]] == truth[["alert_id", "exposure"]]).all(axis=None)
    assert frame["ra"].between(0, 360, inclusive="left").all()
    background = truth[truth["kind"] == "background"]
    assert (background.groupby("exposure").size() == 12).all()
    assert background["exposure"].nunique() == 40
    tracklets = truth.dropna(subset=["tracklet_id"]).groupby("tracklet_id")
    assert tracklets.ngroups == 80
    assert (tracklets["exposure"].nunique() == 1).all()
    assert tracklets.size().between(5, 100).all()
    if pointing:
        away = separation(unit_vectors(*pointing), unit_vectors(frame["ra"], frame["dec"]))
        assert np.degrees(away.max()) < 7.5


def test_random_exposures_may_be_empty():
    frame, truth = random_exposures(np.random.default_rng(2), 3, 0, 0)
    assert len(frame) == len(truth) == 0
