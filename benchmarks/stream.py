"""The stream against a real Kafka: latency, throughput, memory, and the batch's names at the end.

    python -m benchmarks.stream latency --rate 114          # alerts/s, ten times ZTF's
    python -m benchmarks.stream catch-up                    # all is there before the start
    python -m benchmarks.stream rubin --rate 256 --lag lag.csv   # 20 visits of 5,000, their schema

A night of ZTF's is made of the exposures that have tracklets in eight simulated ones, 43,000 alerts
in packets of ZTF's own schema (28 kB, without stamps). The names are compared with those of `run`.
The lines of --lag are seconds since the first message, messages sent, and messages done.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from confluent_kafka import Consumer, Producer

from benchmarks.stream_packets import (
    NIGHT,
    ROOT,
    RUBIN_NIGHT,
    RUBIN_SCHEMAS,
    make_night,
    make_visits,
    real_messages,
    real_packets,
)
from fink_tracklets import load_survey, read_table
from fink_tracklets.stream.run import Job, run_stream
from fink_tracklets.stream.settings import load_stream
from fink_tracklets.stream.source import Topic
from tests.streaming import as_a_client, last_names

WARM_S = 60.0
"""After its first batch a new Spark is as fast as it will be in so long, about [s]."""


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


def ztf(folder: Path, rate: float, lag: Path | None) -> None:
    """A night of ZTF's."""
    alerts = make_night(folder)
    replay(folder, NIGHT, "ztf", alerts, list(real_packets(alerts)), "", rate, lag)


def rubin(folder: Path, rate: float, lag: Path | None) -> None:
    """20 visits of 5,000 alerts, in the schema of Rubin's packets of version 10.0."""
    alerts = make_visits(folder)
    packets = list(real_messages(alerts))
    replay(folder, RUBIN_NIGHT, "rubin", alerts, packets, str(RUBIN_SCHEMAS), rate, lag)


def replay(
    folder: Path,
    night: str,
    survey: str,
    alerts: Path,
    packets: list[tuple[int, bytes]],
    schemas: str,
    rate: float,
    lag: Path | None,
) -> None:
    """Replay a night at a rate, or with 0: catch up with all of it."""
    final = batch_names(folder, night, survey, alerts)
    print(
        f"{len(packets):,} alerts, {np.mean([len(p) for _, p in packets]) / 1e3:.1f} kB each; "
        f"{len(set(final.values()))} tracklets of {len(final)} alerts"
    )
    with kafka(folder / "kafka", survey, "out") as bootstrap:
        job = make_job(folder, night, survey, Topic(survey, bootstrap, schemas))
        measure(job, bootstrap, packets, final, rate, lag)


def make_job(folder: Path, night: str, survey: str, topic: Topic) -> Job:
    """Into the topic `out`, as fast as may be."""
    return Job(
        *(night, load_survey(survey), topic, str(folder / "state")),
        out_topic="out",
        bootstrap=topic.bootstrap,
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


def measure(
    job: Job,
    bootstrap: str,
    packets: list[tuple[int, bytes]],
    final: dict,
    rate: float,
    lag: Path | None,
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
    behind: list[tuple[float, int, int]] = []

    def stopped(counts: Any) -> bool:
        if rate and not sender.ident:
            sender.start()
        if counts["messages"] and not times:
            times.append(time.time())
            print(f"first {counts['messages']:,} messages are done")
            times.append(counts["messages"])
        if sender.at:
            behind.append((time.time(), len(sender.at), counts["messages"]))
        share = counts["messages"] / len(packets)
        if share >= len(memory) / 10 and counts["messages"]:
            memory.append((share, *resident_mb()))
        return counts["messages"] >= len(packets)

    begun = time.time()
    done = run_stream(job, load_stream(), stopped=stopped)
    ended = time.time()
    if lag is not None:
        with lag.open("w", newline="") as file:
            csv.writer(file).writerows((round(at - behind[0][0], 2), *n) for at, *n in behind)
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
        last = {ids: max(sender.at[n] for n in ids) for ids in map(tuple, tracklets.values())}
        late = [max(listener.at[n] for n in ids) - at for ids, at in last.items()]
        warm = [s for s, at in zip(late, last.values(), strict=True) if at > times[0] + WARM_S]
        for what, some in (("all", late), (f"after the first {WARM_S:.0f} s", warm)):
            quantiles = np.percentile(some, [50, 95, 100]).round(2)
            print(f"latency of {len(some)} tracklets, {what}: median, 95 %, max [s]: {quantiles}")
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
    parser.add_argument("--lag", type=Path, metavar="FILE.csv")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.what == "rubin":
            rubin(Path(folder), options.rate, options.lag)
        else:
            rate = options.rate if options.what == "latency" else 0.0
            ztf(Path(folder), rate, options.lag)


if __name__ == "__main__":
    main()
