"""Crowded exposures, Rubin's schema, real catalogues, images, and flashes by themselves."""

from __future__ import annotations

import gzip
import io

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from astropy.io import fits

from fink_tracklets.errors import UserError
from fink_tracklets.finder import find_tracklets
from fink_tracklets.simulate import simulate_night
from fink_tracklets.simulate.flashes import EmittedFlashes, draw_spin, flash, resolved
from fink_tracklets.simulate.instruments import ZTF
from fink_tracklets.simulate.stamps import SIZE, draw_stamp
from fink_tracklets.sky.sphere import ARCSEC, unit_vectors
from fink_tracklets.survey import load_survey

NIGHT = "20210604"


@pytest.fixture(scope="module")
def with_images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    return simulate_night(NIGHT, folder, seed=4, exposures=60, crowded=1, cutouts="candidates")


def images(packet) -> list[np.ndarray]:
    return [
        fits.getdata(io.BytesIO(gzip.decompress(packet[f"cutout{name}"]["stampData"])))
        for name in ("Science", "Template", "Difference")
    ]


def test_the_number_of_exposures_and_the_crowds_are_those_asked_for(with_images):
    truth = pd.read_parquet(with_images.truth)
    sizes = truth["exposure"].value_counts()
    assert with_images.n_exposures == 60
    assert (sizes >= 500).sum() == 1
    assert sizes.max() < 4300


def test_crowds_are_clustered(with_images):
    truth = pd.read_parquet(with_images.truth)
    crowd = truth["exposure"].value_counts().index[0]
    alerts = pq.read_table(with_images.alerts).flatten().flatten().to_pandas()
    alerts = alerts[alerts["candid"].isin(truth.loc[truth["exposure"] == crowd, "alert_id"])]
    in_detector = alerts["candidate.rcid"].value_counts()
    assert in_detector.iloc[:3].sum() > 0.6 * len(alerts)


def test_candidates_have_images_as_real_packets_do(with_images, data):
    truth = pd.read_parquet(with_images.truth)
    table = pq.read_table(with_images.alerts)
    real = pq.read_schema(data / "ztf_alerts_20210604.parquet")
    for name in ("cutoutScience", "cutoutTemplate", "cutoutDifference"):
        assert table.schema.field(name).type == real.field(name).type
        has_image = table[name].is_valid().to_numpy(zero_copy_only=False)
        with_image = set(table["candid"].to_numpy()[has_image])
        assert set(truth["alert_id"]) <= with_image
        assert len(with_image) < len(truth) + 10


def test_a_glint_is_in_the_middle_of_its_images(with_images):
    truth = pd.read_parquet(with_images.truth)
    glints = set(truth.loc[truth["kind"] == "glint", "alert_id"])
    packets = [
        packet
        for packet in pq.read_table(with_images.alerts).to_pylist()
        if packet["candid"] in glints and packet["candidate"]["magpsf"] < 18.5
    ]
    assert len(packets) > 3
    for packet in packets:
        science, template, difference = images(packet)
        assert science.shape == (SIZE, SIZE)
        edge = np.isnan(difference)
        np.testing.assert_array_equal(np.isnan(science), edge)
        assert np.allclose((science - template)[~edge], difference[~edge], atol=0.01)
        candidate = packet["candidate"]
        assert edge.any() == (
            min(candidate["xpos"], candidate["ypos"]) < SIZE // 2 - 0.5
            or candidate["xpos"] >= 3072 - SIZE // 2 - 0.5
            or candidate["ypos"] >= 3080 - SIZE // 2 - 0.5
        )
        middle = difference[28:35, 28:35]
        counts = np.nansum(middle)
        expected = 10 ** (0.4 * (candidate["magzpsci"] - candidate["magpsf"]))
        if not edge.any():
            assert counts > 0.5 * expected


def test_every_flash_of_the_stamp_is_in_the_stamp():
    sources = np.array([[100, 200, 17.0], [112, 205, 17.5], [300, 200, 15.0]])
    sources = np.column_stack([sources, np.zeros((3, 2)), np.ones(3)])
    _, _, difference = draw_stamp(np.random.default_rng(1), 100.0, 200.0, sources, 26.2, 20.5, ZTF)
    assert np.unravel_index(difference.argmax(), difference.shape) == (31, 31)
    second = difference[36 - 3 : 36 + 4, 43 - 3 : 43 + 4]
    assert second.sum() == pytest.approx(10 ** (0.4 * (26.2 - 17.5)), rel=0.1)
    assert difference.sum() == pytest.approx(
        10 ** (0.4 * (26.2 - 17.0)) + 10 ** (0.4 * (26.2 - 17.5)), rel=0.2
    )


def test_a_long_flash_is_a_streak():
    source = np.array([[100.0, 200.0, 16.0, 6.0, -3.0, 1.0]])
    _, _, image = draw_stamp(np.random.default_rng(1), 100.0, 200.0, source, 26.2, 20.5, ZTF)
    down, along = np.mgrid[-31:32, -31:32]
    inside = np.hypot(down, along) < 9
    weights = image[inside] / image[inside].sum()
    spread = np.cov(along[inside], down[inside], aweights=weights.clip(0.0))
    lengths, directions = np.linalg.eigh(spread)
    assert lengths[1] > 2 * lengths[0]
    assert abs(directions[0, 1] / directions[1, 1]) == pytest.approx(2.0, rel=0.15)
    assert spread[0, 1] < 0


