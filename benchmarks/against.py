"""How many times faster the finder is than that of another checkout, scene by scene.

    python -m benchmarks.against OTHER_CHECKOUT [--scenes calls tracklets large dense real]

Each scene is timed in processes of their own, this checkout and the other one in turn; seconds are
CPU time of `find_tracklets`, the smallest of some repetitions, summed over the scene's exposures.
Beside them: the time of the N x N matrix of all cosines, which a search of all pairs cannot beat
without leaving pairs out, and the memory of the call above that of the process before it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import scenes
from benchmarks.peak import PEAK
from fink_tracklets import load_survey
from fink_tracklets.sky.sphere import ra_dec

ROOT = Path(__file__).resolve().parents[1]
ZTF = load_survey("ztf")
CHILD = (
    PEAK
    + """
import sys, time
import numpy as np, pandas as pd
from fink_tracklets import find_tracklets, load_survey
frames = pd.read_pickle(sys.argv[1])
repeat, survey = int(sys.argv[2]), load_survey("ztf")
find_tracklets(frames[0].head(60), survey)
before, took, matrix = peak(), 0.0, 0.0
for frame in frames:
    times = []
    for _ in range(repeat):
        start = time.process_time()
        find_tracklets(frame, survey)
        times.append(time.process_time() - start)
    took += min(times)
memory = peak() - before
for frame in frames:
    ra, dec = np.radians(frame[["ra", "dec"]].to_numpy()).T
    xyz = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    place = np.flatnonzero(np.diff(frame["exposure"], prepend=-1, append=-1))
    start = time.process_time()
    for begin, end in zip(place[:-1], place[1:]):
        for k in range(begin, end, 200):
            xyz[:, k : min(k + 200, end)].T @ xyz[:, begin:end]
    matrix += time.process_time() - start
print(took, memory, matrix)
"""
)


def frame_of(points: np.ndarray) -> pd.DataFrame:
    """Candidates of one exposure at tangent-plane positions ``(n, 2)`` [arcsec]."""
    ra, dec = ra_dec(scenes.on_sky(points))
    return pd.DataFrame({"exposure": 1, "alert_id": np.arange(len(points)), "ra": ra, "dec": dec})


def sky(n: int, tracks: int, seed: int) -> pd.DataFrame:
    """Uniform candidates and some tracklets."""
    rng, size = np.random.default_rng([seed, n, tracks]), scenes.side(ZTF)
    parts = [scenes.uniform(rng, n, size)]
    if tracks:
        parts.append(scenes.tracklets(rng, tracks, size, 0.3)[0])
    return frame_of(np.concatenate(parts))


def lines(n: int, gaps: tuple[float, ...]) -> pd.DataFrame:
    """Parallel lines of n flashes, 25" from flash to flash, at these distances [arcsec]."""
    rng = np.random.default_rng(3)
    along = np.arange(n) * 25.0 + rng.normal(0, 4, (len(gaps), n))
    across = np.array(gaps)[:, None] + rng.normal(0, 0.3, along.shape)
    return frame_of(np.stack([along.ravel(), across.ravel()], axis=1))


Scene = tuple[str, list[pd.DataFrame], int]
"""Its name, its exposures, and how often each is repeated."""


def calls() -> list[Scene]:
    """Calls that find nothing."""
    sizes = (5, 20, 50, 100, 200)
    return [(f"one call, {n} candidates", [sky(n, 0, s) for s in range(5)], 5) for n in sizes]


def tracklets() -> list[Scene]:
    """Exposures with four tracklets."""
    sizes = (200, 500, 1000)
    return [(f"{n} candidates + 4 tracklets", [sky(n, 4, s) for s in range(8)], 3) for n in sizes]


def large() -> list[Scene]:
    """Crowded uniform exposures."""
    return [
        ("4,000 candidates + 4 tracklets", [sky(4000, 4, 1)], 1),
        ("10,000 candidates", [sky(10_000, 0, 1)], 1),
    ]


def dense() -> list[Scene]:
    """Lines of many flashes."""
    return [
        ("a line of 300 flashes", [lines(300, (0.0,))], 1),
        ('two of 200, 60" apart', [lines(200, (0.0, 60.0))], 1),
        ('two of 200, 26" apart', [lines(200, (0.0, 26.0))], 1),
    ]


def real() -> list[Scene]:
    """All real exposures in one call."""
    return [("40,545 real exposures", [scenes.real_frame(scenes.DATA)], 1)]


SCENES: dict[str, Callable[[], list[Scene]]] = {
    f.__name__: f for f in (calls, tracklets, large, dense, real)
}


def timed(checkout: Path, file: Path, repeat: int) -> list[float]:
    """CPU seconds, memory [MB] and CPU seconds of the matrix, in a checkout's code."""
    environment = {**os.environ, "PYTHONPATH": str(checkout), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", CHILD, file, str(repeat)],
        env=environment,
        cwd=checkout,
        check=True,
        capture_output=True,
        text=True,
    )
    return [float(number) for number in done.stdout.split()]


def main() -> None:
    """Print a table of the scenes asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("other", type=Path, help="checkout of the code to compare with")
    parser.add_argument("--scenes", nargs="+", choices=SCENES, default=list(SCENES))
    options = parser.parse_args()
    print("| scene | other, s | this, s | ratio | this / matrix | MB |")
    print("| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "frames.pickle"
        for name in options.scenes:
            for scene, frames, repeat in SCENES[name]():
                pd.to_pickle(frames, file)
                mine = [timed(ROOT, file, repeat) for _ in range(2)]
                other = timed(options.other.resolve(), file, repeat)
                took, memory, matrix = np.min(mine, axis=0)
                print(
                    f"| {scene} | {other[0]:.4f} | {took:.4f} | {other[0] / took:.1f} "
                    f"| {took / matrix:.0f} | {memory:.0f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
