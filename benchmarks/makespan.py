"""How evenly a crowded night's search is spread over Spark's tasks, by Spark's own record of them.

    python -m benchmarks.makespan [--exposures 20 --crowded 20 --candidates N] [--cluster]

The night is `simulate --survey rubin --seed 3`. The makespan of the stage that searches is compared
with what no spread can beat: half of all task times, or the longest task (a heavy exposure is a
task of its own). The same task times are then dealt out, in their order, to 8, 64 and 512 cores.
With --cluster the night runs again on a standalone cluster of 1 and of 2 workers of one core each,
with dynamic allocation, and all tables must be the same.
"""

from __future__ import annotations

import argparse
import heapq
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.submit import ROOT, submit
from fink_tracklets.simulate import simulate_night
from tests.standalone import bare_environment, standalone

NIGHT = "20251103"
DYNAMIC = {
    "spark.dynamicAllocation.enabled": "true",
    "spark.dynamicAllocation.shuffleTracking.enabled": "true",
    "spark.dynamicAllocation.minExecutors": 0,
    "spark.executor.cores": 1,
}


def search_stage(log: Path) -> tuple[float, np.ndarray]:
    """The makespan [s] of the stage that searches, and its tasks' seconds in the order of launch.

    Parameters
    ----------
    log : folder of Spark's event log
    """
    (file,) = log.rglob("events_*")
    events = [json.loads(line) for line in file.open(encoding="utf-8")]
    searching = {
        event["Stage Info"]["Stage ID"]
        for event in events
        if event["Event"] == "SparkListenerStageCompleted"
        and any("MapInPandas" in rdd.get("Scope", "") for rdd in event["Stage Info"]["RDD Info"])
    }
    stages: dict[int, list[tuple[int, int]]] = {stage: [] for stage in searching}
    for event in events:
        if event["Event"] == "SparkListenerTaskEnd" and event["Stage ID"] in searching:
            info = event["Task Info"]
            stages[event["Stage ID"]].append((info["Launch Time"], info["Finish Time"]))
    # Later stages read what the search left in memory, and bear its name, too.
    times = np.array(sorted(max(stages.values(), key=lambda s: sum(b - a for a, b in s)))) / 1e3
    return float(times[:, 1].max() - times[:, 0].min()), times[:, 1] - times[:, 0]


def dealt(tasks: np.ndarray, cores: int) -> float:
    """The makespan [s] of tasks that cores take one after the other."""
    free = [0.0] * cores
    for task in tasks:
        heapq.heappush(free, heapq.heappop(free) + float(task))
    return max(free)


def run(alerts: str, store: Path, master: str, settings: dict[str, str | int]) -> None:
    """One night by spark-submit; prints its times."""
    arguments = ("--night", NIGHT, "--alerts", alerts, "--store", str(store), "--survey", "rubin")
    clock, cpu = submit(
        "jobs/find_tracklets.py", *arguments, "--quiet", master=master, settings=settings
    )
    print(f"{store.name}: {clock:.0f} s by the clock, {cpu:.0f} s of CPU", flush=True)


def main() -> None:
    """Print the figures; exit code 1 where a table differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exposures", type=int, default=20)
    parser.add_argument("--crowded", type=int, default=20)
    parser.add_argument("--candidates", type=int, help="of each exposure, in place of crowds")
    parser.add_argument("--cluster", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        night = simulate_night(
            NIGHT,
            folder / "sky",
            seed=3,
            survey="rubin",
            exposures=options.exposures,
            crowded=0 if options.candidates else options.crowded,
            candidates=options.candidates,
        )
        alerts, log = str(night.alerts), folder / "events"
        log.mkdir()
        settings: dict[str, str | int] = {
            "spark.eventLog.enabled": "true",
            "spark.eventLog.compress": "false",
            "spark.eventLog.dir": log.as_uri(),
        }
        run(alerts, folder / "local", "local[2]", settings)
        span, tasks = search_stage(log)
        bound = max(tasks.sum() / 2, tasks.max())
        print(f"{len(tasks)} tasks, {tasks.sum():.1f} s in all, the longest {tasks.max():.1f} s")
        print(f"2 cores: {span:.1f} s, {span / bound:.2f} of the bound (measured)")
        for cores in (8, 64, 512):
            bound = max(tasks.sum() / cores, tasks.max())
            span = dealt(tasks, cores)
            print(f"{cores} cores: {span:.1f} s, {span / bound:.2f} of the bound (on paper)")
        if not options.cluster:
            return
        for workers in (1, 2):
            place = folder / f"workers-{workers}"
            place.mkdir()
            with standalone(place, bare_environment(place), workers, cores=1) as master:
                run(alerts, place / f"{workers}-workers", master, DYNAMIC)
            stores = (str(folder / "local"), str(place / f"{workers}-workers"))
            same = [sys.executable, "-m", "benchmarks.same_tables", *stores]
            if subprocess.run(same, cwd=ROOT).returncode:
                sys.exit(1)


if __name__ == "__main__":
    main()
