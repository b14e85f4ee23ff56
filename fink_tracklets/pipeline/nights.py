"""A span of nights: which are to be run, and which the store has as a run would leave them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import SparkSession

from fink_tracklets.alerts.path import NoAlerts, night_path, state_of
from fink_tracklets.errors import UserError
from fink_tracklets.naming import NightSpan, dated_paths
from fink_tracklets.satellites.path import night_files
from fink_tracklets.store.folder import Folder
from fink_tracklets.store.manifest import Manifest, stored_nights
from fink_tracklets.store.night import open_night
from fink_tracklets.survey import Survey
from fink_tracklets.tables import VERSION
from fink_tracklets.version import __version__


@dataclass(frozen=True)
class Plan:
    """The nights of a span, each once, the earliest first."""

    todo: tuple[str, ...]
    stored: tuple[str, ...]
    """Stored by this version with this configuration, from these alerts."""
    without_alerts: tuple[str, ...]


def need_dates(alerts: str, span: NightSpan) -> None:
    """Raises where nights of the span would have the same alerts."""
    if len({dated_paths(alerts, night)[0] for night in span}) < len(span):
        raise UserError(
            f"{alerts} is the same for several of the nights {span}: write {{Y}}, {{m}} and {{d}} "
            "where the path has the night's year, month and day."
        )


def plan_nights(
    spark: SparkSession,
    span: NightSpan,
    alerts: str,
    folder: Folder,
    survey: Survey,
    elements: Sequence[str] = (),
    satcat: str | None = None,
) -> Plan:
    """Look at the alerts and the store.

    Parameters
    ----------
    folder : the store
    others : see `run_night`

    Raises
    ------
    UserError
        No night of the span has alerts.
    """
    there = set(stored_nights(folder))
    todo: list[str] = []
    stored: list[str] = []
    without: list[str] = []
    for night in span:
        try:
            path = night_path(spark, alerts, night)
        except NoAlerts:
            without.append(night)
            continue
        same = night in there and _is_as_wanted(
            spark, folder, night, path, survey, elements, satcat
        )
        (stored if same else todo).append(night)
    if len(without) == len(span):
        raise UserError(f"No night of {span} has alerts at {alerts}: no such path exists.")
    return Plan(tuple(todo), tuple(stored), tuple(without))


def _is_as_wanted(
    spark: SparkSession,
    folder: Folder,
    night: str,
    path: str,
    survey: Survey,
    elements: Sequence[str],
    satcat: str | None,
) -> bool:
    """Whether a night was run to its end by this version, with these options and these alerts."""
    try:
        stored = open_night(folder, night)
        manifest, same_survey = stored.manifest, stored.survey == survey
    except UserError:  # the night's own run says what is wrong with it
        return False
    given = manifest.inputs
    return (
        same_survey
        and "summary" in manifest.files
        and (manifest.version, manifest.tables_version) == (__version__, VERSION)
        and (manifest.glints is not None or given.get("stamps") == "no")
        and (not elements or _identified(manifest, elements, satcat))
        and (not elements or manifest.orbits is not None)
        and path in dated_paths(given.get("alerts", ""), night)
        and given.get("state") == state_of(spark, path)
    )


def _identified(manifest: Manifest, elements: Sequence[str], satcat: str | None) -> bool:
    """Whether satellites were looked for with these files, all of them usable."""
    record = manifest.satellites
    if record is None:
        return False
    files = night_files(elements, manifest.night)
    used = record.get("elements", {"files": files, "files_refused": []})
    return (used["files"], used["files_refused"], record["satcat"]) == (files, [], satcat)
