"""The end-of-night job: its stages in order, with progress and clear errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from pyspark.sql import SparkSession

from fink_tracklets.alerts.exposures import UNUSABLE, AlertNight, read_night
from fink_tracklets.alerts.path import night_path, state_of
from fink_tracklets.errors import ServiceError, UserError
from fink_tracklets.finder.kernel import missing_kernel
from fink_tracklets.glints.packets import has_stamps
from fink_tracklets.naming import parse_night
from fink_tracklets.pipeline.tables import FoundNight, find_night, tracklets_in
from fink_tracklets.progress import Progress
from fink_tracklets.spark.errors import clear_errors
from fink_tracklets.spark.session import spark_session
from fink_tracklets.store.commit import check_night, check_writable, write_night
from fink_tracklets.store.folder import WritableFolder
from fink_tracklets.store.lock import night_locked
from fink_tracklets.store.manifest import (
    ExposureCounts,
    FunnelStep,
    Manifest,
    NotedExposure,
    Unusable,
)
from fink_tracklets.store.night import StoredNight
from fink_tracklets.store.open import local_path
from fink_tracklets.survey import Survey, load_survey
from fink_tracklets.tables import VERSION
from fink_tracklets.version import __version__


def run_night(
    night: str,
    alerts: str,
    store: str,
    survey: str | Survey = "ztf",
    progress: Progress | None = None,
    spark_log: Path | None = None,
    elements: Sequence[str] = (),
    satcat: str | None = None,
) -> StoredNight:
    """Find the tracklets of a night and replace that night in the store.

    Parameters
    ----------
    night : YYYYMMDD; the night is what this says, whatever the alerts' times
    alerts : path of the night's Parquet alerts, may hold {Y}, {m} and {d}
    store : folder of the Parquet store
    survey : its name, its TOML file, or itself
    progress : where to report; by default nowhere
    spark_log : see `spark_session`
    elements, satcat : see `identify_stored`; without elements no satellites are looked for

    Returns
    -------
    The night as stored.

    Raises
    ------
    UserError
        One sentence on what is wrong with the input, naming it.
    """
    parse_night(night)
    if not isinstance(survey, Survey):
        survey = load_survey(survey)
    if local_path(store) is not None:
        check_night(check_writable(store), night, survey.name)
    progress = progress or Progress(quiet=True)
    with progress.step("starting Spark"):
        spark = spark_session(spark_log)
    folder = check_writable(store, spark)
    check_night(folder, night, survey.name)
    if sentence := missing_kernel():
        progress.say(sentence)
    with night_locked(folder, night):
        stored = night_alone(spark, folder, night, alerts, survey, elements, satcat, progress)
        return with_nights_before(spark, stored, elements, progress)


def store_tracklets(
    spark: SparkSession,
    folder: WritableFolder,
    night: str,
    alerts: str,
    survey: Survey,
    progress: Progress,
) -> tuple[StoredNight, AlertNight]:
    """Read, cut, find and store."""
    with clear_errors(alerts), ExitStack() as at_end:
        with progress.step("reading alerts, cutting, grouping by exposure", spark):
            path = night_path(spark, alerts, night)
            state = state_of(spark, path)
            read = read_night(spark, path, survey)
            at_end.callback(read.exposures.unpersist)
            need_usable(read.counts, alerts, survey)
        with progress.step("finding tracklets", spark):
            found = find_night(read, survey)
            for frame in found.cached:
                at_end.callback(frame.unpersist)
            stamps = "yes" if has_stamps(read.packets, survey) else "no"
            inputs = {"alerts": alerts, "state": state, "stamps": stamps}
            draft = draft_manifest(night, inputs, survey, read.counts, found)
        with progress.step("writing the tables", spark):
            return write_night(folder, found.tables, draft), read


def night_alone(
    spark: SparkSession,
    folder: WritableFolder,
    night: str,
    alerts: str,
    survey: Survey,
    elements: Sequence[str],
    satcat: str | None,
    progress: Progress,
) -> StoredNight:
    """All stages that look at no other night: tracklets, satellites, flashes, counts.

    Each is loaded where it has work: their libraries take a second to load.
    """
    stored, read = store_tracklets(spark, folder, night, alerts, survey, progress)
    unidentified = None
    if elements:
        from fink_tracklets.satellites.stage import identify_stored

        try:
            stored = identify_stored(stored, elements, satcat, progress=progress)
        except ServiceError:
            raise
        except UserError as error:
            unidentified = error
    if stored.manifest.inputs["stamps"] == "yes":
        from fink_tracklets.glints.stage import measure_or_say

        stored = measure_or_say(spark, stored, alerts, folder.address, progress)
    stored = count_or_say(stored, read, progress)
    if unidentified is not None:
        raise UserError(
            f"The night is stored, its satellites are not identified: {unidentified}"
        ) from unidentified
    return stored


def with_nights_before(
    spark: SparkSession, stored: StoredNight, elements: Sequence[str], progress: Progress
) -> StoredNight:
    """The stage that looks at the nights before in the store: orbits and links."""
    if not elements:
        return stored
    from fink_tracklets.orbits.stage import orbits_or_say

    return orbits_or_say(stored, elements, progress, spark)


def count_or_say(stored: StoredNight, read: AlertNight, progress: Progress) -> StoredNight:
    """The night with its counts; bad settings are said: its tracklets are stored, and wanted."""
    from fink_tracklets.pipeline.counts import plane_of
    from fink_tracklets.years.stage import summarise_stored

    try:
        with progress.step("counting the night"):
            return summarise_stored(stored, plane_of(read.plane))
    except ServiceError:
        raise
    except UserError as error:
        progress.say(f"The night is stored, it is not counted: {error}")
        return stored


def need_usable(counts: pd.DataFrame, alerts: str, survey: Survey) -> None:
    """Raises where not one of the alerts can be used: then a column is empty, not the night."""
    unusable, n = counts[counts["exposure"].isna()], int(counts["alerts"].sum())
    if not n or unusable["alerts"].sum() < n:
        return
    columns = survey.columns
    named = {
        "no_id": f"an id ({columns.alert_id})",
        "no_time": f"a time or exposure ({columns.time}, {columns.exposure})",
        "no_position": f"a position ({columns.ra}, {columns.dec})",
    }
    lacking = {what: int(unusable[reason].sum()) for reason, what in named.items()}
    told = ", ".join(f"{k:,} lack {what}" for what, k in lacking.items() if k)
    raise UserError(
        f"{alerts}: none of the {n:,} alerts can be used: {told}. Fill the column, or give the "
        "survey these alerts are of (--survey)."
    )


def draft_manifest(
    night: str,
    inputs: Mapping[str, str],
    survey: Survey,
    counts: pd.DataFrame,
    found: FoundNight,
) -> Manifest:
    """The manifest of a night that is not yet stored: what was done, and its account."""
    return Manifest(
        night=night,
        run="",
        version=__version__,
        tables_version=VERSION,
        written=datetime.now(UTC).isoformat(timespec="seconds"),
        inputs=inputs,
        survey=survey.name,
        configuration=asdict(survey),
        rows={},
        files={},
        **account(counts, found.tracklets, found.given_up, survey),
    )


def account(
    counts: pd.DataFrame, tracklets: pd.Series, given_up: pd.Series, survey: Survey
) -> dict[str, Any]:
    """The manifest's account of the night, by the names of its fields.

    Parameters
    ----------
    counts : of the exposures (`AlertNight.counts`)
    tracklets : the exposure of each tracklet found
    given_up : the exposures whose search was too much work
    survey : its cuts and limits
    """
    usable = counts[counts["exposure"].notna()]
    usable = usable.assign(tracklets=tracklets_in(usable["exposure"], tracklets))
    unusable = counts[counts["exposure"].isna()]
    skipped = usable["candidates"] > survey.finder.max_candidates
    crowded = far_outside(usable["candidates"], 20) | far_outside(usable["tracklets"], 5)
    return {
        "alerts_read": int(counts["alerts"].sum()),
        "alerts_unusable": Unusable(
            alerts=int(unusable["alerts"].sum()),
            **{reason: int(unusable[reason].sum()) for reason in UNUSABLE},
        ),
        "funnel": tuple(
            FunnelStep(cut.name, int(usable[f"cut_{k}"].sum())) for k, cut in enumerate(survey.cuts)
        ),
        "exposures": ExposureCounts(
            with_alerts=len(usable),
            with_candidates=int((usable["candidates"] > 0).sum()),
            with_tracklets=int((usable["tracklets"] > 0).sum()),
        ),
        "exposures_skipped": noted(usable[skipped]),
        "exposures_given_up": noted(usable[usable["exposure"].isin(given_up)]),
        "exposures_crowded": noted(usable[crowded & ~skipped]),
    }


def noted(exposures: pd.DataFrame) -> tuple[NotedExposure, ...]:
    """Exposures as the manifest names them."""
    named = exposures[["exposure", "candidates", "tracklets"]].to_dict("records")
    return tuple(NotedExposure(**{str(key): value for key, value in row.items()}) for row in named)


def far_outside(numbers: pd.Series, factor: float) -> pd.Series:
    """Which numbers exceed so many times what nine of ten exposures of the night stay below."""
    return numbers > factor * max(1.0, numbers.quantile(0.9) if len(numbers) else 0.0)
