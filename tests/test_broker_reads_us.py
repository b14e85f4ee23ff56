"""The broker's science columns travel; its own reader decodes what `publish` filled."""

from __future__ import annotations

import re
import shutil
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests

from fink_tracklets import load_survey, read_table
from fink_tracklets.cli.main import main
from fink_tracklets.errors import UserError
from fink_tracklets.hbase.settings import load_hbase
from fink_tracklets.pipeline.run import run_night
from fink_tracklets.service.reading.hbase import HBaseReader
from fink_tracklets.survey import Survey
from fink_tracklets.survey.config import build, conf_folder
from tests.broker_reader import NEEDED, broker_frame
from tests.conftest import ROOT, SAMPLE
from tests.serving import serving
from tests.stores import write_night

NIGHT, NAME = "20210604", "TRCK_20210604_093609_00"
SCIENCE = {
    "cdsxmatch": pa.string(),
    "roid": pa.int32(),
    "mulens": pa.float64(),
    "snn_snia_vs_nonia": pa.float64(),
    "snn_sn_vs_all": pa.float64(),
    "rf_snia_vs_nonia": pa.float64(),
    "rf_kn_vs_nonkn": pa.float64(),
}
OLD = {"rf_snia_vs_nonia": "rfscore", "rf_kn_vs_nonkn": "knscore"}
"""What the lake of 2021 calls them."""


def without_science(table: pa.Table) -> pa.Table:
    gone = [*SCIENCE, *OLD.values(), "timestamp"]  # Spark reads no nanoseconds
    rest = table.drop_columns([name for name in gone if name in table.column_names])
    return rest.replace_schema_metadata(None)  # Spark believes what is said there of the columns


def test_the_lake_s_science_columns_travel(stored):
    ours = read_table(stored, "tracklet_alerts", NIGHT)
    packets = {packet["candid"]: packet for packet in pq.read_table(SAMPLE).to_pylist()}
    assert {name: ours.schema.field(name).type for name in SCIENCE} == SCIENCE
    for row in ours.to_pylist():
        packet = packets[row["alert_id"]]
        for name in set(SCIENCE) - {"mulens"}:
            assert row[name] == packet[OLD.get(name, name)], name
        assert row["mulens"] == 0.0


def run(parts: list[pa.Table], folder: Path, survey: str = "ztf") -> dict[int, dict[str, object]]:
    """The alerts in tracklets of a night of these files."""
    (folder / "alerts").mkdir(parents=True)
    for k, part in enumerate(parts):
        pq.write_table(part, folder / "alerts" / f"{k}.parquet")
    run_night(NIGHT, str(folder / "alerts"), str(folder / "store"), survey)
    ours = read_table(folder / "store", "tracklet_alerts", NIGHT)
    assert {name: ours.schema.field(name).type for name in SCIENCE} == SCIENCE
    return {row["alert_id"]: row for row in ours.to_pylist()}


def test_absent_ones_are_null_and_typed(data, spark, tmp_path):
    """A file with the columns of 2021 beside one that has none of them."""
    table = pq.read_table(SAMPLE)
    old = table.to_pylist()
    for packet in old:
        packet["mulens"] = {"class_1": "ML", "ml_score_1": 0.5, "class_2": "ML", "ml_score_2": 0.7}
    parts = [without_science(table).slice(0, 5), pa.Table.from_pylist(old[5:], table.schema)]
    for alert, row in run(parts, tmp_path).items():
        k = [packet["candid"] for packet in old].index(alert)
        if k < 5:
            assert all(row[name] is None for name in SCIENCE)
        else:
            assert row["mulens"] == pytest.approx(0.6)
            assert row["rf_snia_vs_nonia"] == old[k]["rfscore"]
    with serving(str(tmp_path / "store")) as address:
        rows = requests.get(f"{address}/api/v1/tracklet", params={"id": NAME}, timeout=60).json()
    assert {row["d:cdsxmatch"] for row in rows} == {None, "Unknown"}


def test_the_names_of_today_s_lake_are_known(data, spark, tmp_path):
    new = without_science(pq.read_table(SAMPLE))
    for name, kind in SCIENCE.items():
        values = ["Star"] * len(new) if name == "cdsxmatch" else [1] * len(new)
        new = new.append_column(name, pa.array(values).cast(kind))
    found = run([new], tmp_path).values()
    assert len(found) == 15
    for row in found:
        assert [row[name] for name in SCIENCE] == ["Star", 1, 1.0, 1.0, 1.0, 1.0, 1.0]
    with serving(str(tmp_path / "store")) as address:
        rows = requests.get(f"{address}/api/v1/tracklet", params={"id": NAME}, timeout=60).json()
    assert {row["v:classification"] for row in rows} == {"Star"}


@pytest.mark.parametrize(
    ("derived", "why"),
    [
        ({"roid": "whole = roid"}, "must be 'type = expression'"),
        ({"roid": "int"}, "must be 'type = expression'"),
        ({"ro id": "int = roid"}, "must be a plain word"),
        ({"candid": "long = candid"}, "that the survey sent, too"),
        ({"mag_mean": "double = roid"}, "would hide our own mag_mean"),
    ],
)
def test_a_wrong_derived_column_is_a_sentence(derived, why):
    given = asdict(load_survey("ztf"))
    given["carry"] = {**given["carry"], "derived": derived}
    with pytest.raises(UserError, match=why):
        build(Survey, given, "mine.toml")


