"""Time and memory of exposures crowded by artefacts, one by one, and how many are given up.

    python -m benchmarks.crowds [--seeds 1 2] [--exposures 20] [--surveys ztf rubin]
        [--against OTHER_CHECKOUT]

Exposures of `simulate --crowded`: 500 to 4,000 candidates, knots, strips, rings and ghosts. Each is
searched in a process of its own, so that its peak memory is known (above that of the process
before). With --against another checkout searches them, too, for at most 100 s each.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from benchmarks.peak import PEAK
from fink_tracklets.simulate import simulate_night

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 100
"""CPU seconds after which the other checkout is stopped."""
CHILD = (
    PEAK
    + """
import resource, sys, time
import pandas as pd
from fink_tracklets import find_tracklets, load_survey
frame, survey = pd.read_pickle(sys.argv[1]), load_survey(sys.argv[2])
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[3]), int(sys.argv[3])))
find_tracklets(frame.head(60), survey)
before, start = peak(), time.process_time()
try:
    from fink_tracklets.finder.find import search
    found, given_up = search(frame, survey)
except ImportError:
    found, given_up = find_tracklets(frame, survey), []
print(time.process_time() - start, peak() - before, len(given_up), len(found))
"""
)


def candidates(survey: str, seed: int, exposures: int) -> pd.DataFrame:
    """The candidates of a simulated night of crowded exposures."""
    with tempfile.TemporaryDirectory() as folder:
        night = simulate_night(
            "20251103", folder, seed, exposures=exposures, crowded=exposures, survey=survey
        )
        packet, name = {"ztf": ("candidate", "candid"), "rubin": ("diaSource", "diaSourceId")}[
            survey
        ]
        packets = pq.read_table(night.alerts, columns=[packet])[packet].combine_chunks()
        places = pd.DataFrame(
            {
                "alert_id": packets.field(name),
                "ra": packets.field("ra"),
                "dec": packets.field("dec"),
            }
        )
        truth = pd.read_parquet(night.truth, columns=["alert_id", "exposure"])
    return truth.merge(places.drop_duplicates("alert_id"), on="alert_id")


def searched(checkout: Path, file: Path, survey: str, patience: int) -> list[float]:
    """CPU seconds, memory [MB], whether given up, alerts in tracklets; NaN where it did not end."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, file, survey, str(patience)],
        env={**os.environ, "PYTHONPATH": str(checkout), "OPENBLAS_NUM_THREADS": "1"},
        cwd=checkout,
        capture_output=True,
        text=True,
    )
    if done.returncode > 0:
        raise RuntimeError(done.stderr)
    return [float(number) for number in done.stdout.split()] or [np.nan] * 4


def main() -> None:
    """Print a line per exposure, and a summary of each survey."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--exposures", type=int, default=20, help="of each seed")
    parser.add_argument("--surveys", nargs="+", choices=["ztf", "rubin"], default=["ztf", "rubin"])
    parser.add_argument("--against", type=Path, metavar="OTHER_CHECKOUT")
    options = parser.parse_args()
    print(
        "| survey | seed | candidates | s | MB | given up | alerts in tracklets | other, s | MB |"
    )
    print("|" + " --- |" * 9)
    for survey in options.surveys:
        rows = []
        for seed in options.seeds:
            for _, frame in candidates(survey, seed, options.exposures).groupby("exposure"):
                with tempfile.NamedTemporaryFile(suffix=".pickle") as file:
                    frame.to_pickle(file.name)
                    row = searched(ROOT, Path(file.name), survey, 10_000)
                    if options.against:
                        there = options.against.resolve()
                        row += searched(there, Path(file.name), survey, PATIENCE)[:2]
                rows.append(row)
                numbers = " | ".join(f"{number:.2f}" for number in row)
                print(f"| {survey} | {seed} | {len(frame)} | {numbers} |", flush=True)
        s, mb, given_up, *_ = np.array(rows).T[:4]
        print(
            f"{survey}: {len(s)} exposures, median {np.median(s):.2f} s, largest {s.max():.1f} s, "
            f"{mb.max():.0f} MB; above 20 s: {np.sum(s > 20)}; given up: {given_up.sum():.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
