"""A night of Rubin's in a real HBase: the broker's tables, families and salted keys."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fink_tracklets import load_survey, read_table
from fink_tracklets.cli import main
from fink_tracklets.errors import UserError
from fink_tracklets.hbase.settings import load_hbase
from fink_tracklets.service.reading.hbase import HBaseReader
from tests.serving import serving

NIGHT, VISIT = "20260305", 2026030500123
FIRST = 170094456272322000
MIDPOINT_MJD_TAI = 61105.0955


def write_packets(folder: Path) -> None:
    """Eight new sources on a line over two detectors, as in the broker's lake.

    The third has no object, the fourth the object id 0; a ninth source lies aside.
    """
    rows = []
    for k in range(9):
        number = FIRST + 17 * k
        source = {
            "diaSourceId": number,
            "visit": VISIT,
            "detector": 94 + k // 4,
            "diaObjectId": {2: None, 3: 0}.get(k, number),
            "ssObjectId": 0,
            "midpointMjdTai": MIDPOINT_MJD_TAI,
            "ra": 150.0 + k * 30 / 3600 if k < 8 else 150.2,
            "raErr": np.float32(1e-5),
            "dec": -30.0 + k * 20 / 3600,
            "decErr": np.float32(1e-5),
            "x": np.float32(100 + k),
            "y": np.float32(200 + k),
            "psfFlux": np.float32(5000 + k),
            "psfFluxErr": np.float32(300),
            "snr": np.float32(16),
            "reliability": np.float32(0.9),
            "band": "r",
            "isNegative": False,
        }
        held = None if k in (2, 3) else {"diaObjectId": number, "nDiaSources": 1}
        rows.append({"diaSource": source, "diaObject": held, "publisher": "Fink"})
    folder.mkdir()
    pq.write_table(pa.Table.from_pylist(rows), folder / "part.parquet")


@pytest.fixture(scope="module")
def night(spark, tmp_path_factory) -> Path:
    """A store with that night."""
    folder = tmp_path_factory.mktemp("rubin")
    write_packets(folder / "alerts")
    arguments = ["--night", NIGHT, "--alerts", str(folder / "alerts"), "--quiet"]
    assert main(["run", *arguments, "--store", str(folder / "store"), "--survey", "rubin"]) == 0
    return folder / "store"


def command(name: str, store: Path, hbase) -> int:
    arguments = ["--night", NIGHT, "--store", str(store), "--hbase", hbase.address]
    return main([name, *arguments, *(() if name == "verify" else ("--quiet",))])


def source_key(number: int) -> str:
    """Of a row of the broker's sources: salt, object, time."""
    return f"{str(number)[-3:]}_{number}_{MIDPOINT_MJD_TAI!r}"


def test_a_night_stands_in_the_broker_s_tables(night, hbase):
    tracklets = read_table(str(night), "tracklets", NIGHT)["tracklet"].to_pylist()
    (name,) = tracklets
    numbers = [FIRST + 17 * k for k in range(8)]
    there = [number for k, number in enumerate(numbers) if k not in (2, 3, 5)]
    hbase.connection.create_table(hbase.rubin_sources, {"r": {}, "f": {}})
    sources = hbase.connection.table(hbase.rubin_sources)
    for number in [*there, FIRST + 17 * 8]:
        sources.put(source_key(number).encode(), {b"r:diaSourceId": struct.pack(">q", number)})
    before = hbase.scan(hbase.rubin_sources)

    assert command("publish", night, hbase) == 0
    rows = hbase.scan(hbase.rubin_tracklets)
    assert set(rows) == {f"{name}_{number}" for number in numbers}
    for row in rows.values():
        assert {column.split(":")[0] for column in row} == {"r", "f"}
        assert row["f:tracklet"] == name.encode()
        assert struct.unpack(">d", row["r:midpointMjdTai"]) == (MIDPOINT_MJD_TAI,)
    assert struct.unpack(">f", rows[f"{name}_{FIRST}"]["r:psfFlux"]) == (5000.0,)
    assert "r:diaObjectId" not in rows[f"{name}_{FIRST + 34}"]

    after = hbase.scan(hbase.rubin_sources)
    assert set(after) == set(before)
    marked = {key for key, row in after.items() if "f:tracklet" in row}
    assert marked == {source_key(number) for number in there}
    assert command("verify", night, hbase) == 0

    assert command("unpublish", night, hbase) == 0
    assert hbase.scan(hbase.rubin_sources) == before
    assert hbase.scan(hbase.rubin_tracklets) == {}


def test_the_service_answers_rubin_s_call_from_hbase(night, hbase):
    import requests

    assert command("publish", night, hbase) == 0
    reader = HBaseReader(load_hbase(hbase.address, "rubin"), load_survey("rubin").carry)
    with serving(reader=reader) as address:
        rows = requests.get(f"{address}/api/v1/tracklet", {"id": "TRCK_2026"}).json()
    assert len(rows) == 8
    assert {"r:diaSourceId", "r:psfFlux", "r:midpointMjdTai", "f:tracklet"} <= set(rows[0])


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
