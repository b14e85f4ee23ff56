"""Orbits and links of nights of many tracklets, as `run` has them: on Spark's executors.

    .venv/bin/python -m benchmarks.orbit_spark --seeds 820..860 --each 1000 [--alone]

Two nights of `orbit_scale` in a store, no object known; the second is linked with the first. Times
are by the clock, two cores. With --alone one process does the second night again: the same tables.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks.orbit_links import JD
from benchmarks.orbit_scale import flown
from benchmarks.orbit_sky import catalogue
from benchmarks.orbit_store import write_sky
from fink_tracklets.orbits.population import from_elements
from fink_tracklets.orbits.stage import add_orbits
from fink_tracklets.progress import Progress
from fink_tracklets.satellites.aliases import one_number_each
from fink_tracklets.spark.session import spark_session

NIGHTS = "20210611", "20210612"


def main() -> None:
    """As the first lines say."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", default="820..860", help="A..B, B left out")
    options.add_argument("--each", type=int, default=1000, help="tracklets of a night, at most")
    options.add_argument("--alone", action="store_true", help="without Spark, too")
    given = options.parse_args()
    first, last = map(int, given.seeds.split(".."))
    elements = one_number_each(catalogue())
    population = from_elements(elements, JD)
    sky = flown(range(first, last), *NIGHTS, given.each)
    spark = spark_session()
    with tempfile.TemporaryDirectory() as store:
        for night, stored in sorted(
            write_sky(Path(store), sky, elements, set(elements.norad_cat_id)).items()
        ):
            begun = time.monotonic()
            done = add_orbits(stored, population, progress=Progress(), spark=spark)
            tables = {name: done.frame(name) for name in ("orbits", "links")}
            record = done.manifest.orbits or {}
            print(
                f"{night}: {record['tracklets']:,} orbits and {record['links']:,} links in "
                f"{record['pairs']:,} pairs: {time.monotonic() - begun:.0f} s",
                flush=True,
            )
        if given.alone:
            begun = time.monotonic()
            alone = add_orbits(done, population)
            same = all(alone.frame(name).equals(table) for name, table in tables.items())
            print(f"alone: {time.monotonic() - begun:.0f} s, the same tables: {same}")


if __name__ == "__main__":
    main()
