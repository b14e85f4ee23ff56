"""The stream against a real Kafka: latency, throughput, memory, and the batch's names at the end.

    python -m benchmarks.stream latency --rate 114          # alerts/s, ten times ZTF's
    python -m benchmarks.stream catch-up                    # all is there before the start
    python -m benchmarks.stream rubin --rate 256            # 20 visits of 5,000, Rubin's schema

A night of ZTF's is made of the exposures that have tracklets in eight simulated ones, 43,000 alerts
in packets of ZTF's own schema (28 kB, without stamps). The names are compared with those of `run`.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from confluent_kafka import Consumer, Producer

from fink_tracklets import load_survey, read_table
from fink_tracklets.ingest.containers import read_header
from fink_tracklets.ingest.messages import message_schema
from fink_tracklets.simulate import simulate_night
from fink_tracklets.simulate.messages import SYNC
from fink_tracklets.stream.run import Job, run_stream
from fink_tracklets.stream.settings import load_stream
from fink_tracklets.stream.source import Topic
from tests.streaming import as_a_client, last_names

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT.parent / "shared" / "data" / "ztf_public_sample.tar.gz"
NIGHT, RUBIN_NIGHT = "20211022", "20261022"
RUBIN_SCHEMAS = SAMPLE.parent / "rubin" / "schemas"
SEEDS, VISITS, PER_VISIT = range(1, 9), 20, 5_000


@contextmanager
def kafka(home: Path, *topics: str) -> Iterator[str]:
    """The address of a new Kafka with these topics."""
    script = [sys.executable, str(ROOT / "services" / "services.py")]
    port = 9092 + 13_000
    subprocess.run([*script, "up", "kafka", "--home", home, "--offset", "13000"], check=True)
    try:
        subprocess.run([*script, "topic", *topics, "--home", home], check=True)
        yield f"127.0.0.1:{port}"
    finally:
        subprocess.run([*script, "down", "--home", home], check=True)


def make_night(folder: Path) -> Path:
    """The alerts of exposures with tracklets, in the order of their exposures."""
    parts = []
    for seed in SEEDS:
        night = simulate_night(NIGHT, folder / f"sky-{seed}", seed)
        truth = pq.read_table(night.truth, columns=["exposure", "tracklet_id"])
        some = pc.unique(truth.filter(truth["tracklet_id"].is_valid())["exposure"])
        table = pq.read_table(night.alerts)
        jd = pc.struct_field(table["candidate"], "jd")
        parts.append(table.filter(pc.is_in(jd, pa.array([float(x) for x in some.to_pylist()]))))
    table = pa.concat_tables(parts)
    jd = pc.struct_field(table["candidate"], "jd").to_numpy()
    (folder / "alerts").mkdir()
    pq.write_table(table.take(np.argsort(jd, kind="stable")), folder / "alerts" / "a.parquet")
    return folder / "alerts"


def real_packets(alerts: Path) -> Iterator[tuple[int, bytes]]:
    """candid and packet, in ZTF's own schema."""
    with tarfile.open(SAMPLE) as tar:
        for member in tar:
            if member.isfile():
                head = read_header(io.BytesIO(tar.extractfile(member).read()))  # type: ignore[union-attr]
                if json.loads(head.schema)["version"] == "3.3":
                    break
    schema = json.loads(head.schema)
    parsed: Any = fastavro.parse_schema(json.loads(head.schema))
    stream = io.BytesIO(b"")
    stream.write(b"Obj\x01")
    meta = {"avro.schema": head.schema, "avro.codec": b"null"}
    fastavro.schemaless_writer(stream, {"type": "map", "values": "bytes"}, meta)
    begin = stream.getvalue() + SYNC
    for batch in pq.ParquetFile(alerts / "a.parquet").iter_batches(2_000):
        for row in batch.to_pylist():
            record = filled(schema, row)
            body = io.BytesIO()
            fastavro.schemaless_writer(body, parsed, record)
            sizes = io.BytesIO()
            for number in (1, len(body.getvalue())):
                fastavro.schemaless_writer(sizes, "long", number)
            yield row["candid"], begin + sizes.getvalue() + body.getvalue() + SYNC


