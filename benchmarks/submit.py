"""A whole spark-submit of a night against one that only reads and drops the same columns.

python -m benchmarks.submit [--runs 5]

Both run in turn on a simulated night of 145,000 alerts after quality. The ratios are taken pair by
pair: of wall-clock times, and of the CPU seconds of all processes, which other work on the machine
disturbs less.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import pyspark

from fink_tracklets.simulate import simulate_night
from fink_tracklets.spark.java import java_home

ROOT = Path(__file__).resolve().parents[1]
NIGHT = "20211022"


def submit(
    script: str,
    *arguments: str,
    master: str = "local[2]",
    settings: Mapping[str, str | int] | None = None,
) -> tuple[float, float]:
    """Wall-clock and CPU seconds of one spark-submit; of the CPU those of the driver's side.

    Parameters
    ----------
    script : within the checkout
    settings : of Spark
    """
    command = [Path(pyspark.__file__).parent / "bin" / "spark-submit", "--master", master]
    options = [f"{key}={value}" for key, value in (settings or {}).items()]
    environment = {
        **os.environ,
        "JAVA_HOME": str(java_home()),
        "PYSPARK_PYTHON": sys.executable,
        "PYTHONPATH": str(ROOT),
    }
    start, before = time.perf_counter(), _cpu()
    done = subprocess.run(
        [*command, *(f"--conf={option}" for option in options), ROOT / script, *arguments],
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    return time.perf_counter() - start, _cpu() - before


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        alerts = str(simulate_night(NIGHT, Path(folder) / "sky").alerts)
        common = ("--night", NIGHT, "--alerts", alerts)
        pairs = []
        for k in range(runs + 1):  # the first pair only warms the disk
            ours = submit("jobs/find_tracklets.py", *common, "--store", f"{folder}/store")
            bare = submit("benchmarks/noop_job.py", *common)
            pairs.append((ours, bare))
            print(
                f"{k or 'warm-up'}: {ours[0]:.1f} s / {bare[0]:.1f} s by the clock, "
                f"{ours[1]:.1f} s / {bare[1]:.1f} s of CPU",
                flush=True,
            )
    for kind, what in enumerate(("by the clock", "of CPU")):
        ratios = sorted(ours[kind] / bare[kind] for ours, bare in pairs[1:])
        ours, bare = (statistics.median(pair[side][kind] for pair in pairs[1:]) for side in (0, 1))
        print(
            f"find_tracklets {ours:.1f} s, noop {bare:.1f} s {what}: ratio "
            f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}, {runs} pairs)"
        )


if __name__ == "__main__":
    main()
