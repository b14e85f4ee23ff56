"""A night's names over a real Kafka, read as its clients read, whatever is killed."""

from __future__ import annotations

import signal

import pyarrow.parquet as pq
import pytest

from fink_tracklets.simulate.messages import packets
from tests.streaming import (
    as_a_client,
    by_time,
    driver,
    final_names,
    last_names,
    make_topics,
    send,
    some_exposures,
)


@pytest.fixture(scope="module")
def messages(simulated, simulated_store, tmp_path_factory) -> list[bytes]:
    """Packets of the exposures with tracklets and a few others, by time."""
    file = tmp_path_factory.mktemp("messages") / "alerts.parquet"
    pq.write_table(by_time(some_exposures(simulated.alerts, simulated_store)), file)
    return [packet for _, packet in packets(file)]


def finished(process) -> str:
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out


def test_killed_before_spark_knows_the_batch(kafka, messages, simulated_store, tmp_path):
    """The names are out once, and they are the night's; what is no packet is put aside."""
    make_topics(kafka.kafka, "ztf", "ztf_out")
    junk = [b"", b"no Avro", messages[0][:300], b"Obj\x01" + bytes(40)]
    half = len(messages) // 2
    send(kafka.kafka, "ztf", [*junk, *messages[:half]])
    killed = driver("committed", kafka.kafka, "ztf", tmp_path / "state", "--once")
    assert killed.wait(300) == -signal.SIGKILL
    before = as_a_client(kafka.kafka, "ztf_out")
    assert before
    send(kafka.kafka, "ztf", messages[half:])
    told = finished(driver("nowhere", kafka.kafka, "ztf", tmp_path / "state", "--once"))
    records = as_a_client(kafka.kafka, "ztf_out")
    assert last_names(records) == final_names(simulated_store)
    assert len(records) == len({(one["candid"], one["tracklet"]) for one in records})
    assert "could not be read: 4" in told
    dead = pq.read_table(tmp_path / "state" / "dead").to_pylist()
    assert sorted(row["value"] for row in dead) == sorted(junk)
    assert {"empty", "not an Avro file"} <= {row["reason"] for row in dead}
