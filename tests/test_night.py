"""The night's flow on real and simulated alerts, through a real Spark and a real store."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.time import Time
from pyspark.sql import functions as F

from fink_tracklets import read_table
from fink_tracklets.cli.show import night_text
from fink_tracklets.errors import UserError
from fink_tracklets.evaluate import compare
from fink_tracklets.pipeline import link
from fink_tracklets.pipeline import tables as pipeline_tables
from fink_tracklets.pipeline.run import far_outside, run_night
from fink_tracklets.tables import TABLES
from tests.conftest import SAMPLE
from tests.reading import read_manifest

NIGHT = "20210604"
NAME = "TRCK_20210604_093609_00"


def tables(store, night=NIGHT) -> dict[str, list[dict]]:
    """All tables of a night as sorted rows, comparable to the last bit."""
    return {name: sorted(map(repr, read_table(store, name, night).to_pylist())) for name in TABLES}


@pytest.fixture(scope="module")
def sample(data, tmp_path_factory, spark):
    """The store of the real night, and its tables."""
    store = str(tmp_path_factory.mktemp("store"))
    run_night(NIGHT, str(SAMPLE), store)
    return store, tables(store)


def test_the_published_tracklet_of_the_real_night(sample):
    store, _ = sample
    alerts = read_table(store, "tracklet_alerts", NIGHT).to_pandas()
    assert set(alerts["tracklet"]) == {NAME}
    assert len(alerts) == 15
    candidates = read_table(store, "candidates", NIGHT).to_pandas()
    assert len(candidates) == 16
    assert list(candidates.loc[candidates["tracklet"].isna(), "object_id"]) == ["ZTF21abdvylm"]
    tracklet = read_table(store, "tracklets", NIGHT).to_pylist()[0]
    assert f"{tracklet['exposure_start']:%H:%M:%S.%f}" == "09:36:09.996478"
    assert tracklet["log10_nfa"] < -10


def test_survey_columns_are_carried_bit_for_bit(sample, ztf):
    store, _ = sample
    ours = read_table(store, "tracklet_alerts", NIGHT)
    packets = pq.read_table(SAMPLE)
    flat = pa.table(
        {
            **{name: packets[name] for name in ("objectId", "candid", "publisher")},
            **{
                field.name: packets["candidate"].combine_chunks().field(field.name)
                for field in packets.schema.field("candidate").type
                if field.name != "candid"
            },
        }
    )
    for name in ztf.carry.sent:
        assert ours.schema.field(name).type == flat.schema.field(name).type, name
    received = {row["candid"]: row for row in flat.to_pylist()}
    for row in ours.to_pylist():
        for name in ztf.carry.sent:
            assert repr(row[name]) == repr(received[row["alert_id"]][name]), name
        assert row["jd"] == received[row["alert_id"]]["jd"]


def test_again_and_shuffled_whoever_searches_and_writes_the_tables_are_the_same(
    sample, spark, tmp_path, monkeypatch
):
    """The driver did it all before; now Spark searches, then it joins and writes, too."""
    store, first = sample
    monkeypatch.setattr(link, "DRIVER_COST", 0)
    run_night(NIGHT, str(SAMPLE), store)
    assert tables(store) == first
    monkeypatch.setattr(pipeline_tables, "FEW", 0)
    shuffled = spark.read.parquet(str(SAMPLE)).orderBy(F.xxhash64("candid", F.lit(7)))
    shuffled.repartition(7).write.parquet(str(tmp_path / "shuffled"))
    other = str(tmp_path / "store")
    run_night(NIGHT, str(tmp_path / "shuffled"), other)
    assert tables(other) == first


def test_a_folder_per_night_padded_or_not(sample, spark, tmp_path):
    _, first = sample
    for folder in ("a/year=2021/month=06/day=04", "b/year=2021/month=6/day=4"):
        (tmp_path / folder).mkdir(parents=True)
        pq.write_table(pq.read_table(SAMPLE), tmp_path / folder / "alerts.parquet")
        store = str(tmp_path / f"store-{folder[0]}")
        run_night(NIGHT, f"{tmp_path}/{folder[0]}/year={{Y}}/month={{m}}/day={{d}}", store)
        assert tables(store) == first


def test_the_simulated_night_s_tracklets_are_found(simulated, simulated_store):
    found = read_table(simulated_store, "tracklet_alerts", "20211022").to_pandas()
    score = compare(pd.read_parquet(simulated.truth), found)
    assert score.n_true == simulated.n_tracklets >= 5
    assert score.n_recovered >= 0.8 * score.n_true
    assert score.false == ()


def test_the_funnel_is_what_pandas_counts(simulated, simulated_store):
    manifest = read_manifest(simulated_store, "20211022")
    packets = pq.read_table(simulated.alerts).to_pandas()
    c = pd.json_normalize(packets["candidate"].tolist())
    usable = np.isfinite(c[["jd", "ra", "dec"]].astype(float)).all(axis=1)
    assert manifest["alerts_read"] == len(c)
    assert manifest["alerts_unusable"]["alerts"] == (~usable).sum() == 5
    assert manifest["alerts_unusable"]["no_time"] == c["jd"].isna().sum()
    left = usable & (c["rb"] > 0.55) & (c["nbad"] == 0)
    assert manifest["funnel"][0] == {"cut": "quality", "alerts": left.sum()}
    left &= (c["ndethist"] == 1) & c["isdiffpos"].isin(["t", "1"])
    assert manifest["funnel"][1]["alerts"] == left.sum()
    left &= c["ssnamenr"].isin(["null"]) | c["ssnamenr"].isna()
    assert manifest["funnel"][2]["alerts"] == left.sum()

    candidates = read_table(simulated_store, "candidates", "20211022").to_pandas()
    truth = pd.read_parquet(simulated.truth)
    assert set(candidates["alert_id"]) == set(truth["alert_id"])
    assert candidates["alert_id"].is_unique
    redelivered = manifest["funnel"][3]["alerts"] - len(candidates)
    assert redelivered == 2


def test_every_exposure_has_its_row(simulated, simulated_store):
    exposures = read_table(simulated_store, "exposures", "20211022").to_pandas()
    manifest = read_manifest(simulated_store, "20211022")
    assert len(exposures) == simulated.n_exposures == manifest["exposures"]["with_alerts"]
    assert (exposures["candidates"] > 0).sum() == manifest["exposures"]["with_candidates"]
    truth = pd.read_parquet(simulated.truth)
    assert (exposures["candidates"] > 0).sum() == truth["exposure"].nunique()
    assert exposures["tracklets"].sum() == manifest["rows"]["tracklets"]
    assert (exposures["tracklets"] > 0).sum() == manifest["exposures"]["with_tracklets"]
    steps = pd.DataFrame([{s["cut"]: s["alerts"] for s in row} for row in exposures["funnel"]])
    assert [{"cut": cut, "alerts": n} for cut, n in steps.sum().items()] == manifest["funnel"]
    tracklets = read_table(simulated_store, "tracklets", "20211022").to_pandas()
    centre = tracklets.merge(exposures, on="exposure", suffixes=("", "_centre"))
    assert (np.abs(centre["dec_start"] - centre["dec"]) < 4.5).all()


EMPTY = {
    "no alerts": "candid < 0",
    "no candidates": "candidate.rb < 0.5",
    "no tracklets": "candidate.rb > 0.92",
}


@pytest.mark.parametrize("case", EMPTY)
def test_a_night_without_is_a_success_with_typed_tables(case, data, spark, tmp_path):
    alerts, store = str(tmp_path / "alerts"), str(tmp_path / "store")
    spark.read.parquet(str(SAMPLE)).where(EMPTY[case]).write.parquet(alerts)
    manifest = run_night(NIGHT, alerts, store).manifest.as_dict()
    assert manifest["rows"]["tracklets"] == 0
    for name, table in TABLES.items():
        stored = read_table(store, name, NIGHT)
        assert stored.schema.types[: len(table.columns)] == table.arrow_schema.types, name
        assert len(stored) == manifest["rows"].get(name, 0)


def test_alert_ids_of_digits_are_numbers_and_others_are_counted(data, spark, tmp_path, ztf):
    text = spark.read.parquet(str(SAMPLE)).withColumn("candid", F.col("candid").cast("string"))
    broken = text.limit(1).withColumn("candid", F.lit("ZTF-1"))
    text.unionByName(broken).write.parquet(str(tmp_path / "alerts"))
    manifest = run_night(
        NIGHT, str(tmp_path / "alerts"), str(tmp_path / "store")
    ).manifest.as_dict()
    assert manifest["alerts_unusable"] == {"alerts": 1, "no_id": 1, "no_time": 0, "no_position": 0}
    assert manifest["rows"]["tracklet_alerts"] == 15


def test_the_manifest_says_what_was_done(sample, ztf):
    store, _ = sample
    manifest = read_manifest(store, NIGHT)
    assert manifest["inputs"]["alerts"] == str(SAMPLE)
    assert f"1 files, {SAMPLE.stat().st_size} bytes" in manifest["inputs"]["state"]
    assert manifest["survey"] == "ztf"
    assert manifest["configuration"]["finder"]["min_points"] == ztf.finder.min_points
    assert json.loads(json.dumps(manifest)) == manifest
    assert manifest["rows"].pop("summary") > 100
    assert manifest["rows"] == {
        "tracklets": 1,
        "tracklet_alerts": 15,
        "short_tracks": 0,
        "candidates": 16,
        "exposures": 2,
        "glints": 16,
        "flashes": 1,
        "light_curves": 20,
        "stamps": 15,
    }


def test_rubin_s_times_become_the_utc_start(data, spark, tmp_path):
    """Real Rubin alerts of years with 36 and 37 leap seconds, against astropy."""
    sources = data / "rubin_dia_sources.parquet"
    store = str(tmp_path / "store")
    manifest = run_night(
        "20250905", str(sources), store, survey="rubin_catalogue"
    ).manifest.as_dict()
    assert manifest["alerts_read"] == 463
    assert manifest["alerts_unusable"]["alerts"] == 0
    exposures = read_table(store, "exposures", "20250905").to_pandas()
    received = pd.read_parquet(sources).drop_duplicates("visit").set_index("visit")
    middle = received.loc[exposures["exposure"], "midpointMjdTai"].to_numpy()
    start = Time(middle, format="mjd", scale="tai").utc.jd - 15 / 86400
    assert np.abs(start - exposures["jd"]).max() * 86400 < 1e-3
    assert read_table(store, "tracklet_alerts", "20250905").schema.field("psfFlux").type == "double"


@pytest.mark.parametrize(
    "step",
    [
        "finding tracklets",
        pytest.param("starting Spark", marks=pytest.mark.campaign),
        pytest.param("reading alerts", marks=pytest.mark.campaign),
    ],
)
def test_kill_9_in_the_middle_and_run_again(step, sample, tmp_path):
    """The process dies as soon as it says that a step is done, with its Java."""
    _, first = sample
    store = str(tmp_path / "store")
    run_night(NIGHT, str(SAMPLE), store)
    arguments = ["run", "--night", NIGHT, "--alerts", str(SAMPLE), "--store", store]
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "fink_tracklets", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    ) as job:
        assert job.stderr is not None
        assert any(line.startswith(step) for line in job.stderr)
        os.killpg(job.pid, signal.SIGKILL)
    assert job.returncode == -signal.SIGKILL
    assert tables(store) == first
    run_night(NIGHT, str(SAMPLE), store)
    assert tables(store) == first
    assert not list((tmp_path / "store").glob("*/night=*/_new-*"))


def test_a_crowded_exposure_is_named_and_the_night_goes_on(sample, ztf, tmp_path):
    limits = dataclasses.replace(ztf.finder, max_candidates=14)
    store = str(tmp_path / "store")
    stored = run_night(NIGHT, str(SAMPLE), store, dataclasses.replace(ztf, finder=limits))
    manifest = stored.manifest.as_dict()
    assert manifest["exposures_skipped"] == [
        {"exposure": "2459369.9001157", "candidates": 15, "tracklets": 0}
    ]
    assert manifest["rows"]["tracklets"] == 0
    assert manifest["rows"]["candidates"] == 16
    assert "Not searched: 2459369.9001157 (15 candidates" in night_text(stored)
    other = dict.fromkeys(range(40), 3)
    counts = pd.Series({**other, 40: 90, 41: 59})
    assert list(counts[far_outside(counts, 20)].index) == [40]


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("candid", "lack an id (candid)"),
        ("jd", "lack a time or exposure (candidate.jd"),
        ("ra", "lack a position (candidate.ra, candidate.dec)"),
    ],
)
def test_a_night_without_a_usable_alert_is_an_error_that_names_the_column(
    column, said, data, spark, tmp_path
):
    packets = spark.read.parquet(str(SAMPLE)).drop("prv_candidates")
    if column == "candid":
        packets = packets.withColumn("candid", F.lit(None).cast("bigint"))
    else:
        empty = F.col("candidate").withField(column, F.lit(None).cast("double"))
        packets = packets.withColumn("candidate", empty)
    packets.write.parquet(str(tmp_path / "alerts"))
    with pytest.raises(UserError) as error:
        run_night(NIGHT, str(tmp_path / "alerts"), str(tmp_path / "store"))
    assert "none of the 16 alerts can be used" in str(error.value)
    assert said in str(error.value)
    assert not (tmp_path / "store" / "manifests" / f"{NIGHT}.json").exists()
