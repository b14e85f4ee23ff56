"""What a further night costs in one session, against the first.

python -m benchmarks.nights [--nights 4] [--exposures 314]

Simulates nights, runs them with `run --nights` in a process of its own, and takes the time of each
from the manifests: the first from the start of the process, a later one from the end of the night
before. Then the same line again, which skips all of them.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

from fink_tracklets.simulate import simulate_night

FIRST = date(2021, 10, 22)


def seconds_each(command: list[str], nights: list[str], store: Path) -> list[float]:
    """The time of each night, as it was stored."""
    begin = time.time()
    subprocess.run(command, check=True)
    stored = [(store / "manifests" / f"{night}.json").stat().st_mtime for night in nights]
    return [end - start for start, end in zip([begin, *stored], stored, strict=False)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nights", type=int, default=4)
    parser.add_argument("--exposures", type=int, default=314)
    options = parser.parse_args()
    nights = [f"{FIRST + timedelta(days=k):%Y%m%d}" for k in range(options.nights)]
    with tempfile.TemporaryDirectory() as folder:
        lake, store = Path(folder) / "lake", Path(folder) / "store"
        for k, night in enumerate(nights):
            simulate_night(night, lake / night, seed=k + 1, exposures=options.exposures)
        command = [
            *(sys.executable, "-m", "fink_tracklets", "run", "--quiet"),
            *("--nights", f"{nights[0]}..{nights[-1]}"),
            *("--alerts", f"{lake}/{{Y}}{{m}}{{d}}/alerts", "--store", str(store)),
        ]
        each = seconds_each(command, nights, store)
        for night, took in zip(nights, each, strict=True):
            print(f"{night}: {took:.1f} s, {took / each[0]:.2f} of the first")
        print(f"a later night, median: {statistics.median(each[1:]) / each[0]:.2f} of the first")
        begin = time.time()
        subprocess.run(command, check=True)
        print(f"the same line again, all skipped: {time.time() - begin:.1f} s")


if __name__ == "__main__":
    main()