def test_configurations_without_derived_columns_are_read():
    given = asdict(load_survey("ztf"))
    del given["carry"]["derived"]
    assert build(Survey, given, "the manifest").carry.derived == {}


def publish(store, hbase, night: str = NIGHT) -> int:
    return main(["publish", "--night", night, "--store", str(store), "--hbase", hbase.address])


def test_the_broker_s_reader_decodes_our_table(stored, hbase, tmp_path, capsys):
    """Its own schema row is there before us, with columns that we do not have."""
    version = "4.0_6.1.1"
    hbase.set(schema_version=version)
    connection = hbase.connection
    connection.create_table(hbase.tracklets, {family: {} for family in "ida"})
    theirs = {b"i:jd": b"double", b"d:tns": b"string", b"d:lc_features_g": b"string"}
    connection.table(hbase.tracklets).put(f"schema_{version}".encode(), theirs)
    hbase.fill([])
    store = shutil.copytree(stored, tmp_path / "store")
    assert publish(store, hbase) == 0

    row = hbase.connection.table(hbase.tracklets).row(f"schema_{version}".encode())
    assert theirs.items() <= row.items()
    frame = broker_frame(hbase.connection, hbase.tracklets, version, "2021-06-04")
    assert len(frame) == 15
    assert set(NEEDED) <= set(frame.columns)
    packets = {packet["candid"]: packet for packet in pq.read_table(SAMPLE).to_pylist()}
    for _, alert in frame.iterrows():
        packet = packets[alert["i:candid"]]
        assert alert["d:tracklet"] == NAME
        assert alert["i:jd"] == packet["candidate"]["jd"]
        assert (alert["d:roid"], alert["d:cdsxmatch"]) == (packet["roid"], packet["cdsxmatch"])
    with serving(reader=HBaseReader(load_hbase(hbase.address))) as address:
        url = f"{address}/api/v1/tracklet"
        (some,) = requests.get(url, params={"id": f"{frame.index[0]}"}, timeout=60).json()
    assert some["d:roid"] == frame["d:roid"].iloc[0]

    # A tracklet of the broker's own finder, in the same table.
    row = hbase.connection.table(hbase.tracklets).row(frame.index[0].encode())
    theirs = {c: v for c, v in row.items() if c.startswith(b"i:")}
    name = "TRCK_20210604_093609_77"
    hbase.connection.table(hbase.tracklets).put(
        f"{name}_ZTF21x", theirs | {b"d:tracklet": name.encode()}
    )
    with serving(reader=HBaseReader(load_hbase(hbase.address))) as address:
        url = f"{address}/api/v1/tracklet"
        rows = requests.get(url, params={"date": "2021-06-04"}, timeout=60).json()
    assert [r["d:tracklet"] for r in rows] == [NAME] * 15 + [name]
    assert publish(store, hbase) == 0
    assert f"{name}_ZTF21x" in hbase.scan(hbase.tracklets)

    wrong = {b"d:roid": b"string"}
    hbase.connection.table(hbase.tracklets).put(f"schema_{version}".encode(), wrong)
    before = hbase.scan(hbase.tracklets)
    assert publish(store, hbase) == 2
    assert "says that d:roid is string, and the night's is integer" in capsys.readouterr().err
    assert hbase.scan(hbase.tracklets) == before


def test_a_lake_without_science_columns(data, spark, hbase, tmp_path, capsys):
    """`publish` says that the cells are missing; the stand-ins of the documentation fill them."""
    write_night(tmp_path / "made", "20211022", 1, 5)
    hbase.fill([])
    assert publish(tmp_path / "made", hbase, "20211022") == 0
    assert "No alert of the night has d:cdsxmatch, d:roid, " in capsys.readouterr().err
    version = "fink_tracklets_1"
    with pytest.raises(KeyError):
        broker_frame(hbase.connection, hbase.tracklets, version, "2021-10-22")

    (lines,) = re.findall(
        r"```toml\n(cdsxmatch.*?)```", (ROOT / "docs/operations.md").read_text(), re.S
    )
    text = (conf_folder() / "ztf.toml").read_text()
    for line in lines.splitlines():
        name, _, _ = line.partition(" =")
        text, n = re.subn(rf'^{name} = "\w+".*$', line, text, flags=re.M)
        assert n == 1
    (tmp_path / "ztf.toml").write_text(text)
    run([without_science(pq.read_table(SAMPLE))], tmp_path, str(tmp_path / "ztf.toml"))
    assert publish(tmp_path / "store", hbase) == 0
    assert "No alert" not in capsys.readouterr().err
    frame = broker_frame(hbase.connection, hbase.tracklets, version, "2021-06-04")
    assert frame["d:cdsxmatch"].tolist() == ["Unknown"] * 15
    for name in set(SCIENCE) - {"cdsxmatch"}:
        assert frame[f"d:{name}"].tolist() == [0] * 15
