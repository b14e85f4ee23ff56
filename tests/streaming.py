"""Parts of a simulated night for streams, and what the night itself says of them."""

from __future__ import annotations

import io
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import fastavro
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from fink_tracklets import read_table
from fink_tracklets.stream.topic import read_to_end
from tests.services import ROOT, Services

NIGHT = "20211022"


def some_exposures(alerts: Path, store: str, quiet: int = 6) -> pa.Table:
    """The alerts of all exposures with tracklets and of a few others, in the order of the files."""
    exposures = read_table(store, "exposures", NIGHT).to_pandas()
    some = exposures[exposures["tracklets"] == 0]["exposure"].head(quiet)
    wanted = [*exposures[exposures["tracklets"] > 0]["exposure"], *some]
    table = pq.read_table(alerts)
    jd = pc.struct_field(table["candidate"], "jd")
    return table.filter(pc.is_in(jd, pa.array([float(one) for one in wanted])))


def final_names(store: str, night: str = NIGHT) -> dict[int, str]:
    """The tracklet of each alert in one, as the end-of-night job has it."""
    table = read_table(store, "tracklet_alerts", night)
    return dict(zip(table["alert_id"].to_pylist(), table["tracklet"].to_pylist(), strict=True))


def write_parts(table: pa.Table, folder: Path, first: int, bounds: list[int]) -> None:
    """Rows between the bounds as files, each there at once."""
    folder.mkdir(parents=True, exist_ok=True)
    for k, (begin, end) in enumerate(itertools.pairwise(bounds), first):
        new = folder / f"_part-{k:03d}.new"
        pq.write_table(table.slice(begin, end - begin), new)
        new.rename(folder / f"part-{k:03d}.parquet")


def by_time(table: pa.Table) -> pa.Table:
    """In the order of the exposures, as a telescope sends them."""
    jd = pc.struct_field(table["candidate"], "jd").to_numpy()
    return table.take(np.argsort(jd, kind="stable"))


def make_topics(kafka: str, *names: str, partitions: int = 2) -> None:
    """New topics."""
    admin = AdminClient({"bootstrap.servers": kafka})
    made = admin.create_topics([NewTopic(name, partitions, 1) for name in names])
    for future in made.values():
        future.result(30)


def send(kafka: str, topic: str, values: Iterable[bytes]) -> None:
    """Messages into a topic, which are there at the end."""
    producer = Producer({"bootstrap.servers": kafka, "linger.ms": 20})
    for value in values:
        producer.produce(topic, value)
        producer.poll(0)
    assert producer.flush(60) == 0


def as_a_client(kafka: str, topic: str, partitions: int = 2) -> list[dict]:
    """The records of a topic as fink-client reads them: the key has the schema, the value one
    record; of what is committed, each partition in order."""
    records = []
    for message in read_to_end({"bootstrap.servers": kafka}, topic, partitions, 30.0):
        schema = fastavro.parse_schema(json.loads(message.key()))
        stream = io.BytesIO(message.value())
        records.append(fastavro.schemaless_reader(stream, schema, None))
        assert not stream.read()
    return records


def last_names(records: list[dict], alert_id: str = "candid") -> dict[int, str]:
    """The last message of each alert wins; withdrawn names are none."""
    last = {record[alert_id]: record["tracklet"] for record in records}
    return {number: name for number, name in last.items() if name is not None}


def driver(place: str, kafka: str, topic: str, state: Path, *more: str) -> subprocess.Popen:
    """The command in a process of its own, from a topic to that with `_out` after its name."""
    return process(
        *(place, "--topic", topic, "--bootstrap", kafka, "--out-topic", f"{topic}_out"),
        *("--state", str(state), *more),
    )


def process(place: str, *options: str) -> subprocess.Popen:
    """The command in a process of its own, see `stream_driver`."""
    command = [sys.executable, "-m", "tests.stream_driver", place, "--night", NIGHT, *options]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for_a_batch(running: subprocess.Popen, state: Path) -> None:
    """Until Spark has done the first."""
    end = time.monotonic() + 240
    while not list(state.glob("checkpoint/commits/[0-9]*")):
        assert time.monotonic() < end, "no batch is done"
        assert running.poll() is None, running.stderr.read()
        time.sleep(0.1)


def finished(process: subprocess.Popen) -> str:
    """What a process printed that ended well."""
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out


def run_to_the_end(kafka: Services, topic: str, state: Path, *more: str) -> str:
    """What is there, with nobody killed."""
    return finished(driver("nowhere", kafka.kafka, topic, state, "--once", *more))


def assert_names_once(kafka: Services, topic: str, final: dict[int, str]) -> None:
    """Nothing is lost, wrong or told twice."""
    records = as_a_client(kafka.kafka, f"{topic}_out")
    assert last_names(records) == final
    told: dict[int, list] = {}
    for record in records:
        told.setdefault(record["candid"], []).append(record["tracklet"])
    assert all(a != b for names in told.values() for a, b in itertools.pairwise(names))
