"""Rubin's packets: real ones, messages of a stream, small ones of old schemas, wrong ones."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import fastavro
import pyarrow.parquet as pq
import pytest

from fink_tracklets.cli.main import main
from fink_tracklets.errors import UserError
from fink_tracklets.ingest import ingest
from fink_tracklets.ingest import source as archives
from fink_tracklets.pipeline.run import run_night

CUTOUTS = {"cutoutDifference", "cutoutScience", "cutoutTemplate"}


@pytest.fixture(scope="module")
def rubin(data) -> Path:
    folder = data / "rubin"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    return folder


@pytest.fixture(scope="module")
def messages(rubin) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted((rubin / "wire").iterdir())}


def plainly(file: Path) -> list[dict]:
    with file.open("rb") as stream:
        return list(fastavro.reader(stream))


def rows(out: Path) -> list[dict]:
    """The rows of all files; maps as dictionaries."""
    return [
        row for file in sorted(out.glob("*.parquet")) for row in pq.read_table(file).to_pylist()
    ]


def assert_same(value: object, record: object) -> None:
    """What plain fastavro reads, to the last nested field."""
    if isinstance(record, dict) and isinstance(value, list):
        value = dict(value)
    if isinstance(record, dict):
        assert isinstance(value, dict)
        assert set(value) == set(record)
        for name, inner in record.items():
            assert_same(value[name], inner)
    elif isinstance(record, list):
        assert isinstance(value, list)
        assert len(value) == len(record)
        for one, other in zip(value, record, strict=True):
            assert_same(one, other)
    else:
        assert value == record or (value != value and record != record)


def test_real_packets_keep_every_column_and_cutout(rubin, tmp_path):
    file = rubin / "packets_20260305.avro"
    done = ingest(file, tmp_path / "out", "rubin", cutouts=True)
    assert (done.alerts, done.damaged, done.broken) == (7, 0, "")
    found, records = rows(tmp_path / "out"), plainly(file)
    assert len(found[0]) == 29
    for row, record in zip(found, records, strict=True):
        assert_same(row, record)
    assert found[0]["cutoutScience"].startswith(b"SIMPLE")


def test_a_large_container_is_read_block_by_block(rubin, tmp_path, monkeypatch):
    records = plainly(rubin / "packets_20260305.avro")
    with (rubin / "packets_20260305.avro").open("rb") as stream:
        schema = fastavro.reader(stream).writer_schema
    with (tmp_path / "large.avro").open("wb") as stream:
        fastavro.writer(stream, schema, records, sync_interval=100_000)
    monkeypatch.setattr(archives, "SPLIT_BYTES", 1000)
    packets = list(archives.Source(tmp_path / "large.avro").packets())
    assert len(packets) == 7
    assert max(len(packet.data) for packet in packets) < 500_000
    done = ingest(tmp_path / "large.avro", tmp_path / "out", "rubin")
    assert (done.packets, done.alerts) == (7, 7)
    assert [row["diaSourceId"] for row in rows(tmp_path / "out")] == [
        record["diaSourceId"] for record in records
    ]
    cut = (tmp_path / "large.avro").read_bytes()[:-1000]
    (tmp_path / "large.avro").write_bytes(cut)
    done = ingest(tmp_path / "large.avro", tmp_path / "out", "rubin")
    assert (done.alerts, done.damaged) == (6, 1)


@pytest.mark.parametrize("form", ["folder", "tar", "tar.gz", "gz"])
def test_messages_are_told_by_their_first_bytes(rubin, messages, tmp_path, form):
    """Under .bin, .avro and gzipped, beside a container: all in one archive."""
    container = (rubin / "packets_20260305.avro").read_bytes()
    files = {
        "a.avro": messages["v9_0.bin"],
        "b.bin": messages["v10_0.bin"],
        "c.avro.gz": gzip.compress(messages["v11_1.bin"]),
        "d.avro.gz": gzip.compress(container),
        "e.avro": messages["v11_0.bin"],
    }
    if form == "gz":
        files = {"c.avro.gz": files["c.avro.gz"]}
    archive = tmp_path / "archive"
    if form == "folder":
        archive.mkdir()
        for name, content in files.items():
            (archive / name).write_bytes(content)
    elif form == "gz":
        archive.write_bytes(files["c.avro.gz"])
    else:
        with tarfile.open(archive, "w:gz" if form == "tar.gz" else "w") as tar:
            for name, content in files.items():
                header = tarfile.TarInfo(name)
                header.size = len(content)
                tar.addfile(header, io.BytesIO(content))
    out = tmp_path / "out"
    done = ingest(archive, out, "rubin", schemas=rubin / "schemas")
    assert done.damaged == 0
    assert done.alerts == (1 if form == "gz" else 11)
    found = rows(out)
    assert len(found) == done.alerts
    assert all(not CUTOUTS & set(row) for row in found)
    (newest,) = [row for row in found if "trail_flag" in row["diaSource"]]
    assert "exposureTime" in newest["diaSource"]
    schema = fastavro.schema.load_schema(
        str(rubin / "schemas" / "11" / "1" / "lsst.v11_1.alert.avsc")
    )
    record = fastavro.schemaless_reader(io.BytesIO(messages["v11_1.bin"][5:]), schema)
    assert_same(newest, {n: value for n, value in record.items() if n not in CUTOUTS})


def test_what_was_ingested_runs(rubin, spark, tmp_path):
    ingest(rubin / "packets_20260305.avro", tmp_path / "night", "rubin", cutouts=True)
    ingest(rubin / "wire", tmp_path / "stream", "rubin", schemas=rubin / "schemas")
    for name, read in (("night", 7), ("stream", 4)):
        stored = run_night("20260305", str(tmp_path / name), str(tmp_path / "store"), "rubin")
        assert stored.manifest.alerts_read == read
        assert stored.manifest.alerts_unusable.alerts == 0


def field(name: str, kind: object) -> dict:
    return {"name": name, "type": ["null", kind], "default": None}


def struct(name: str, fields: list[dict]) -> dict:
    return {"type": "record", "name": name, "fields": fields}


SOURCE = [
    *(field(name, "long") for name in ("diaSourceId", "visit", "ssObjectId", "diaObjectId")),
    field("detector", "int"),
    *(field(name, "double") for name in ("midpointMjdTai", "ra", "dec")),
    *(field(name, "float") for name in ("x", "y", "raErr", "decErr", "psfFlux", "psfFluxErr")),
    *(field(name, "float") for name in ("snr", "reliability", "extendedness")),
    *(field(name, "float") for name in ("trailLength", "trailAngle")),
    field("band", "string"),
]
NEWER = [*(field(name, "boolean") for name in ("isNegative", "isDipole", "glint_trail"))]


def alert(version: str, drop: str = "") -> dict:
    """A small alert schema of v7.1 or v8.0."""
    old = version == "7_1"
    fields = [f for f in SOURCE if f["name"] != drop] + ([] if old else NEWER)
    source = struct("diaSource", fields)
    top = [
        {"name": "alertId" if old else "diaSourceId", "type": "long"},
        {"name": "diaSource", "type": source},
        field("prvDiaSources", {"type": "array", "items": "diaSource"}),
        field("diaObject", struct("diaObject", [field("diaObjectId", "long")])),
        field("ssObject" if old else "ssSource", struct("some", [field("ssObjectId", "long")])),
        field("cutoutScience", "bytes"),
    ]
    if not old:
        top[3] = field(
            "diaObject",
            struct("diaObject", [field("diaObjectId", "long"), field("nDiaSources", "int")]),
        )
    return {"type": "record", "namespace": f"lsst.v{version}", "name": "alert", "fields": top}


def packet(schema: dict, number: int, older: int = 0) -> bytes:
    """A container with one alert that passes Rubin's cuts where nothing is older."""
    source = {
        "diaSourceId": number, "visit": 2024100100001, "detector": 3, "midpointMjdTai": 60585.1,
        "ra": 10.0, "dec": -20.0, "x": 1.0, "y": 2.0, "psfFlux": 1000.0, "psfFluxErr": 10.0,
        "reliability": 0.9, "band": "r", "diaObjectId": number, "ssObjectId": 0,
    }  # fmt: skip
    record = {
        "alertId": number,
        "diaSourceId": number,
        "diaSource": source,
        "prvDiaSources": [source] * older or None,
        "diaObject": {"diaObjectId": number, "nDiaSources": 1 + older},
        "cutoutScience": b"FITS",
    }
    file = io.BytesIO()
    fastavro.writer(file, schema, [record])
    return file.getvalue()


