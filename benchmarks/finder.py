"""Time and memory of the finder, and how many times faster than a plain loop it is.

    python -m benchmarks.finder [ratio] [growth] [large] [real] [ways] [--full]

Seconds are CPU time of one process; a ratio is of two times of the same run. `ratio` is with the
kernel and without.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np

from benchmarks import scenes
from benchmarks.peak import PEAK
from benchmarks.plain_reference import plain_link
from fink_tracklets import find_tracklets, load_survey
from fink_tracklets.finder import near, search, significant
from fink_tracklets.finder.search import by_anchor, by_broadcast
from fink_tracklets.finder.significance import NullModel
from fink_tracklets.finder.significant import link
from fink_tracklets.sky.sphere import unit_vectors

ROOT = Path(__file__).resolve().parents[1]
ZTF = load_survey("ztf")
LARGE = (
    PEAK
    + """
import resource, sys, numpy as np
from benchmarks import scenes
from fink_tracklets import load_survey
from fink_tracklets.finder.significant import link
ztf, n = load_survey("ztf"), int(sys.argv[1])
sky = scenes.on_sky(scenes.uniform(np.random.default_rng(1), n, scenes.side(ztf)))
link(sky[:100], np.zeros(100, dtype=np.int64), ztf)
before, start = peak(), resource.getrusage(resource.RUSAGE_SELF).ru_utime
link(sky, np.zeros(n, dtype=np.int64), ztf)
seconds = resource.getrusage(resource.RUSAGE_SELF).ru_utime - start
print(f"| {n} | {seconds:.1f} | {peak() - before:.0f} |")
"""
)


def scene(n: int, seed: int = 1, tracks: int = 4) -> np.ndarray:
    """Unit vectors of n background candidates and some tracklets."""
    rng = np.random.default_rng([seed, n])
    size = scenes.side(ZTF)
    parts = [scenes.uniform(rng, n, size)]
    if tracks:
        parts.append(scenes.tracklets(rng, tracks, size, 0.3)[0])
    return scenes.on_sky(np.concatenate(parts))


@contextmanager
def without_kernel() -> Iterator[None]:
    """The finder as it is where the kernel cannot be loaded."""
    with ExitStack() as patches:
        for module in (near, search, significant):
            patches.enter_context(patch.object(module, "load_kernel", lambda: None))
        yield


def seconds(points: np.ndarray, exposure: np.ndarray | None = None) -> float:
    """CPU time of the default finder."""
    one = np.zeros(len(points), dtype=np.int64) if exposure is None else exposure
    link(points[:200], one[:200], ZTF)
    start = time.process_time()
    link(points, one, ZTF)
    return time.process_time() - start


def real_points() -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors and exposure numbers of the real file."""
    frame = scenes.real_frame(scenes.DATA).sort_values(["exposure", "alert_id"], ignore_index=True)
    return unit_vectors(frame["ra"], frame["dec"]), frame["exposure"].factorize()[0]


def both_ways(points: np.ndarray, exposure: np.ndarray | None = None) -> tuple[float, float]:
    """CPU time with the kernel and without, the least of three."""
    ours = min(seconds(points, exposure) for _ in range(3))
    with without_kernel():
        return ours, min(seconds(points, exposure) for _ in range(3))


def row(what: str, plain: float, *ours: float) -> str:
    """Of `ratio`'s table."""
    cells = (f"{s:.3f} | {plain / s:.0f}" for s in ours)
    return f"| {what} | {plain:.1f} | {' | '.join(cells)} |"


def ratio(full: bool) -> None:
    """Against the plain loop: the real distribution, and 1,000 candidates."""
    print("| exposures | plain loop, s | finder, s | ratio | without kernel, s | ratio |")
    print("|" + " --- |" * 6)
    points, exposure = real_points()
    numbers = np.arange(exposure.max() + 1)
    if not full:
        numbers = np.random.default_rng(1).choice(numbers, 8_000, replace=False)
    keep = np.isin(exposure, numbers)
    points, exposure = points[keep], exposure[keep]
    ours, numpy_alone = both_ways(points, exposure)
    start = time.process_time()
    for group in np.split(points, np.flatnonzero(np.diff(exposure)) + 1):
        plain_link(group, ZTF.finder)
    plain = time.process_time() - start
    print(row(f"{len(numbers)} real", plain, ours, numpy_alone), flush=True)
    dense = scene(1000, tracks=0)
    ours, numpy_alone = both_ways(dense)
    start = time.process_time()
    plain_link(dense, ZTF.finder)
    plain = time.process_time() - start
    print(row("one, 1000 candidates", plain, ours, numpy_alone), flush=True)


def growth(full: bool) -> None:
    """Time against the number of candidates."""
    sizes = [250, 500, 1000, 2000, 4000] + ([8000] if full else [])
    times = [min(seconds(scene(n, s)) for s in range(2)) for n in sizes]
    print("| candidates | s |\n| --- | --- |")
    print("\n".join(f"| {n} | {t:.3f} |" for n, t in zip(sizes, times, strict=True)))
    print(f"exponent {np.polyfit(np.log(sizes), np.log(times), 1)[0]:.2f}", flush=True)


def large(full: bool) -> None:
    """Time and peak memory above the interpreter's of one crowded exposure."""
    print("| candidates | s | MB |\n| --- | --- | --- |", flush=True)
    for n in (1000, 4000, *((10_000,) if full else ())):
        subprocess.run([sys.executable, "-c", LARGE, str(n)], check=True, cwd=ROOT)


def real(_: bool) -> None:
    """The whole real file, and what is found in it."""
    frame = scenes.real_frame(scenes.DATA)
    start = time.process_time()
    found = find_tracklets(frame, ZTF)
    took = time.process_time() - start
    n = frame["exposure"].nunique()
    print(f"{n} real exposures, {len(frame)} candidates: {took:.2f} s")
    columns = ["exposure", "n_points", "length_arcsec", "rms_arcsec", "log10_nfa"]
    print(found.drop_duplicates(["exposure", "number"])[columns].to_string(index=False), flush=True)


def ways(_: bool) -> None:
    """Where the broadcast and the sort about anchors cost the same."""
    print("| candidates | broadcast, ms | by anchor, ms |\n| --- | --- | --- |")
    for n in (25, 50, 100, 150, 200, 300):
        points, null, cost = scene(n, tracks=0), NullModel.of(ZTF, n), []
        for way in (lambda p, s: by_broadcast(p[None], s), by_anchor):
            start = time.process_time()
            for _repeat in range(10):
                list(way(points, null))
            cost.append((time.process_time() - start) * 100)
        print(f"| {n} | {cost[0]:.1f} | {cost[1]:.1f} |", flush=True)


SECTIONS = {f.__name__: f for f in (ratio, growth, large, real, ways)}


def main() -> None:
    """Run the sections asked for, all without any."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("sections", nargs="*", help=", ".join(SECTIONS))
    parser.add_argument("--full", action="store_true", help="larger and longer")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # polyfit of the plain loop
    for name in options.sections or SECTIONS:
        SECTIONS[name](options.full)


if __name__ == "__main__":
    main()
