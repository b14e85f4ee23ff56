"""Messages to candidates: the same as from the lake, and nothing is lost in silence."""

from __future__ import annotations

import http.server
import io
import json
import tarfile
import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import fastavro
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fink_tracklets.alerts.exposures import UNUSABLE, by_exposure, passes_cuts, unusable_alerts
from fink_tracklets.alerts.read import ALERT_COLUMNS, read_alerts
from fink_tracklets.errors import UserError
from fink_tracklets.ingest.columns import Wanted
from fink_tracklets.ingest.messages import FRAME_BYTES
from fink_tracklets.ingest.registry import RegistryAway
from fink_tracklets.simulate import simulate_night
from fink_tracklets.simulate.messages import framed
from fink_tracklets.stream.decode import columns_of, read_values
from fink_tracklets.stream.held import first_of_each_id
from fink_tracklets.stream.packet import (
    message_packet,
    row_packets,
    with_tracklet,
    with_tracklet_field,
)
from fink_tracklets.stream.read import Read, read_batch
from fink_tracklets.stream.source import Topic
from fink_tracklets.stream.state import StreamState, open_state
from fink_tracklets.survey import Survey, load_survey


def read(spark, values: list[bytes], survey: Survey, state: StreamState, schemas: str = "") -> Read:
    """What a batch of these messages holds."""
    rows = [(bytearray(value), 0, k) for k, value in enumerate(values)]
    batch = spark.createDataFrame(rows, "value binary, partition int, offset bigint")
    return read_batch(batch, Topic("t", "k:1", schemas), survey, state)


@pytest.fixture
def state(ztf, tmp_path) -> StreamState:
    return open_state(tmp_path / "state", "20211022", ztf, "topic t")


def candidates_of_the_lake(spark, path, survey: Survey) -> list[dict]:
    rows = by_exposure(read_alerts(spark, str(path), survey), survey)
    found = rows.selectExpr("exposure", "inline(found)").drop("carry").collect()
    return sorted((row.asDict() for row in found), key=lambda row: row["alert_id"])


def test_rubin_s_framed_messages_give_the_lake_s_candidates(spark, tmp_path, state):
    rubin = load_survey("rubin")
    sky = simulate_night(
        "20261022", tmp_path / "sky", 2, survey="rubin", exposures=2, candidates=20
    )
    messages = [value for _, value in framed(sky.alerts, tmp_path / "schemas")]
    found = read(spark, messages, rubin, state, str(tmp_path / "schemas"))
    ours = first_of_each_id(found.candidates.select(list(ALERT_COLUMNS)).to_pandas())
    expected = pd.DataFrame(candidates_of_the_lake(spark, sky.alerts, rubin))
    assert len(expected) > 10
    assert (found.messages, len(found.dead)) == (len(messages), 0)
    pd.testing.assert_frame_equal(
        ours.sort_values("alert_id", ignore_index=True)[list(ALERT_COLUMNS)],
        expected[list(ALERT_COLUMNS)],
        check_dtype=False,
    )
    row = found.candidates.to_pylist()[0]
    assert any(row["body"] == message[FRAME_BYTES:] for message in messages)


class Registry(http.server.BaseHTTPRequestHandler):
    """Confluent's call for a schema, of one schema."""

    schema, broken = "", False

    def do_GET(self) -> None:
        found = self.path == "/schemas/ids/1000"
        self.send_response(500 if self.broken else 200 if found else 404)
        self.end_headers()
        self.wfile.write(json.dumps({"schema": self.schema}).encode())

    def log_message(self, *_: object) -> None:
        """Not a word."""


def test_schemas_come_from_a_registry(tmp_path):
    sky = simulate_night("20261022", tmp_path / "sky", 2, survey="rubin", exposures=1)
    messages = [value for _, value in framed(sky.alerts, tmp_path / "schemas")]
    Registry.schema = (tmp_path / "schemas/10/0/alert.avsc").read_text()
    rubin = replace(load_survey("rubin"), whole_packets=False)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        wanted = Wanted.of(rubin, False, f"http://127.0.0.1:{server.server_port}")
        folder = Wanted.of(rubin, False, str(tmp_path / "schemas"))
        columns = columns_of(messages, wanted)
        assert columns == columns_of(messages, folder)
        some = pa.array([*messages[:50], b"\0\0\0\0\7" + messages[0][5:]])
        read = read_values(some, wanted, columns)
        reasons = read.field("reason").to_pylist()
        assert reasons[:-1] == [None] * 50
        assert "has no schema 7" in reasons[-1]
        assert read.slice(0, 50).equals(read_values(some.slice(0, 50), folder, columns))
        Registry.broken = True
        with pytest.raises(RegistryAway, match="does not answer"):
            read_values(pa.array([b"\0\0\0\0\x09" + messages[0][5:]]), wanted, columns)
        server.shutdown()