def test_schemas_of_the_rehearsals_and_of_v8_run(spark, tmp_path):
    """Whether an object is older stands in prvDiaSources at v7.1, in nDiaSources from v8.0 on."""
    folder = tmp_path / "packets"
    folder.mkdir()
    contents = [
        packet(alert(version), 10 * k + older, older)
        for k, version in enumerate(("7_1", "8_0"), 1)
        for older in (0, 2)
    ]
    for k, content in enumerate(contents):
        (folder / f"{k}.avro").write_bytes(content)
    out = tmp_path / "out"
    assert ingest(folder, out, "rubin").alerts == 4
    kept = rows(out)
    assert sorted("alertId" in row for row in kept) == [False, False, True, True]
    assert sorted("diaSourceId" in row for row in kept) == [False, False, True, True]
    assert all("cutoutScience" not in row for row in kept)
    stored = run_night("20241001", str(out), str(tmp_path / "store"), "rubin")
    assert stored.manifest.alerts_read == 4
    assert [step.alerts for step in stored.manifest.funnel] == [4, 2, 2]
    ids = stored.table("candidates")["alert_id"].to_pylist()
    assert sorted(ids) == [10, 20]


def test_a_column_that_the_survey_needs_is_missed_at_once(tmp_path, capsys):
    folder = tmp_path / "packets"
    folder.mkdir()
    (folder / "1.avro").write_bytes(packet(alert("8_0"), 1))
    (folder / "2.avro").write_bytes(packet(alert("8_0", drop="reliability"), 2))
    arguments = ["ingest", str(folder), "--out", str(tmp_path / "out"), "--survey", "rubin"]
    assert main([*arguments, "--quiet"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "2.avro: Survey 'rubin' needs the column diaSource.reliability" in line
    assert "lsst.v8_0.alert" in line
    assert "[added]" in line
    assert not (tmp_path / "out").exists()


def test_packets_of_the_other_survey_are_told(data, rubin, tmp_path):
    with pytest.raises(UserError, match=r"schema ztf\.alert version 3\.\d.*--survey ztf"):
        ingest(data / "ztf_public_sample.tar.gz", tmp_path / "out", "rubin")
    with pytest.raises(UserError, match=r"needs the column candid.*--survey rubin"):
        ingest(rubin / "packets_20260305.avro", tmp_path / "out")
    with pytest.raises(UserError, match=r"schema lsst\.v10_0\.alert.*--survey rubin"):
        ingest(rubin / "wire", tmp_path / "out", schemas=rubin / "schemas")
    assert not (tmp_path / "out").exists()


def test_schemas_that_are_not_there_are_told_by_version(rubin, messages, tmp_path):
    message = tmp_path / "message.bin"
    message.write_bytes(messages["v11_1.bin"])
    with pytest.raises(UserError, match=r"schema version 11\.1.*--schemas DIR"):
        ingest(message, tmp_path / "out", "rubin")
    with pytest.raises(UserError, match="no such folder of schemas"):
        ingest(message, tmp_path / "out", "rubin", schemas=tmp_path / "none")
    (tmp_path / "schemas" / "11" / "0").mkdir(parents=True)
    with pytest.raises(UserError, match=r"version 11\.1 .*has no folder 11/1"):
        ingest(message, tmp_path / "out", "rubin", schemas=tmp_path / "schemas")
    message.write_bytes(b"\0\0\0\x30\x39" + messages["v11_1.bin"][5:])
    with pytest.raises(UserError, match=r"version 123\.45 \(schema id 12345\)"):
        ingest(message, tmp_path / "out", "rubin", schemas=rubin / "schemas")


@pytest.mark.parametrize("length", [3, 5, 100, 718])
def test_a_message_cut_short_is_named(rubin, messages, tmp_path, length):
    folder = tmp_path / "messages"
    folder.mkdir()
    whole = messages["v11_1.bin"]
    (folder / "good.bin").write_bytes(whole)
    (folder / "more.bin").write_bytes(whole + b"\0")
    (folder / "short.bin").write_bytes(whole[:length])
    done = ingest(folder, tmp_path / "out", "rubin", schemas=rubin / "schemas")
    assert (done.alerts, done.damaged) == (1, 2)
    reasons = dict(done.named)
    assert "cut short" in reasons["short.bin"]
    assert "11.1" in reasons["short.bin"] or length < 5
    assert "1 bytes too many" in reasons["more.bin"]