def filled(schema: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    """A row with something in every field of a schema that may not be null."""
    record = {}
    for field in schema["fields"]:
        value = row.get(field["name"])
        optional = isinstance(field["type"], list)
        kind = next(k for k in field["type"] if k != "null") if optional else field["type"]
        if isinstance(kind, dict) and kind["type"] == "record":
            known = value is not None and any(one is not None for one in value.values())
            value = filled(kind, value or {}) if known or not optional else None
        elif value is None and not optional:
            value = "" if kind == "string" else 0
        record[field["name"]] = value
    return record


class Listener(threading.Thread):
    """When a client got the last message of each alert."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        super().__init__(daemon=True)
        self.consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "listener",
                "isolation.level": "read_committed",
                "auto.offset.reset": "earliest",
                "log_level": 0,
            }
        )
        self.consumer.subscribe([topic])
        self.at: dict[int, float] = {}
        self.messages = 0

    def run(self) -> None:
        while True:
            message = self.consumer.poll(0.1)
            if message is not None and message.error() is None:
                self.at[int(dict(message.headers())["alert_id"])] = time.time()
                self.messages += 1


class Sender(threading.Thread):
    """Sends packets at a rate, and notes when."""

    def __init__(self, bootstrap: str, topic: str, packets: list[tuple[int, bytes]], rate: float):
        super().__init__(daemon=True)
        self.producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5})
        self.topic, self.packets, self.rate = topic, packets, rate
        self.at: dict[int, float] = {}

    def run(self) -> None:
        begun = time.time()
        for k, (number, packet) in enumerate(self.packets):
            wait = begun + k / self.rate - time.time()
            if wait > 0:
                time.sleep(wait)
            self.at[number] = time.time()
            while True:
                try:
                    self.producer.produce(self.topic, packet)
                    break
                except BufferError:
                    self.producer.poll(0.1)
            self.producer.poll(0)
        self.producer.flush()


def resident_mb() -> tuple[float, float]:
    """Of this process, and of its Java [MB]."""

    def of(number: int) -> float:
        text = Path(f"/proc/{number}/status").read_text()
        return int(text.partition("VmRSS:")[2].split()[0]) / 1024

    java = 0.0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                ours = f"PPid:\t{os.getpid()}\n" in (entry / "status").read_text()
                if ours and "java" in (entry / "comm").read_text():
                    java = max(java, of(int(entry.name)))
            except OSError:
                continue
    return of(os.getpid()), java


def ztf(folder: Path, rate: float) -> None:
    """A night of ZTF's."""
    alerts = make_night(folder)
    replay(folder, NIGHT, "ztf", alerts, list(real_packets(alerts)), "", rate)


def rubin(folder: Path, rate: float) -> None:
    """20 visits of 5,000 alerts, in the schema of Rubin's packets of version 10.0."""
    alerts = make_visits(folder)
    packets = list(real_messages(alerts))
    replay(folder, RUBIN_NIGHT, "rubin", alerts, packets, str(RUBIN_SCHEMAS), rate)


def replay(
    folder: Path,
    night: str,
    survey: str,
    alerts: Path,
    packets: list[tuple[int, bytes]],
    schemas: str,
    rate: float,
) -> None:
    """Replay a night at a rate, or with 0: catch up with all of it."""
    final = batch_names(folder, night, survey, alerts)
    print(
        f"{len(packets):,} alerts, {np.mean([len(p) for _, p in packets]) / 1e3:.1f} kB each; "
        f"{len(set(final.values()))} tracklets of {len(final)} alerts"
    )
    with kafka(folder / "kafka", survey, "out") as bootstrap:
        job = make_job(folder, night, survey, Topic(survey, bootstrap, schemas))
        measure(job, bootstrap, packets, final, rate)


def make_job(folder: Path, night: str, survey: str, topic: Topic) -> Job:
    """Into the topic `out`, as fast as may be."""
    return Job(
        *(night, load_survey(survey), topic, str(folder / "state")),
        out_topic="out",
        trigger_s=0.0,
        prometheus=str(folder / "stream.prom"),
    )


def batch_names(folder: Path, night: str, survey: str, alerts: Path) -> dict[int, str]:
    """What the end-of-night job says, in a process of its own."""
    line = ["run", "--quiet", "--night", night, "--survey", survey]
    line += ["--alerts", str(alerts), "--store", str(folder / "store")]
    subprocess.run([sys.executable, "-m", "fink_tracklets", *line], check=True)
    table = read_table(str(folder / "store"), "tracklet_alerts", night)
    return dict(zip(table["alert_id"].to_pylist(), table["tracklet"].to_pylist(), strict=True))


def make_visits(folder: Path) -> Path:
    """Visits, those with tracklets first, filled up to 5,000 alerts."""
    parts: list[pa.Table] = []
    for seed in SEEDS[:2]:
        night = simulate_night(
            RUBIN_NIGHT, folder / f"sky-{seed}", seed, survey="rubin", exposures=300
        )
        truth = pq.read_table(night.truth, columns=["exposure", "tracklet_id"])
        with_tracklets = truth.filter(truth["tracklet_id"].is_valid())["exposure"].to_pylist()
        some = list(dict.fromkeys([*with_tracklets, *truth["exposure"].to_pylist()]))
        table = pq.read_table(night.alerts)
        for visit in some[: VISITS // 2]:
            of_visit = pc.equal(pc.struct_field(table["diaSource"], "visit"), int(visit))
            parts.append(filled_up(table.filter(of_visit), len(parts)))
    (folder / "alerts").mkdir()
    pq.write_table(pa.concat_tables(parts), folder / "alerts" / "a.parquet")
    return folder / "alerts"


def filled_up(visit: pa.Table, number: int) -> pa.Table:
    """A visit with 5,000 alerts: copies have ids of their own and a low score."""
    rows = visit.to_pylist()
    for k in range(PER_VISIT - len(rows)):
        row = json.loads(json.dumps(rows[k % len(visit)]))
        row["diaSource"]["diaSourceId"] = row["diaSourceId"] = 10**17 + number * 10**6 + k
        row["diaSource"]["reliability"] = 0.1
        rows.append(row)
    for row in rows:  # seeds have the same visits
        row["diaSource"]["visit"] = int(RUBIN_NIGHT) * 100_000 + number
        row["diaSource"]["midpointMjdTai"] = 61335.1 + number * 39 / 86400
    return pa.Table.from_pylist(rows, visit.schema)


def real_messages(alerts: Path) -> Iterator[tuple[int, bytes]]:
    """diaSourceId and message, framed, in Rubin's own schema."""
    parsed = message_schema(b"\0" + (1000).to_bytes(4, "big"), str(RUBIN_SCHEMAS))
    for batch in pq.ParquetFile(alerts / "a.parquet").iter_batches(2_000):
        for row in batch.to_pylist():
            body = io.BytesIO()
            fastavro.schemaless_writer(body, parsed, filled(parsed, row))
            yield row["diaSourceId"], b"\0" + (1000).to_bytes(4, "big") + body.getvalue()


def measure(
    job: Job, bootstrap: str, packets: list[tuple[int, bytes]], final: dict, rate: float
) -> None:
    """Follow what is sent, and print how it went."""
    topic = job.source.name
    sender, listener = Sender(bootstrap, topic, packets, rate or 1e9), Listener(bootstrap, "out")
    listener.start()
    if not rate:
        sender.start()
        sender.join()
    memory: list[tuple[float, float, float]] = []
    times: list[float] = []

    def stopped(counts: Any) -> bool:
        if rate and not sender.ident:
            sender.start()
        if counts["messages"] and not times:
            times.append(time.time())
            print(f"first {counts['messages']:,} messages are done")
            times.append(counts["messages"])
        share = counts["messages"] / len(packets)
        if share >= len(memory) / 10 and counts["messages"]:
            memory.append((share, *resident_mb()))
        return counts["messages"] >= len(packets)

    begun = time.time()
    done = run_stream(job, load_stream(), stopped=stopped)
    ended = time.time()
    records = as_a_client(bootstrap, "out")
    ids = "candid" if "candid" in records[0] else "diaSourceId"
    same = last_names(records, ids) == final
    told = len({(r[ids], r["tracklet"]) for r in records})
    print(f"the client's names are the batch's: {same}; {len(records)} messages, {told} different")
    print(f"renamed {done.renamed}, withdrawn {done.withdrawn} of {done.new} new")
    while listener.messages < len(records):
        time.sleep(0.1)
    if rate:
        tracklets: dict[str, list[int]] = {}
        for number, name in final.items():
            tracklets.setdefault(name, []).append(number)
        late = [
            max(listener.at[n] for n in ids) - max(sender.at[n] for n in ids)
            for ids in tracklets.values()
        ]
        quantiles = np.percentile(late, [50, 95, 100])
        print("latency of tracklets, median, 95 %, max [s]:", quantiles.round(2))
    else:
        rest = len(packets) - times[1]
        print(f"{rest:.0f} messages after the first batch in {ended - times[0]:.1f} s:", end=" ")
        print(f"{rest / (ended - times[0]):.0f}/s; with Spark's start {ended - begun:.1f} s")
    for share, driver, java in memory:
        print(f"memory at {share:4.0%}: driver {driver:.0f} MB, JVM {java:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["latency", "catch-up", "rubin"])
    parser.add_argument("--rate", type=float, default=114.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.what == "rubin":
            rubin(Path(folder), options.rate)
        else:
            ztf(Path(folder), options.rate if options.what == "latency" else 0.0)


if __name__ == "__main__":
    main()