def test_real_packets_of_three_schemas_are_read_and_sent_on(data, spark, ztf, state):
    with tarfile.open(data / "ztf_public_sample.tar.gz") as tar:
        packets = [tar.extractfile(member).read() for member in tar if member.isfile()]
    found = read(spark, packets, ztf, state)
    assert (found.messages, len(found.dead)) == (len(packets), 0)
    for packet in packets:
        (record,) = fastavro.reader(io.BytesIO(packet))
        body, avro = message_packet(packet, "")
        for name in ("TRCK_20210604_093609_00", None, "T" * 200):
            schema = fastavro.parse_schema(json.loads(with_tracklet_field(avro)))
            stream = io.BytesIO(with_tracklet(body, name))
            assert fastavro.schemaless_reader(stream, schema, None) == {**record, "tracklet": name}
            assert not stream.read()


def test_bad_messages_are_put_aside_with_their_reasons(data, spark, ztf, state):
    """Alone in the first batch, and among good ones."""
    with tarfile.open(data / "ztf_public_sample.tar.gz") as tar:
        packet = next(tar.extractfile(member).read() for member in tar if member.isfile())
    rubin = (data / "rubin" / "packets_20260305.avro").read_bytes()
    other = io.BytesIO()
    schema = {"type": "record", "name": "x", "fields": [{"name": "a", "type": "int"}]}
    fastavro.writer(other, schema, [{"a": 1}])
    bad = {
        b"": "empty",
        b"no Avro at all": "not an Avro file",
        packet[: len(packet) // 2]: "damaged",
        b"\0\0\0\3\xe8rest": "--schemas",
        other.getvalue(): "needs the column",
        rubin: "they are packets of the survey 'rubin'",
    }
    for good in ([], [packet], []):
        found = read(spark, [*bad, *good], ztf, state)
        assert found.messages == len(bad) + len(good)
        reasons = {row["value"]: row["reason"] for row in found.dead.to_pylist()}
        assert set(reasons) == set(bad)
        for value, words in bad.items():
            assert words in reasons[value]


def test_of_redelivered_packets_the_night_s_is_kept(spark, ztf, tmp_path):
    """The packets of one id differ; the batch keeps the first of all in their order."""
    sky = simulate_night("20211022", tmp_path / "sky", 3, exposures=2)
    table = pq.read_table(sky.alerts)
    twice = pa.concat_tables([table, table.slice(0, len(table) // 2)])
    magnitude = pa.array(pd.Series(range(len(twice))) % 7 + 14, pa.float32())
    names = [field.name for field in twice["candidate"].type]
    flat = twice["candidate"].combine_chunks().flatten()
    flat[names.index("magpsf")] = magnitude
    changed = pa.StructArray.from_arrays(flat, names)
    twice = twice.set_column(twice.schema.get_field_index("candidate"), "candidate", changed)
    pq.write_table(twice, tmp_path / "alerts.parquet")
    expected = candidates_of_the_lake(spark, tmp_path / "alerts.parquet", ztf)
    rows = read_alerts(spark, str(tmp_path / "alerts.parquet"), ztf)
    usable = rows.withColumns(unusable_alerts()).where(f"NOT ({' OR '.join(UNUSABLE)})")
    frame = (
        usable.where(passes_cuts(ztf))
        .select(*ALERT_COLUMNS)
        .toPandas()
        .sample(frac=1.0, random_state=1)
    )
    kept = first_of_each_id(frame.reset_index(drop=True)).sort_values("alert_id")
    assert len(kept) < len(frame)
    assert kept["alert_id"].tolist() == [row["alert_id"] for row in expected]
    assert kept["mag"].tolist() == [row["mag"] for row in expected]


def test_a_packet_s_own_tracklet_gives_way_to_ours():
    """Wherever it stands; the other fields stay as they are, of containers and of rows."""
    name = {"name": "tracklet", "type": ["null", "string"]}
    fields = [{"name": "a", "type": "long"}, name, {"name": "b", "type": ["null", "double"]}]
    schema = {"type": "record", "name": "alert", "fields": fields}
    for theirs in (None, "TRCK_OLD"):
        record = {"a": 5, "tracklet": theirs, "b": 0.5}
        container = io.BytesIO()
        fastavro.writer(container, fastavro.parse_schema(schema), [record])
        rows = pa.array([record])
        for body, avro in (message_packet(container.getvalue(), ""), *row_packets(rows)):
            whole = fastavro.parse_schema(json.loads(with_tracklet_field(avro)))
            sent = io.BytesIO(with_tracklet(body, "TRCK_NEW"))
            read = fastavro.schemaless_reader(sent, whole, None)
            assert list(read.items()) == [("a", 5), ("b", 0.5), ("tracklet", "TRCK_NEW")]


def test_rows_of_a_lake_become_records_of_all_types():
    row = {
        "id": 2**60,
        "text": None,
        "stamp": b"\0\1",
        "at": datetime(2026, 11, 27, 12, 0, 0, 123456, tzinfo=UTC),
        "clock": datetime(2026, 11, 27, 12, 0, 0, 5),
        "day": date(2026, 11, 27),
        "exact": Decimal("12.50"),
        "none": None,
        "history": [{"mag": 1.5, "flags": [1, None]}, None],
        "scores": {"snn": 0.5},
    }
    history = pa.list_(pa.struct([("mag", pa.float64()), ("flags", pa.list_(pa.int32()))]))
    kinds = {"at": pa.timestamp("us", "UTC"), "exact": pa.decimal128(10, 2), "history": history}
    kinds["scores"] = pa.map_(pa.string(), pa.float64())
    parts = [pa.array([value], kinds.get(name)) for name, value in row.items()]
    ((body, avro),) = row_packets(pa.StructArray.from_arrays(parts, list(row)))
    schema = fastavro.parse_schema(json.loads(avro))
    assert fastavro.schemaless_reader(io.BytesIO(body), schema, None) == row


@pytest.mark.parametrize("lake", ["ztf_alerts_20210604", "rubin/lake_v10_20251231"])
def test_rows_of_the_broker_s_lakes_become_records(data, spark, lake):
    """Their columns as Spark reads them, with stamps, histories and maps."""
    table = spark.read.parquet(str(data / f"{lake}.parquet")).limit(5).toArrow()
    rows = table.to_struct_array().combine_chunks()
    expected = rows.to_pylist(maps_as_pydicts="strict")
    for (body, avro), row in zip(row_packets(rows), expected, strict=True):
        schema = fastavro.parse_schema(json.loads(avro))
        read = fastavro.schemaless_reader(io.BytesIO(body), schema, None)
        assert json.dumps(read, default=str) == json.dumps(row, default=str)


@pytest.mark.parametrize(
    ("column", "values", "sentence"),
    [
        ("a-b", pa.array([1]), "column a-b has a name that Avro does not allow"),
        ("span", pa.array([1], pa.duration("s")), r"column span is of type duration\[s\]"),
    ],
)
def test_a_column_that_avro_cannot_have_is_one_sentence(column, values, sentence):
    with pytest.raises(UserError, match=sentence):
        row_packets(pa.StructArray.from_arrays([values], [column]))


@settings(max_examples=200)
@given(st.text(min_size=0, max_size=300))
def test_a_name_is_appended_as_fastavro_would(name):
    schema = {"type": "record", "name": "x", "fields": [{"name": "a", "type": "int"}]}
    body = io.BytesIO()
    fastavro.schemaless_writer(body, schema, {"a": 5})
    whole = fastavro.parse_schema(json.loads(with_tracklet_field(json.dumps(schema))))
    expected = io.BytesIO()
    fastavro.schemaless_writer(expected, whole, {"a": 5, "tracklet": name})
    assert with_tracklet(body.getvalue(), name) == expected.getvalue()
