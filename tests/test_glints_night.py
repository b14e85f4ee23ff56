"""The stage in a night of real alerts: whole, without stamps, with damaged ones."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from pyspark.sql import Window
from pyspark.sql import functions as F

from fink_tracklets import read_table
from fink_tracklets.cli.main import main
from fink_tracklets.glints.stage import measure_night
from fink_tracklets.glints.stamps import decode
from fink_tracklets.pipeline.run import run_night
from fink_tracklets.progress import Progress
from fink_tracklets.store.night import open_night
from fink_tracklets.tables import GLINT_TABLES
from tests.conftest import ROOT, SAMPLE
from tests.reading import read_manifest

NIGHT = "20210604"
ARC = 0.12 * 3600
"""Of THAICOM 2 in 30 s, P1's Table 2 [arcsec]."""


def tables(store):
    return {t.name: read_table(store, t.name, NIGHT).to_pylist() for t in GLINT_TABLES}


def test_run_measures_the_real_tracklet(stored):
    found = tables(stored)
    glints, (flashes,) = found["glints"], found["flashes"]
    assert [row["stamp"] for row in glints] == ["ok"] * 16
    assert all(row["central_peak"] for row in glints)
    assert sum(row["multi_peak"] for row in glints) == flashes["n_multi_peak"] == 15
    assert {row["is_glint"] for row in glints if row["tracklet"]} == {True}
    (alone,) = [row for row in glints if not row["tracklet"]]
    assert (alone["n_peaks"], alone["multi_peak"], alone["is_glint"]) == (1, False, False)
    # 21 spacings of 20.99" make the 420.6" of the tracklet but one; it is shorter than the arc
    assert flashes["arc_source"] == "tracklet"
    assert flashes["n_flashes"] == 20
    assert flashes["n_teeth"] == 21
    assert flashes["log10_false_alarm"] < -10
    # on THAICOM 2's arc: tau as in the paper; P_p 3 s is twice the spacing of the flashes,
    # every other of which is the fainter
    factor = flashes["arc_arcsec"] / ARC
    assert flashes["duration_s"] * factor == pytest.approx(0.07, abs=0.005)
    assert flashes["period_m_s"] * factor == pytest.approx(1.44, abs=0.02)
    assert flashes["period_s"] * factor == pytest.approx(2.92, abs=0.02)
    assert flashes["interpulse_phase"] == 0.5


def test_the_light_curve_holds_every_alert_once(stored):
    curve = tables(stored)["light_curves"]
    alerts = [row["alert_id"] for row in curve if row["alert_id"] is not None]
    members = read_table(stored, "tracklet_alerts", NIGHT)["alert_id"].to_pylist()
    assert sorted(alerts) == sorted(members)
    times = [row["time_s"] for row in curve]
    assert times == sorted(times)
    assert times[0] == 0
    assert times[-1] <= 30.000001


def test_the_members_stamps_are_kept_as_received(stored):
    sent = {row["candid"]: row for row in pq.read_table(SAMPLE).to_pylist()}
    kept = tables(stored)["stamps"]
    assert len(kept) == 15
    for row in kept:
        packet = sent[row["alert_id"]]
        assert row["science"] == packet["cutoutScience"]["stampData"]
        assert row["template"] == packet["cutoutTemplate"]["stampData"]
        assert row["difference"] == packet["cutoutDifference"]["stampData"]
        assert decode(row["science"]).pixels.shape == (63, 63)


def test_peaks_on_the_sky_fall_on_the_neighbouring_alerts(stored):
    rows = [row for row in tables(stored)["glints"] if row["tracklet"]]
    positions = {
        r["alert_id"]: (r["ra"], r["dec"])
        for r in read_table(stored, "candidates", NIGHT).to_pylist()
    }
    hits = 0
    for row in rows:
        for ra, dec in zip(row["peak_ra"], row["peak_dec"], strict=True):
            near = [
                other
                for other, (ra_0, dec_0) in positions.items()
                if abs(ra - ra_0) * 3600 * 0.97 < 2 and abs(dec - dec_0) * 3600 < 2
            ]
            hits += len(near) == 1 and near[0] != row["alert_id"]
    # 19 neighbouring pairs of 20 flashes, of which 15 are alerts: both members' stamps show both
    assert hits >= 15


def test_the_command_gives_the_same_again(stored, capsys):
    before = tables(stored)
    assert main(["glints", "--night", NIGHT, "--alerts", str(SAMPLE), "--store", str(stored)]) == 0
    assert "16 ok; 16 with a peak at the centre, 15 with several" in capsys.readouterr().out
    assert tables(stored) == before
    assert main(["verify", "--night", NIGHT, "--store", str(stored)]) == 0


