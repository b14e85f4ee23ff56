"""How long a stream takes to remember a night after a death, by the batches that it had.

    python -m benchmarks.stream_restart --batches 3000

The state is of 600 exposures at random places, 100 candidates each, with packets of 3 kB.
What is timed: the candidates are read, and all exposures are searched again.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from fink_tracklets import load_survey
from fink_tracklets.stream.held import Held
from fink_tracklets.stream.search import Search
from fink_tracklets.stream.settings import load_stream
from fink_tracklets.stream.state import CANDIDATES, StreamState, open_state

EXPOSURES, CANDIDATES_EACH, PACKET_BYTES = 600, 100, 3_000


def write_state(state: StreamState, batches: int) -> None:
    """A night whose exposures come in as many pieces."""
    rng = np.random.default_rng(1)
    for batch in range(batches):
        jd = 2459509.6 + batch * EXPOSURES // batches * 45 / 86400
        n = int(rng.poisson(EXPOSURES * CANDIDATES_EACH / batches))
        values = {name: [None] * n for name in CANDIDATES.names} | {
            "alert_id": range(batch * 1_000, batch * 1_000 + n),
            "exposure": [repr(jd)] * n,
            "jd": [jd] * n,
            "ra": rng.uniform(100, 107, n),
            "dec": rng.uniform(0, 7, n),
            "mag": rng.uniform(17, 20, n),
            "body": [rng.bytes(PACKET_BYTES) for _ in range(n)],
            "avro": ["{}"] * n,
        }
        state.write_candidates(batch, pa.table(values, CANDIDATES))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=3_000)
    options = parser.parse_args()
    survey, settings = load_survey("ztf"), load_stream()
    with tempfile.TemporaryDirectory() as folder:
        state = open_state(Path(folder) / "state", "20211022", survey, "topic t")
        write_state(state, options.batches)
        begun = time.monotonic()
        held = Held(state, settings.held_candidates)
        read = time.monotonic()
        search = Search(held, survey, settings)
        search.touched(held.counts)
        while search.waiting:
            search.of_batch()
        searched = time.monotonic()
        search.close()
    print(
        f"{options.batches:,} batches, {sum(held.counts.values()):,} candidates: read in "
        f"{read - begun:.1f} s, searched in {searched - read:.1f} s; "
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB"
    )


if __name__ == "__main__":
    main()
