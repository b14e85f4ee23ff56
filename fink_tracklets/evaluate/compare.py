"""Which found tracklet is which true one, by the alerts they share.

A found tracklet is true when more than half of its alerts are of one true tracklet, its owner; a
true tracklet is recovered when a found one that it owns holds at least half of its alerts. It is
split when it owns several. A found one is merged when it holds at least half of the alerts of two
or more true tracklets each.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Score:
    """How well the found tracklets agree with the true ones."""

    n_true: int
    """True tracklets."""
    missed: tuple[str, ...]
    """True tracklets of which no found one holds at least half the alerts."""
    false: tuple[str, ...]
    """Found tracklets without a true one that gave more than half their alerts."""

    @property
    def n_recovered(self) -> int:
        """True tracklets that were found."""
        return self.n_true - len(self.missed)


def compare(truth: pd.DataFrame, found: pd.DataFrame) -> Score:
    """Compare by alerts.

    Parameters
    ----------
    truth : alert_id and tracklet_id (null for alerts of no tracklet)
    found : alert_id and tracklet, one row per alert in a found tracklet
    """
    tracks, tracklets = pair_by_alerts(truth, found)
    return Score(
        n_true=len(tracks),
        missed=tuple(tracks.index[~tracks["recovered"]]),
        false=tuple(tracklets.index[~tracklets["true"]]),
    )


def pair_by_alerts(truth: pd.DataFrame, found: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Each true and each found tracklet with its counterpart.

    Parameters
    ----------
    truth, found : see `compare`; an alert that comes twice counts once

    Returns
    -------
    tracks : one row per true tracklet, indexed by tracklet_id: alerts, alerts_found (in found
        tracklets of its own), recovered, split
    tracklets : one row per found tracklet, indexed by tracklet: alerts, alerts_true (its owner's),
        true, merged
    """
    true = truth.dropna(subset="tracklet_id").drop_duplicates("alert_id")
    found = found.drop_duplicates(["alert_id", "tracklet"])
    of_true = true.groupby("tracklet_id").size()
    of_found = found.groupby("tracklet").size()
    joined = found[["alert_id", "tracklet"]].merge(true[["alert_id", "tracklet_id"]], on="alert_id")
    shared = joined.groupby(["tracklet", "tracklet_id"]).size().rename("shared").reset_index()
    half = 2 * shared["shared"] >= shared["tracklet_id"].map(of_true)
    owned = shared[2 * shared["shared"] > shared["tracklet"].map(of_found)]
    whole = owned[half[owned.index]]
    parts = owned.groupby("tracklet_id").agg(shared=("shared", "sum"), pieces=("shared", "size"))
    holds = shared[half].groupby("tracklet").size()

    tracks = pd.DataFrame({"alerts": of_true}).sort_index()
    parts = parts.reindex(tracks.index, fill_value=0)
    tracks["alerts_found"] = parts["shared"].astype("int64")
    tracks["recovered"] = tracks.index.isin(whole["tracklet_id"])
    tracks["split"] = parts["pieces"] > 1
    tracklets = pd.DataFrame({"alerts": of_found}).sort_index()
    owner = owned.set_index("tracklet")["shared"]
    tracklets["alerts_true"] = owner.reindex(tracklets.index, fill_value=0).astype("int64")
    tracklets["true"] = tracklets.index.isin(owner.index)
    tracklets["merged"] = holds.reindex(tracklets.index, fill_value=0) > 1
    return tracks, tracklets