def test_rubin_s_packets_pass_rubin_s_cuts_as_the_truth_says(spark, tmp_path):
    from fink_tracklets.alerts.read import read_alerts

    rubin = load_survey("rubin")
    made = simulate_night("20261022", tmp_path / "sky", seed=1, exposures=80, survey="rubin")
    truth = pd.read_parquet(made.truth)
    alerts = read_alerts(spark, str(made.alerts), rubin).toPandas()
    passed = alerts[alerts["passed"] == len(rubin.cuts)]
    whole = passed[np.isfinite(passed[["jd", "ra", "dec"]].astype(float)).all(axis=1)]

    assert len(alerts) > 30_000
    assert set(whole["alert_id"]) == set(truth["alert_id"])
    by_id = whole.drop_duplicates("alert_id").set_index("alert_id")
    exposure = by_id["exposure"].loc[truth["alert_id"]].to_numpy()
    assert (exposure == truth["exposure"].to_numpy()).all()
    glints = truth[truth["kind"] == "glint"].set_index("alert_id")
    assert len(glints) > 0
    off = unit_vectors(*by_id.loc[glints.index, ["ra", "dec"]].to_numpy(float).T) - unit_vectors(
        glints["true_ra"], glints["true_dec"]
    )
    assert np.linalg.norm(off, axis=1).max() < 0.5 * ARCSEC


def test_most_tracklets_are_found_and_none_invented(simulated, ztf):
    truth = pd.read_parquet(simulated.truth)
    packets = pq.read_table(simulated.alerts, columns=["candid", "candidate"]).flatten()
    names = {"rcid": "detector", "xpos": "x", "ypos": "y", "ra": "ra", "dec": "dec"}
    frame = pd.DataFrame(
        {
            "alert_id": packets["candid"].to_numpy(),
            **{ours: packets[f"candidate.{name}"].to_numpy() for name, ours in names.items()},
        }
    ).drop_duplicates("alert_id")
    frame = frame.merge(truth, on="alert_id")
    found = find_tracklets(frame[["exposure", "alert_id", *names.values()]], ztf)
    members = found.merge(truth, on="alert_id")
    assert members.groupby(["exposure_x", "number"])["norad_cat_id"].nunique().eq(1).all()
    recovered = members["tracklet_id"].dropna().nunique()
    assert recovered >= 0.8 * simulated.n_tracklets > 0


def test_a_real_catalogue_gives_its_own_objects(data, tmp_path):
    file = data / "norad_20210611.3le.gz"
    made = simulate_night(NIGHT, tmp_path, seed=1, exposures=20, catalogue=file)
    tracks = pd.read_parquet(made.truth_tracks)
    assert made.catalogue == file
    assert len(tracks) > 10
    assert tracks["norad_cat_id"].max() < 60_000


def test_a_specular_sphere_is_as_bright_as_geometry_says():
    spin = draw_spin(1, 7, "GEO", always=True)
    assert spin is not None
    near, far = (flash(np.random.default_rng(1), spin, km, 30.0) for km in (1000.0, 10_000.0))
    np.testing.assert_allclose(far.instant_mag - near.instant_mag, 5.0)
    # Paper 2, eq. 2.
    np.testing.assert_allclose(near.instant_mag, near.mag + 2.5 * np.log10(spin.duration_s / 30.0))
    # A sphere sends the Sun's light evenly over 4 pi: area pi r^2 / (4 pi d^2).
    share = 0.5 * np.pi * spin.size_m**2 / (4 * np.pi * 1e6**2)
    brightest = -26.74 - 2.5 * np.log10(share)
    assert abs(near.instant_mag.min() - brightest) <= spin.drift_mag + 2.5
    assert (np.diff(near.seconds) > 0).all()


def test_flashes_that_run_together_are_no_points():
    ra = 10.0 + np.array([0.0, 1.0, 60.0, 120.0, 121.0]) / 3600
    mag = np.array([17.0, 17.2, 17.0, 17.0, 19.5])
    flashes = EmittedFlashes(np.arange(5.0), mag - 7, mag)
    alone = resolved(flashes, unit_vectors(ra, np.zeros(5)), 2.0)
    assert list(alone) == [False, False, True, True, False]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"exposures": 5000}, "has room for 1 to"),
        ({"exposures": 10, "crowded": 11}, "11 crowded exposures"),
        ({"survey": "atlas"}, "ztf or rubin"),
        ({"survey": "rubin"}, "rubin has no alerts of 20210604"),
        ({"cutouts": "some"}, "none, candidates, all"),
        ({"candidates": -1}, "-1 candidates in each exposure"),
        ({"candidates": 100, "crowded": 1}, "no crowded exposures besides"),
        ({"after_prompt": True}, "The prompt pipeline is Rubin's, not ztf's"),
        ({"catalogue": "none.json"}, "none.json cannot be read"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_written(options, reason, tmp_path):
    with pytest.raises(UserError, match=reason):
        simulate_night(NIGHT, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()
