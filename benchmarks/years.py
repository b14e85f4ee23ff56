"""How long a report of 800 and of 3,200 nights takes, its memory, and the page of statistics.

    python -m benchmarks.years --store tracklets --nights 800 3200

The nights are copies of those of a store that `run` wrote, their files linked, one after the other.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import requests

FIRST = date(2019, 11, 1)
REPEATS = 15


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--nights", type=int, nargs="+", default=[800, 3200])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        spent: list[float] = []
        for n in options.nights:
            store = Path(folder) / f"store{n}"
            candidates = copies(options.store, store, n)
            taken, worked, peak = report(store, Path(folder) / "out")
            spent.append(worked)
            print(
                f"report of {n:,} nights, {candidates:,} candidates: {taken:.1f} s, {worked:.1f} "
                f"s of a processor ({worked / spent[0]:.2f} of the first), {peak:.0f} MB",
                flush=True,
            )
        page_times(Path(folder) / f"store{options.nights[0]}")


def copies(source: Path, target: Path, n: int) -> int:
    """Fill a store with copies of another's nights; the number of candidates."""
    manifests = [json.loads(f.read_text()) for f in sorted((source / "manifests").glob("*.json"))]
    (target / "manifests").mkdir(parents=True)
    candidates = 0
    for k in range(n):
        manifest = manifests[k % len(manifests)]
        night = (FIRST + timedelta(days=k)).strftime("%Y%m%d")
        files = {}
        for name, paths in manifest["files"].items():
            (target / name / f"night={night}").mkdir(parents=True)
            files[name] = [path.replace(manifest["night"], night) for path in paths]
            for old, new in zip(paths, files[name], strict=True):
                os.link(source / old, target / new)
        told = manifest | {"night": night, "files": files}
        (target / "manifests" / f"{night}.json").write_text(json.dumps(told))
        candidates += manifest["rows"]["candidates"]
    return candidates


def report(store: Path, out: Path) -> tuple[float, float, float]:
    """Seconds of the command, those of a processor, and the peak memory [MB] of all until now."""
    command = [sys.executable, "-m", "fink_tracklets", "report", "--quiet"]
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*command, "--store", str(store), "--out", str(out)], check=True)
    taken, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    worked = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return taken, worked, after.ru_maxrss / 1024


def page_times(store: Path) -> None:
    """The page of statistics beside one night's, as the service answers them when it is warm."""
    from tests.serving import serving

    with serving(store) as address:
        night = sorted(f.stem for f in (store / "manifests").glob("*.json"))[-1]
        first = elapsed(lambda: requests.get(f"{address}/statistics", timeout=120))
        pages = {
            name: sorted(
                elapsed(lambda path=path: requests.get(f"{address}/{path}", timeout=60))
                for _ in range(REPEATS)
            )[REPEATS // 2]
            for name, path in (("statistics", "statistics"), ("night", f"night/{night}"))
        }
    print(
        f"/statistics: the first time {1000 * first:.0f} ms (with the index of the store), then "
        f"{1000 * pages['statistics']:.0f} ms; a night's page {1000 * pages['night']:.0f} ms; "
        f"ratio {pages['statistics'] / pages['night']:.2f}"
    )


def elapsed(work: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
