"""What a further night costs in one session, against the first; and nights at once.

python -m benchmarks.nights [--nights 4] [--exposures 314] [--jobs 1] [--single] [--elements]

Simulates nights, runs them with `run --nights` in a process of its own, and takes the time of each
from the manifests: the first from the start of the process, a later one from the end of the night
before. Then the same line again, which skips all of them. With --jobs the nights are run once more
into another store, so many at once, killed (SIGKILL) when half of them are stored, and by the same
line to their end. --single runs each night by a call of `run_night`, too. All stores
must have equal tables, row for row. With --elements each night's satellites, orbits and links are
looked for.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

from fink_tracklets import read_table, run_night
from fink_tracklets.simulate import simulate_night
from fink_tracklets.store.manifest import stored_nights
from fink_tracklets.store.open import open_folder
from fink_tracklets.tables import TABLES

FIRST = date(2021, 10, 22)


def seconds_each(command: list[str], nights: list[str], store: Path) -> list[float]:
    """The time of each night, as it was stored."""
    begin = time.time()
    subprocess.run(command, check=True)
    stored = [(store / "manifests" / f"{night}.json").stat().st_mtime for night in nights]
    return [end - start for start, end in zip([begin, *stored], stored, strict=False)]


def seconds(command: list[str]) -> float:
    """The time of a command."""
    begin = time.monotonic()
    subprocess.run(command, check=True)
    return time.monotonic() - begin


def kill_half_way(command: list[str], store: Path, nights: list[str]) -> int:
    """SIGKILL a run, and its Java, when half of the nights are stored; how many were."""
    running = subprocess.Popen(command, start_new_session=True)
    while running.poll() is None:
        if len(stored_nights(open_folder(str(store)))) >= len(nights) // 2:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
        time.sleep(0.05)
    return len(stored_nights(open_folder(str(store))))


def differing(stores: list[Path], nights: list[str]) -> list[str]:
    """The tables that are not the same in all stores, as night/table."""
    return [
        f"{night}/{name}"
        for night in nights
        for name in TABLES
        if len({repr(_rows(store, name, night)) for store in stores}) > 1
    ]


def _rows(store: Path, name: str, night: str) -> list[str]:
    return sorted(map(repr, read_table(str(store), name, night).to_pylist()))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nights", type=int, default=4)
    parser.add_argument("--exposures", type=int, default=314)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--single", action="store_true")
    parser.add_argument("--elements", action="store_true")
    options = parser.parse_args()
    nights = [f"{FIRST + timedelta(days=k):%Y%m%d}" for k in range(options.nights)]
    with tempfile.TemporaryDirectory() as folder:
        lake = Path(folder) / "lake"
        for k, night in enumerate(nights):
            simulate_night(night, lake / night, seed=k + 1, exposures=options.exposures)
        alerts = f"{lake}/{{Y}}{{m}}{{d}}/alerts"
        elements = [f"{lake}/{{Y}}{{m}}{{d}}/catalogue.json"] if options.elements else []
        run = [sys.executable, "-m", "fink_tracklets", "run", "--quiet", "--alerts", alerts]
        run += ["--nights", f"{nights[0]}..{nights[-1]}"]
        run += ["--elements", *elements] if elements else []

        def line(store: Path, *more: str) -> list[str]:
            return [*run, "--store", str(store), *more]

        store = Path(folder) / "store"
        stores = [store]
        each = seconds_each(line(store), nights, store)
        print(f"the first night: {each[0]:.1f} s", flush=True)
        later = statistics.median(each[1:])
        print(f"a later night, median: {later:.1f} s, {later / each[0]:.2f} of the first")
        print(f"all: {sum(each):.0f} s")
        print(f"the same line again, all skipped: {seconds(line(store)):.1f} s", flush=True)
        if options.jobs > 1:
            jobs = ("--jobs", str(options.jobs))
            stores.append(Path(folder) / "jobs")
            begin = time.monotonic()
            left = kill_half_way(line(stores[1], *jobs), stores[1], nights)
            before = time.monotonic() - begin
            took = before + seconds(line(stores[1], *jobs))
            print(
                f"{options.jobs} at once, killed after {before:.0f} s with {left} stored, and then "
                f"the same line: {took:.0f} s, {took / sum(each):.2f} of one by one",
                flush=True,
            )
        if options.single:
            stores.append(Path(folder) / "single")
            for night in nights:
                run_night(night, alerts, str(stores[-1]), elements=elements)
        wrong = differing(stores, nights)
        print(f"tables that differ among {len(stores)} stores: {len(wrong)} {wrong[:5]}")


if __name__ == "__main__":
    main()
