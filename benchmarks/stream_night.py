"""A whole night of ZTF's, replayed in bursts as its exposures come: what memory the stream takes.

    python -m benchmarks.stream_night --hours 7.5 --speed 10 --out night.csv

The stream is the command itself, in a process of its own. Each line of the CSV has the share of
the night's messages and the proportional set sizes [MB] of the driver, of its Java and of Spark's
Python workers; ten times a night the heap that is alive after a full collection, too. At the end
the names in the topic are compared with those of `run`.
"""

from __future__ import annotations

import argparse
import csv
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource

from benchmarks.stream import batch_names, kafka
from benchmarks.stream_packets import NIGHT, ROOT, real_packets
from fink_tracklets.simulate import simulate_night
from tests.streaming import as_a_client, last_names

READOUT_S = 12.0
"""An exposure's alerts come so long one after the other, by the night's clock [s]."""
EVERY_S = 5.0
EXPOSURES = 630
"""Of eleven hours."""


def by_exposure(folder: Path, hours: float) -> tuple[Path, np.ndarray]:
    """A night in the order of its exposures, and when each alert comes [s]."""
    night = simulate_night(NIGHT, folder / "sky", 7, exposures=EXPOSURES)
    table = pq.read_table(night.alerts)
    jd = pc.struct_field(table["candidate"], "jd").to_numpy()
    order = np.argsort(jd, kind="stable")
    order = order[jd[order] < np.nanmin(jd) + hours / 24]
    (folder / "alerts").mkdir()
    pq.write_table(table.take(order), folder / "alerts" / "a.parquet")
    _, first, size = np.unique(jd[order], return_index=True, return_counts=True)
    within = (np.arange(len(order)) - np.repeat(first, size)) / np.repeat(size, size)
    return folder / "alerts", (jd[order] - jd[order[0]]) * 86400 + READOUT_S * within


class Sender(threading.Thread):
    """Sends each packet at its time."""

    def __init__(self, bootstrap: str, alerts: Path, at: np.ndarray, speed: float) -> None:
        super().__init__(daemon=True)
        self.producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5})
        self.alerts, self.at = alerts, at / speed

    def run(self) -> None:
        begun = time.monotonic()
        for at, (_, packet) in zip(self.at, real_packets(self.alerts), strict=True):
            if (wait := begun + at - time.monotonic()) > 0:
                time.sleep(wait)
            self.producer.produce("ztf", packet)
            self.producer.poll(0)
        self.producer.flush()


def keep_little(bootstrap: str) -> None:
    """The broker of a benchmark need not hold 6 GB."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    sizes = {"retention.bytes": 256 << 20, "segment.bytes": 64 << 20}
    entries = [
        ConfigEntry(name, str(size), incremental_operation=AlterConfigOpType.SET)
        for name, size in sizes.items()
    ]
    topic = ConfigResource("topic", "ztf", incremental_configs=entries)
    for done in admin.incremental_alter_configs([topic]).values():
        done.result(30)


def family(driver: int) -> tuple[list[int], list[int]]:
    """The Java of a driver, and the Python processes below that."""
    parent, java = {}, set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent[int(entry.name)] = int(
                (entry / "stat").read_text().rpartition(")")[2].split()[1]
            )
            if (entry / "comm").read_text() == "java\n":
                java.add(int(entry.name))
        except OSError:
            continue

    def below(number: int, top: set[int]) -> bool:
        return parent.get(number, 0) in top or (number > 1 and below(parent.get(number, 0), top))

    ours = [one for one in java if below(one, {driver})]
    return ours, [one for one in parent if one not in java and below(one, set(ours))]


def pss_mb(processes: list[int]) -> float:
    """Proportional set size, of those that still live [MB]."""
    total = 0
    for number in processes:
        try:
            text = Path(f"/proc/{number}/smaps_rollup").read_text()
        except OSError:
            continue
        total += int(text.partition("\nPss:")[2].split()[0])
    return total / 1024


def live_mb(java: int) -> float:
    """What of the heap is alive: jcmd's histogram collects garbage first [MB]."""
    said = subprocess.run(
        ["jcmd", str(java), "GC.class_histogram"], capture_output=True, text=True, check=True
    ).stdout
    return int(said.rstrip().rpartition("\n")[2].split()[2]) / 2**20


def count(file: Path, name: str) -> int:
    """A figure of the stream's own textfile; 0 before there is one."""
    found = file.is_file() and re.search(rf"stream_{name}{{.*}} (\d+)", file.read_text())
    return int(found[1]) if found else 0


def follow(stream: subprocess.Popen[bytes], metrics: Path, n: int, out: Path) -> None:
    """Write a line every few seconds to the night's end."""
    tenth = 1
    with out.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["share", "batches", "lag", "driver", "java", "workers", "live_heap"])
        while (done := count(metrics, "messages_total")) < n:
            time.sleep(EVERY_S)
            if stream.poll() is not None:
                sys.exit("the stream has ended")
            java, workers = family(stream.pid)
            live: float | str = ""
            sizes = [round(pss_mb(some), 1) for some in ([stream.pid], java, workers)]
            if done >= tenth * n / 10:
                tenth, live = tenth + 1, round(live_mb(java[0]), 1)
            about = [count(metrics, name) for name in ("batches_total", "lag_messages")]
            rows.writerow([round(done / n, 4), *about, *sizes, live])
            file.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=7.5)
    parser.add_argument("--speed", type=float, default=10.0)
    parser.add_argument("--out", type=Path, default=Path("night.csv"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        alerts, at = by_exposure(folder, options.hours)
        final = batch_names(folder, NIGHT, "ztf", alerts)
        hours = at[-1] / 3600
        print(f"{len(at):,} alerts of {hours:.1f} h, {len(final)} in tracklets", flush=True)
        with kafka(folder / "kafka", "ztf", "out") as bootstrap:
            keep_little(bootstrap)
            line = [sys.executable, "-m", "fink_tracklets", "stream", "--night", NIGHT]
            line += ["--topic", "ztf", "--bootstrap", bootstrap, "--out-topic", "out"]
            line += ["--state", str(folder / "state"), "--quiet", "--trigger", "0"]
            line += ["--prometheus", str(folder / "stream.prom")]
            stream = subprocess.Popen(line, cwd=ROOT)
            Sender(bootstrap, alerts, at, options.speed).start()
            try:
                follow(stream, folder / "stream.prom", len(at), options.out)
            finally:
                stream.send_signal(signal.SIGTERM)
                stream.wait()
            records = as_a_client(bootstrap, "out")
        print(f"{len(records)} messages; names are the batch's: {last_names(records) == final}")


if __name__ == "__main__":
    main()
