"""The command `satellites`, and the same stage at the end of `run`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import pyarrow as pa
from pyspark.sql import SparkSession

from fink_tracklets.progress import Progress
from fink_tracklets.satellites.elements import read_elements
from fink_tracklets.satellites.night import identify_night
from fink_tracklets.satellites.satcat import read_satcat
from fink_tracklets.satellites.show import show_matches
from fink_tracklets.spark.session import spark_session
from fink_tracklets.store.amend import amend_night
from fink_tracklets.store.folder import local_path
from fink_tracklets.store.parquet import read_manifest, read_table
from fink_tracklets.survey import Survey
from fink_tracklets.survey.config import build
from fink_tracklets.tables import BLIND_MATCHES, SATELLITES, Table


def satellites(options: argparse.Namespace) -> None:
    """The objects behind a stored night's tracklets."""
    spark = None if local_path(options.store) else spark_session()
    manifest = identify_stored(
        options.night, options.store, options.elements, options.satcat, options.method,
        Progress(options.quiet), spark,
    )  # fmt: skip
    if not options.quiet:
        print(text(options.store, options.night, manifest))


def identify_stored(
    night: str,
    store: str,
    elements: Sequence[str],
    satcat: str | None = None,
    method: str | None = None,
    progress: Progress | None = None,
    spark: SparkSession | None = None,
) -> dict[str, Any]:
    """Identify the tracklets and candidates of a stored night and add what is found to it.

    Parameters
    ----------
    night : YYYYMMDD
    store : folder of the store
    elements : files of orbital elements
    satcat : CelesTrak's satellite catalogue, CSV
    method : in place of that of the night's survey
    progress : where to report; by default nowhere
    spark : needed where the store is not on a local file system

    Returns
    -------
    The new manifest, whose key `satellites` tells of the elements and of false matches.

    Raises
    ------
    UserError
        The night or a file is not usable; the stored night stays as it was.
    """
    progress = progress or Progress(quiet=True)
    before = read_manifest(store, night)
    survey = build(Survey, before["configuration"], f"the manifest of {night}")
    if method is not None:
        survey = replace(survey, satellites=replace(survey.satellites, method=method))
    with progress.step("reading elements"):
        sets = read_elements(elements)
        known = None if satcat is None else read_satcat(satcat)
    with progress.step("identifying satellites"):
        found = identify_night(
            read_table(store, "tracklet_alerts", night).to_pandas(),
            read_table(store, "candidates", night).to_pandas(),
            sets,
            survey,
            known,
        )
    tables = {
        table.name: as_table(frame, table)
        for table, frame in ((SATELLITES, found.satellites), (BLIND_MATCHES, found.blind))
    }
    record: dict[str, Any] = {"satellites": {**found.record, "satcat": satcat}}
    if "glints" in before:
        record["glints"] = {**before["glints"], "satellites_changed_since": True}
    return amend_night(store, night, tables, record, spark)


def as_table(frame: pd.DataFrame, table: Table) -> pa.Table:
    """Rows in the order and types of a table."""
    if not len(frame):
        return table.arrow_schema.empty_table()
    return pa.Table.from_pandas(frame[table.names], table.arrow_schema, preserve_index=False)


def text(store: str, night: str, manifest: dict[str, Any]) -> str:
    """What was found, for a terminal."""
    record = manifest["satellites"]
    if not manifest["rows"]["candidates"]:
        return f"Night {night}: no candidates."
    elements, age = record["elements"], record["elements"]["age_days"]
    old = next(key for key in age if key.startswith("older"))
    false = record["false_matches_on_shifted_skies"]["all"]
    lines = [
        f"Night {night}: {record['matched']} of {record['tracklets']} tracklets matched, "
        f"{record['certain']} certain (method {record['method']}).",
        f"  Elements of {elements['objects_used']:,} objects, median age {age['median']:.1f} d, "
        f"95 % within {age['p95']:.1f} d; {age[old]:,} {old.replace('_', ' ')}, "
        f"{age['newer_than_night']:,} newer than the night.",
        f"  {elements['lines_unusable']:,} lines unusable, {elements['sets_duplicate']:,} sets "
        f"twice, {elements['sets_not_propagated']:,} not propagated (decayed).",
        f"  Under shifted skies {false['matched']} of {false['tried']} tracklets match.",
    ]
    lines += [f"  {line}" for line in elements["lines_unusable_first"][:5]]
    if not record["earth_orientation_known"]:
        lines.append(
            "  The Earth's orientation on that date is an extrapolation: update astropy-iers-data."
        )
    for method in ("paper2", "likelihood"):
        blind = record["blind"][method]
        lines.append(
            f"  Blind ({method}): {blind['matched']:,} of {record['blind']['candidates']:,} "
            f"candidates, {blind['in_tracklets']:,} of them in tracklets."
        )
    if manifest.get("glints", {}).get("satellites_changed_since"):
        lines.append(
            "  The flashes were measured before, with other satellites or none: run "
            f"`fink-tracklets glints --night {night}` with the night's alerts again."
        )
    matches = read_table(store, "satellites", night).to_pandas()
    return "\n".join(lines) + ("\n" + show_matches(matches))
