"""A whole spark-submit of a night against one that only reads and drops the same columns.

python benchmarks/submit.py [--runs 5]

Both run in turn on a simulated night of 145,000 alerts after quality; the ratio of wall-clock
times is taken pair by pair.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyspark

from fink_tracklets.simulate import simulate_night
from fink_tracklets.spark.java import java_home

ROOT = Path(__file__).resolve().parents[1]
NIGHT = "20211022"


def submit(script: str, *arguments: str) -> float:
    """Seconds of one spark-submit in local mode."""
    command = [Path(pyspark.__file__).parent / "bin" / "spark-submit", "--master", "local[2]"]
    environment = {
        **os.environ,
        "JAVA_HOME": str(java_home()),
        "PYSPARK_PYTHON": sys.executable,
        "PYTHONPATH": str(ROOT),
    }
    start = time.perf_counter()
    done = subprocess.run(
        [*command, ROOT / script, "--night", NIGHT, *arguments],
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    return time.perf_counter() - start


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        alerts = str(simulate_night(NIGHT, Path(folder) / "sky").alerts)
        ours, bare = [], []
        for k in range(runs + 1):  # the first pair only warms the disk
            ours.append(
                submit("jobs/find_tracklets.py", "--alerts", alerts, "--store", f"{folder}/store")
            )
            bare.append(submit("benchmarks/noop_job.py", "--alerts", alerts))
            print(f"{'warm-up' if k == 0 else k}: {ours[-1]:.1f} s / {bare[-1]:.1f} s", flush=True)
        ratios = sorted(a / b for a, b in zip(ours[1:], bare[1:], strict=True))
        print(
            f"find_tracklets {statistics.median(ours[1:]):.1f} s, noop "
            f"{statistics.median(bare[1:]):.1f} s, ratio {statistics.median(ratios):.2f} "
            f"({ratios[0]:.2f} to {ratios[-1]:.2f}) over {runs} pairs"
        )


if __name__ == "__main__":
    main()
