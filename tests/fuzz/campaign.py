"""Damaged files for each reader, and what became of them.

`python -m tests.fuzz.campaign --cases 100000 --seed 1` prints a table.
"""

from __future__ import annotations

import argparse
import resource
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.fuzz.corpus import seeds
from tests.fuzz.damage import damaged
from tests.fuzz.readers import readers

LONGEST_S = 10


@dataclass
class Tally:
    """What became of the cases of one reader."""

    cases: int = 0
    used: int = 0
    slowest_s: float = 0.0
    failures: list[str] = field(default_factory=list)
    """Of tracebacks and hangs: the case and its last line."""


def fuzz(folder: Path, cases: int, seed: int, only: str | None = None) -> dict[str, Tally]:
    """So many cases for each reader, the same for one seed.

    Parameters
    ----------
    folder : for files, kept where one fails
    only : the one reader
    """
    store = folder / "store"
    store.mkdir(parents=True)
    files = seeds(store)
    found = {}
    for place, (name, read) in enumerate(readers(folder, store).items()):
        if only not in (None, name):
            continue
        tally = found[name] = Tally()
        for k in range(cases):
            content = damaged(files[name], np.random.default_rng([seed, place, k]))
            begun = time.monotonic()
            try:
                with _at_most(LONGEST_S), warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    tally.used += read(content)
            except Exception:
                last = traceback.format_exc().strip().splitlines()
                tally.failures.append(f"{name} {seed} {k}: {last[-1]} ({last[-3].strip()})")
                (folder / f"{name}-{seed}-{k}").write_bytes(content)
            tally.cases += 1
            tally.slowest_s = max(tally.slowest_s, time.monotonic() - begun)
    return found


def peak_bytes() -> int:
    """The most memory that this process has had."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most


@contextmanager
def _at_most(seconds: int) -> Iterator[None]:
    def hang(*_: object) -> None:
        raise TimeoutError(f"it took longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, hang)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=1200, help="of all readers together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--reader")
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp())
    begun = time.monotonic()
    each = options.cases if options.reader else -(-options.cases // 12)
    print("| reader | cases | used | refused | tracebacks and hangs | slowest |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, one in fuzz(home, each, options.seed, options.reader).items():
        refused = one.cases - one.used - len(one.failures)
        print(
            f"| {name} | {one.cases:,} | {one.used:,} | {refused:,} | {len(one.failures)} | "
            f"{one.slowest_s:.2f} s |"
        )
        for failure in one.failures[:10]:
            print(f"  {failure}", file=sys.stderr)
    print(f"{time.monotonic() - begun:.0f} s, at most {peak_bytes() / 1e6:.0f} MB; {home}")
