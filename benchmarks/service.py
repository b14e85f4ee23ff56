"""How fast the service answers: `python -m benchmarks.service [SECONDS]`.

A store of 1,000 nights with 100 alerts in tracklets each. With one client, the one-night answer
over bare pyarrow and json that read and encode the same rows, and over itself in a store of one
night; then, when each night is held in memory, 16 clients at once. All in one run, the service in a
process of its own.
"""

from __future__ import annotations

import http.client
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from tests.stores import write_store

FIRST, NIGHTS, ROUNDS, CLIENTS = "20200101", 1000, 300, 16


def main(seconds: float = 60.0) -> None:
    """Prints the figures."""
    with tempfile.TemporaryDirectory() as folder:
        many, one = Path(folder) / "many", Path(folder) / "one"
        write_store(many, FIRST, NIGHTS)
        write_store(one, FIRST, 1)
        with serving(many) as (port, process), serving(one) as (port_of_one, _):
            name = "TRCK_20200101"
            timings = interleaved(
                lambda: bare(many, "20200101"), asking(port, name), asking(port_of_one, name)
            )
            labels = ("bare pyarrow and json", f"one of {NIGHTS:,} nights", "the only night")
            for label, times in zip(labels, timings, strict=True):
                print(f"{label:<24} p50 {median_ms(times):7.2f} ms  p99 {p99_ms(times):7.2f} ms")
            first, second, third = (median_ms(times) for times in timings)
            print(f"service over bare: {second / first:.2f}; over one night: {second / third:.2f}")
            before = resident_mb(process)
            for k in range(NIGHTS):
                asking(port, f"TRCK_{np.datetime64('2020-01-02') + k}".replace("-", ""))()
            print(f"memory {before} MB, {resident_mb(process)} MB once each night was asked for")
            times, errors = at_once(port, seconds / 2)
            middle = resident_mb(process)
            more, more_errors = at_once(port, seconds / 2)
            times += more
            print(
                f"{CLIENTS} clients, {seconds:.0f} s: {len(times) / seconds:.0f} answers/s, "
                f"p50 {median_ms(times):.1f} ms, p99 {p99_ms(times):.1f} ms, "
                f"{errors + more_errors} errors, memory {middle} then {resident_mb(process)} MB"
            )


def bare(store: Path, night: str) -> bytes:
    """The rows of the answer, read and encoded without us."""
    parts = (store / "tracklet_alerts" / f"night={night}").glob("*.parquet")
    rows = [row for part in parts for row in pq.ParquetFile(part).read().to_pylist()]
    tracklets = (store / "tracklets" / f"night={night}").glob("*.parquet")
    of = {r["tracklet"]: r for part in tracklets for r in pq.ParquetFile(part).read().to_pylist()}
    day = f"TRCK_{night}"
    joined = [of[r["tracklet"]] | r for r in rows if r["tracklet"].startswith(day)]
    return json.dumps(joined, default=str).encode()


def asking(port: int, prefix: str) -> Callable[[], bytes]:
    """A client with a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def ask() -> bytes:
        connection.request("GET", f"/api/v1/tracklet?id={prefix}")
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status == 200
        assert len(content) > 1000
        return content

    return ask


def interleaved(*calls: Callable[[], bytes]) -> list[list[float]]:
    """Seconds of each call, in turns whose order changes: what follows bare finds cold caches."""
    times: list[list[float]] = [[] for _ in calls]
    orders = list(itertools.permutations(range(len(calls))))
    for k in range(ROUNDS + 20):
        for which in orders[k % len(orders)]:
            begun = time.perf_counter()
            calls[which]()
            if k >= 20:
                times[which].append(time.perf_counter() - begun)
    return times


def at_once(port: int, seconds: float) -> tuple[list[float], int]:
    """Seconds of each answer to many clients that ask for nights at random, and the errors."""
    end = time.monotonic() + seconds
    found: list[list[float]] = [[] for _ in range(CLIENTS)]
    errors = []
    first = np.datetime64("2020-01-02")

    def client(number: int) -> None:
        random = np.random.default_rng(number)
        while time.monotonic() < end:
            date = str(first + int(random.integers(NIGHTS - 1))).replace("-", "")
            ask = asking(port, f"TRCK_{date}")
            for _ in range(10):
                begun = time.perf_counter()
                try:
                    ask()
                except (OSError, AssertionError, http.client.HTTPException) as error:
                    errors.append(error)
                    break
                found[number].append(time.perf_counter() - begun)

    threads = [threading.Thread(target=client, args=(k,)) for k in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [t for times in found for t in times], len(errors)


@contextmanager
def serving(store: Path) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """The command `serve`: its port and its process."""
    command = [sys.executable, "-m", "fink_tracklets", "serve", "--store", str(store)]
    with subprocess.Popen([*command, "--port", "0", "--quiet"], stderr=-1, text=True) as process:
        assert process.stderr is not None
        begun = time.monotonic()
        port = int(process.stderr.readline().strip().rstrip("/").rpartition(":")[2])
        print(f"ready after {time.monotonic() - begun:.1f} s")
        try:
            yield port, process
        finally:
            process.terminate()


def resident_mb(process: subprocess.Popen[str]) -> int:
    """Memory of a process (Linux)."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * 4096 >> 20


def median_ms(times: list[float]) -> float:
    """p50 [ms]."""
    return 1000 * statistics.median(times)


def p99_ms(times: list[float]) -> float:
    """p99 [ms]."""
    return 1000 * float(np.quantile(times, 0.99))


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
