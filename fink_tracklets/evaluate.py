"""Found tracklets against the truth of a simulated night."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Score:
    """How well the found tracklets agree with the true ones."""

    n_true: int
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
    true = truth.dropna(subset="tracklet_id").drop_duplicates("alert_id")
    joined = found[["alert_id", "tracklet"]].merge(true, on="alert_id", how="left")
    shared = joined.groupby(["tracklet", "tracklet_id"]).size().rename("shared").reset_index()
    shared["of_found"] = shared["tracklet"].map(found.groupby("tracklet").size())
    shared["of_true"] = shared["tracklet_id"].map(true.groupby("tracklet_id").size())
    pure = shared[2 * shared["shared"] > shared["of_found"]]
    whole = pure[2 * pure["shared"] >= pure["of_true"]]
    names = set(true["tracklet_id"])
    return Score(
        n_true=len(names),
        missed=tuple(sorted(names - set(whole["tracklet_id"]))),
        false=tuple(sorted(set(found["tracklet"]) - set(pure["tracklet"]))),
    )
