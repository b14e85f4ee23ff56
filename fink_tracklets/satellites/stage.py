"""The stage that identifies the satellites of a stored night."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from fink_tracklets.naming import ARC_PREFIX
from fink_tracklets.progress import Progress
from fink_tracklets.satellites.aliases import one_number_each
from fink_tracklets.satellites.elements import read_elements
from fink_tracklets.satellites.night import identify_night
from fink_tracklets.satellites.ours import with_ours
from fink_tracklets.satellites.path import night_files
from fink_tracklets.satellites.satcat import read_satcat
from fink_tracklets.satellites.short import COLUMNS, match_short_tracks
from fink_tracklets.store.amend import amend_night
from fink_tracklets.store.night import StoredNight
from fink_tracklets.store.objects import read_objects
from fink_tracklets.tables import BLIND_MATCHES, SATELLITES, SHORT_TRACKS


def identify_stored(
    stored: StoredNight,
    elements: Sequence[str],
    satcat: str | None = None,
    method: str | None = None,
    progress: Progress | None = None,
) -> StoredNight:
    """Identify the tracklets and candidates of a stored night and add what is found to it.

    Parameters
    ----------
    stored : the night
    elements : files of orbital elements, may hold {Y}, {m} and {d}; one that cannot be used is a
        sentence in the manifest if another one can
    satcat : CelesTrak's satellite catalogue, CSV
    method : in place of that of the night's survey
    progress : where to report; by default nowhere

    Returns
    -------
    The night with the tables `satellites` and `blind_matches`, the objects of its short tracks, and
    the lines on arcs among these.
    Its manifest's `satellites` tells of the elements and of false matches.

    Raises
    ------
    UserError
        The night or a file is not usable; the stored night stays as it was.
    """
    progress = progress or Progress(quiet=True)
    survey = stored.survey
    if method is not None:
        survey = replace(survey, satellites=replace(survey.satellites, method=method))
    with progress.step("reading elements"):
        sets = one_number_each(read_elements(night_files(elements, stored.night)))
        sets = with_ours(sets, read_objects(stored.folder), stored.night)
        known = None if satcat is None else read_satcat(satcat)
    with progress.step("identifying satellites"):
        alerts, candidates = stored.frame("tracklet_alerts"), stored.frame("candidates")
        has_short = stored.has(SHORT_TRACKS.name)
        if has_short:
            short = stored.frame(SHORT_TRACKS.name)
            short = short[~short["short_track"].str.startswith(ARC_PREFIX)]  # of other elements
            by_themselves = short["evidence"].ne("stamps")
            names = short[by_themselves].set_index("alert_id")["short_track"]
            candidates = candidates.assign(short_track=candidates["alert_id"].map(names))
        found = identify_night(alerts, candidates, sets, survey, known)
        tables = {
            SATELLITES.name: SATELLITES.from_frame(found.satellites),
            BLIND_MATCHES.name: BLIND_MATCHES.from_frame(found.blind),
        }
        record = {**found.record, "satcat": satcat}
        if has_short:
            placed = short.merge(candidates[["alert_id", "ra", "dec"]], on="alert_id")
            matches, record["short_tracks"] = match_short_tracks(placed, sets, survey)
            kept = short.drop(columns=[name for name in COLUMNS[1:] if name in short])
            kept = kept.merge(matches, "left", "short_track")
            if len(found.lines):  # lines that stamps make certain, of a later stage, give way
                on_both = kept["alert_id"].isin(found.lines["alert_id"])
                gone = kept.loc[on_both, "short_track"]
                kept = pd.concat([kept[~kept["short_track"].isin(gone)], found.lines])
            tables[SHORT_TRACKS.name] = SHORT_TRACKS.from_frame(kept)
    reports = {"satellites": record}
    if stored.manifest.glints is not None:
        reports["glints"] = {**stored.manifest.glints, "satellites_changed_since": True}
    return amend_night(stored, tables, **reports)
