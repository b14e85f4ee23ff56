"""A night of Rubin's in a real HBase: the broker's tables, families and salted keys."""

from __future__ import annotations

import shutil
import struct

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from fink_tracklets import load_survey
from fink_tracklets.cli import main
from fink_tracklets.errors import UserError
from fink_tracklets.evaluate.compare import pair_by_alerts
from fink_tracklets.hbase.rows import row_keys
from fink_tracklets.hbase.settings import load_hbase
from fink_tracklets.service.reading.hbase import HBaseReader
from tests.serving import get, serving

NIGHT = "20261022"


def command(name: str, store: str, hbase) -> int:
    arguments = ["--night", NIGHT, "--store", store, "--hbase", hbase.address]
    return main([name, *arguments, *(() if name == "verify" else ("--quiet",))])


def source_key(source: dict[str, object]) -> str:
    """Of a row of the broker's sources: salt, object, time."""
    number = source["diaObjectId"]
    return f"{str(number)[-3:]}_{number}_{source['midpointMjdTai']!r}"


def test_a_simulated_night_from_the_lake_to_the_page(rubin_sky, rubin_store, hbase, tmp_path):
    store = shutil.copytree(rubin_store, str(tmp_path / "store"))
    truth = pd.read_parquet(rubin_sky.truth)
    names = ("diaSourceId", "diaObjectId", "midpointMjdTai", "psfFlux")
    packets = pq.read_table(rubin_sky.alerts, columns=["diaSource"])["diaSource"]
    lake = pa.table({name: pc.struct_field(packets, name) for name in names}).to_pylist()
    flashes = set(truth.loc[truth["tracklet_id"].notna(), "alert_id"])
    of_flash = {s["diaSourceId"]: s for s in lake if s["diaSourceId"] in flashes}
    aside = next(s for s in lake if s["diaSourceId"] not in flashes and s["diaObjectId"])

    # The broker's table has not all of the flashes yet, and other sources.
    there = [s for k, s in enumerate(of_flash.values()) if k % 7]
    hbase.connection.create_table(hbase.rubin_sources, {"r": {}, "f": {}})
    with hbase.connection.table(hbase.rubin_sources).batch() as batch:
        for source in [*there, aside]:
            number = struct.pack(">q", source["diaSourceId"])
            batch.put(source_key(source).encode(), {b"r:diaSourceId": number})
    before = hbase.scan(hbase.rubin_sources)

    assert command("publish", store, hbase) == 0
    rows = hbase.scan(hbase.rubin_tracklets)
    found = pd.DataFrame(
        [
            (struct.unpack(">q", r["r:diaSourceId"])[0], r["f:tracklet"].decode())
            for r in rows.values()
        ],
        columns=["alert_id", "tracklet"],
    )
    tracks, tracklets = pair_by_alerts(truth, found)
    assert len(tracks) == 10
    assert tracks["recovered"].all()
    assert tracklets["true"].all()
    name_of = dict(zip(found["alert_id"], found["tracklet"], strict=True))
    source_of = {s["diaSourceId"]: s for s in lake if s["diaSourceId"] in name_of}
    # A second packet of one detection has its own id in its key, too.
    keys: set[str] = set()
    for number, source in sorted(source_of.items()):
        key = f"{name_of[number]}_{source['diaObjectId']}"
        keys.add(f"{key}_{number}" if key in keys else key)
    assert set(rows) == keys
    for row in rows.values():
        source = source_of[struct.unpack(">q", row["r:diaSourceId"])[0]]
        assert {column.split(":")[0] for column in row} == {"r", "f"}
        assert struct.unpack(">d", row["r:midpointMjdTai"]) == (source["midpointMjdTai"],)
        assert struct.unpack(">f", row["r:psfFlux"]) == (source["psfFlux"],)

    after = hbase.scan(hbase.rubin_sources)
    assert set(after) == set(before)
    marked = {key: row["f:tracklet"].decode() for key, row in after.items() if "f:tracklet" in row}
    ours = {source_key(s): name_of.get(s["diaSourceId"]) for s in there}
    assert marked == {key: name for key, name in ours.items() if name}
    assert command("verify", store, hbase) == 0

    reader = HBaseReader(load_hbase(hbase.address, "rubin"), load_survey("rubin").carry)
    with serving(reader=reader) as published, serving(store) as parquet:
        answer = get(f"{published}/api/v1/tracklet", id="TRCK_2026").json()
        answered = {int(row["r:diaSourceId"]): row["f:tracklet"] for row in answer}
        assert answered == name_of
        for name in set(name_of.values()):
            page = get(f"{parquet}/tracklet/{name}").text
            assert all(str(k) in page for k, given in name_of.items() if given == name)

    assert command("unpublish", store, hbase) == 0
    assert hbase.scan(hbase.rubin_sources) == before
    assert hbase.scan(hbase.rubin_tracklets) == {}


def test_a_source_without_an_object_goes_by_its_own_id(hbase):
    """And has no row in the broker's table; ids are null or 0."""
    alerts = pa.table(
        {
            "tracklet": ["TRCK_20260305_021644_00"] * 3,
            "object_id": ["170094456272322017", "source170094456272322034", "source51"],
            "alert_id": [170094456272322017, 170094456272322034, 51],
            "diaObjectId": pa.array([170094456272322017, None, 0], pa.int64()),
            "midpointMjdTai": [61105.0955] * 3,
        }
    )
    keys, of_alerts = row_keys(alerts, load_hbase("", "rubin").alerts.key)
    numbers = ("170094456272322017", "170094456272322034", "51")
    assert keys == [f"TRCK_20260305_021644_00_{number}" for number in numbers]
    assert of_alerts == ["017_170094456272322017_61105.0955", None, None]


def test_a_survey_without_tables_is_named(hbase, monkeypatch):
    with pytest.raises(
        UserError, match=r"hbase\.toml: no tables for the survey 'atlas', only for ztf"
    ):
        load_hbase("", "atlas")


def test_a_file_of_the_former_form_is_ztf_s(hbase):
    file = hbase.conf / "hbase.toml"
    text = file.read_text()
    former = text[: text.index("[surveys.rubin.tracklets]")].replace("[surveys.ztf.", "[")
    file.write_text(former)
    assert load_hbase().tracklets.table == hbase.tracklets
    with pytest.raises(UserError, match="no tables for the survey 'rubin'"):
        load_hbase("", "rubin")