def test_the_command_takes_the_survey_that_the_night_was_run_with(data, ztf, tmp_path, capsys):
    own = tmp_path / "mine.toml"
    text = (ROOT / "conf" / "ztf.toml").read_text().replace('name = "ztf"', 'name = "mine"')
    own.write_text(text.replace("detection_sigma = 5.0", "detection_sigma = 40.0"))
    store = str(tmp_path / "store")
    arguments = ["--night", NIGHT, "--alerts", str(SAMPLE), "--store", store, "--quiet"]
    assert main(["run", *arguments, "--survey", str(own)]) == 0
    before = tables(store)["glints"]
    assert main(["glints", *arguments]) == 0
    assert tables(store)["glints"] == before
    assert main(["glints", *arguments, "--survey", "ztf"]) == 0
    assert sum(row["n_peaks"] for row in tables(store)["glints"]) > sum(
        row["n_peaks"] for row in before
    )


def test_a_stage_leaves_sparks_settings_as_they_were(stored, spark, tmp_path):
    store = shutil.copytree(stored, tmp_path / "store")
    name = "spark.sql.execution.arrow.maxRecordsPerBatch"
    spark.conf.set(name, 1234)
    try:
        opened = open_night(store, NIGHT)
        measure_night(spark, opened, str(SAMPLE), opened.survey)
        assert spark.conf.get(name) == "1234"
    finally:
        spark.conf.unset(name)


def test_a_night_without_stamps_is_stored_all_the_same(data, spark, tmp_path):
    alerts, store = str(tmp_path / "alerts"), str(tmp_path / "store")
    spark.read.parquet(str(SAMPLE)).drop("cutoutScience").write.parquet(alerts)
    manifest = run_night(NIGHT, alerts, store).manifest.as_dict()
    assert manifest["rows"]["tracklet_alerts"] == 15
    assert "glints" not in manifest["files"]


def test_damaged_and_missing_stamps_are_counted(data, spark, tmp_path):
    alerts, store = str(tmp_path / "alerts"), str(tmp_path / "store")
    number = F.row_number().over(Window.orderBy("candid"))
    packets = spark.read.parquet(str(SAMPLE)).withColumn("k", number)
    stamp = F.col("cutoutDifference")["stampData"]
    broken = (
        F.when(F.col("k") == 3, F.lit(None).cast("binary"))
        .when(F.col("k") == 4, F.substring(stamp, 1, 2000))
        .otherwise(stamp)
    )
    packets = packets.withColumn(
        "cutoutDifference", F.struct(F.lit("x").alias("fileName"), broken.alias("stampData"))
    ).drop("k")
    packets.unionByName(packets.limit(5)).write.parquet(alerts)
    run_night(NIGHT, alerts, store)
    assert read_manifest(store, NIGHT)["glints"]["stamps"] == {"damaged": 1, "missing": 1, "ok": 14}
    assert len(tables(store)["glints"]) == 16


def test_the_command_names_what_is_not_there(stored, tmp_path, capsys):
    arguments = ["glints", "--night", NIGHT, "--store", str(stored), "--alerts"]
    assert main([*arguments, str(tmp_path / "none")]) == 2
    assert "No alerts at" in capsys.readouterr().err
    assert main([*arguments, str(SAMPLE), "--survey", "des"]) == 2
    assert "Unknown survey 'des'" in capsys.readouterr().err


def test_satellites_after_glints_say_that_the_flashes_are_of_before(stored, data, tmp_path, capsys):
    store = tmp_path / "store"
    shutil.copytree(stored, store)
    elements = str(data / "norad_20210611.3le.gz")
    arguments = ["--night", NIGHT, "--store", str(store)]
    assert main(["satellites", *arguments, "--elements", elements, "--quiet"]) == 0
    assert read_manifest(store, NIGHT)["glints"]["satellites_changed_since"]
    assert main(["satellites", *arguments, "--elements", elements]) == 0
    assert "run `fink-tracklets glints --night 20210604`" in capsys.readouterr().out
    assert main(["glints", *arguments, "--alerts", str(SAMPLE), "--quiet"]) == 0
    assert "satellites_changed_since" not in read_manifest(store, NIGHT)["glints"]
    (flashes,) = tables(store)["flashes"]
    assert flashes["arc_source"] == "satellite"
    # THAICOM 2 moves to the east among the stars: time runs with the position along the track
    curve = tables(store)["light_curves"]
    assert [row["along_arcsec"] for row in curve] == sorted(r["along_arcsec"] for r in curve)
    assert flashes["period_s"] == pytest.approx(2.87, abs=0.03)


def test_what_fails_in_the_stage_leaves_the_night_stored(data, spark, tmp_path, capsys, ztf):
    store = str(tmp_path / "store")
    # Whatever the fault: this one raises a TypeError
    broken = replace(ztf, glints=replace(ztf.glints, same_flash_arcsec="two"))
    manifest = run_night(
        NIGHT, str(SAMPLE), store, broken, progress=Progress(quiet=False)
    ).manifest.as_dict()
    assert manifest["rows"]["tracklet_alerts"] == 15
    assert "flashes are not measured" in capsys.readouterr().err
