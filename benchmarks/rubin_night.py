"""A night of Rubin as crowded as it may become: 1,000 visits of 10,000 candidates each.

    python -m benchmarks.rubin_night [--visits 10] [--candidates 10000] [--skip-search]

The alerts are made by Spark's tasks as they are read, uniform over the field, and stored nowhere;
all that follows is the night's own flow: cuts, exposures, search, tables. The time is stated for
1,000 visits from the part that was run, the memory as the largest sum of the resident memory of all
processes. With --skip-search every visit counts as too crowded, so that the memory of the flow can
be had for all 1,000 visits without the hours of the search.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import re
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from benchmarks import scenes
from fink_tracklets import load_survey
from fink_tracklets.alerts.exposures import alert_night
from fink_tracklets.alerts.read import ALERT_COLUMNS
from fink_tracklets.pipeline.run import draft_manifest
from fink_tracklets.pipeline.tables import find_night
from fink_tracklets.sky.sphere import ra_dec
from fink_tracklets.spark.session import spark_session
from fink_tracklets.store.commit import check_writable, write_night
from fink_tracklets.survey import Survey
from fink_tracklets.survey.config import conf_file

NIGHT = "20280101"
JD = 2461772.6
"""When it begins."""
HEAP = "2g"
"""For Java, which plays driver and executors in one process."""
MADE = "alert_id bigint, exposure string, jd double, ra double, dec double, mag double"


def spark_session_of(heap: str) -> SparkSession:
    """The package's own session with so much memory for Java."""
    settings = conf_file("spark.toml").read_text()
    line = '"spark.driver.memory" = '
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "spark.toml").write_text(re.sub(f"{line}.*", f'{line}"{heap}"', settings))
        os.environ["FINK_TRACKLETS_CONF"] = folder
        spark = spark_session()
        del os.environ["FINK_TRACKLETS_CONF"]
    return spark


def generated(spark: SparkSession, visits: int, candidates: int, survey: Survey) -> DataFrame:
    """The alerts of the night, as `read_alerts` gives them; each passes all cuts."""
    size = scenes.side(survey)

    def make(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for visit in (v for frame in frames for v in frame["id"].tolist()):
            rng = np.random.default_rng([17, visit])
            centre = rng.uniform(0, 360), rng.uniform(-60, 0)
            ra, dec = ra_dec(scenes.on_sky(scenes.uniform(rng, candidates, size), *centre))
            yield pd.DataFrame(
                {
                    "alert_id": visit * 10**6 + np.arange(candidates),
                    "exposure": str(visit),
                    "jd": JD + visit * 34 / 86400,
                    "ra": ra,
                    "dec": dec,
                    "mag": rng.uniform(18, 24, candidates),
                }
            )

    made = spark.range(visits, numPartitions=min(visits, 64)).mapInPandas(make, MADE)
    return made.select(
        *(
            F.col(name) if name in made.columns else F.lit(None).cast(kind).alias(name)
            for name, kind in ALERT_COLUMNS.items()
        ),
        F.lit(len(survey.cuts)).alias("passed"),
        F.lit(None).cast("int").alias("plane"),
        F.struct(F.lit(0.1).alias("psfFlux")).alias("carry"),
    )


def resident() -> float:
    """Resident memory [MB] of this process and all below it; what they share counts for each."""
    parent, pages = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended
            parent[folder.name] = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            pages[folder.name] = int((folder / "statm").read_text().split()[1])
    ours, more = set(), {str(os.getpid())}
    while more:
        ours |= more
        more = {one for one, above in parent.items() if above in more}
    return sum(pages.get(one, 0) for one in ours) * os.sysconf("SC_PAGE_SIZE") / 2**20


@contextmanager
def peak_memory() -> Iterator[list[float]]:
    """A list that holds the largest `resident` at the end."""
    largest, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.5):
            largest[0] = max(largest[0], resident())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield largest
    finally:
        done.set()
        watcher.join()


def main() -> None:
    """Print time and memory."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visits", type=int, default=10)
    parser.add_argument("--candidates", type=int, default=10_000)
    parser.add_argument("--skip-search", action="store_true")
    options = parser.parse_args()
    survey = load_survey("rubin_catalogue")
    if options.skip_search:
        limits = dataclasses.replace(survey.finder, max_candidates=options.candidates - 1)
        survey = dataclasses.replace(survey, finder=limits)
    spark = spark_session_of(HEAP)
    start = time.perf_counter()
    with peak_memory() as largest, tempfile.TemporaryDirectory() as store:
        alerts = generated(spark, options.visits, options.candidates, survey)
        read = alert_night([], alerts, survey)
        print(f"made, cut, grouped: {time.perf_counter() - start:.0f} s", flush=True)
        found = find_night(read, survey)
        print(f"searched: {time.perf_counter() - start:.0f} s", flush=True)
        draft = draft_manifest(NIGHT, {"alerts": "generated"}, survey, read.counts, found)
        rows = write_night(check_writable(store, spark), found.tables, draft).manifest.rows
    took = time.perf_counter() - start
    print(
        f"{options.visits} visits, {rows['candidates']:,} candidates, {rows['tracklets']} "
        f"tracklets: {took:.0f} s, {took / options.visits * 1000 / 3600:.2f} h for 1,000 visits, "
        f"at most {largest[0]:,.0f} MB"
    )


if __name__ == "__main__":
    main()
