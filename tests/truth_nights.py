"""Simulated nights, run and stored, beside the simulator's own flashes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fink_tracklets import find_tracklets, load_survey
from fink_tracklets.evaluate.flashes import EDGES, LIMIT_EDGES, flash_counts
from fink_tracklets.pipeline.run import run_night
from fink_tracklets.simulate import simulate_night
from fink_tracklets.store.night import StoredNight
from fink_tracklets.tables.summary import MAG
from fink_tracklets.years.completeness import Completeness
from fink_tracklets.years.rates import corrected_rate, sky_hours
from fink_tracklets.years.summary import Summary, merged

ABOVE = 19.0
"""Rates are of flashes brighter than this in the exposure."""
ZTF = load_survey("ztf")


@dataclass(frozen=True, eq=False)
class TruthNight:
    """A night as it was stored, and what is true of it."""

    stored: StoredNight
    summary: Summary
    truth: pd.DataFrame
    """A row per alert that passes all cuts."""
    flashes: pd.DataFrame
    """A row per flash on a detector, detected or not."""
    n_rows: int

    @property
    def true_rate(self) -> float:
        """Flashes brighter than `ABOVE` per hour and sky, by the area and time exposed."""
        hours = sky_hours(self.summary.number("exposure_ms"), ZTF)
        return int((self.flashes["mag"] < ABOVE).sum()) / hours


def truth_night(folder: Path, store: str, night: str, seed: int, exposures: int) -> TruthNight:
    """Simulate a night and run it."""
    sky = simulate_night(night, folder / night, seed, exposures=exposures)
    stored = run_night(night, str(sky.alerts), store)
    return TruthNight(
        stored,
        merged([stored.table("summary")]),
        pd.read_parquet(sky.truth),
        pd.read_parquet(sky.truth_flashes),
        sky.n_rows,
    )


@dataclass(frozen=True, eq=False)
class Seen:
    """What was counted of a night's flashes."""

    summary: Summary
    emitted: list[list[int]]
    counted: list[list[int]]
    undetectable: float
    """Share of the flashes brighter than `ABOVE` that lie beyond their exposure's limit."""


def seen(one: TruthNight) -> Seen:
    """The night as it was stored."""
    exposures = one.stored.frame("exposures")
    told = flash_counts(one.flashes, one.stored.frame("candidates"), exposures)
    beyond = _beyond(one.flashes, exposures.set_index("exposure")["limiting_mag"])
    return Seen(one.summary, told["emitted"], told["counted"], beyond)


def shallower(one: TruthNight, seed: int) -> Seen:
    """The night again, its exposures' limits brighter by up to five magnitudes."""
    rng = np.random.default_rng(seed)
    exposures, candidates = one.stored.frame("exposures"), one.stored.frame("candidates")
    exposures["limiting_mag"] -= rng.uniform(0, 5, len(exposures))
    limits = exposures.set_index("exposure")["limiting_mag"]
    left = candidates[candidates["mag"] < candidates["exposure"].map(limits)]
    left = left.drop(columns="tracklet").reset_index(drop=True)
    found = find_tracklets(left, ZTF)
    found["tracklet"] = found["exposure"].astype(str) + "_" + found["number"].astype(str)
    placed = left.merge(found[["alert_id", "tracklet"]], on="alert_id", how="left")
    summary, each = Summary.zero(), 30_000
    summary.count("exposure_ms", weights=len(exposures) * each)
    summary.count("depth", MAG.bins(exposures["limiting_mag"]), weights=each)
    members = placed[placed["tracklet"].notna()]
    summary.count("mag/tracklet", MAG.bins(members["mag"]))
    squares = np.zeros(MAG.n, np.int64)
    for _, own in members.groupby("tracklet"):
        squares += np.cumsum(np.bincount(MAG.bins(own["mag"]), minlength=MAG.n)) ** 2
    summary.count("squares/mag", np.arange(MAG.n), weights=squares)
    told = flash_counts(one.flashes, placed, exposures)
    return Seen(summary, told["emitted"], told["counted"], _beyond(one.flashes, limits))


def _beyond(flashes: pd.DataFrame, limits: pd.Series) -> float:
    bright = flashes[flashes["mag"] < ABOVE]
    return float((bright["mag"] > bright["exposure"].map(limits)).mean())


def deviations(
    nights: list[TruthNight], calibration: list[Seen], tested: list[Seen]
) -> pd.DataFrame:
    """Each night's corrected rate by the completeness of all others, with two standard deviations
    to either side, beside the true one.

    Parameters
    ----------
    calibration : the nights in order, as they were seen in one way or in several
    """
    rows = []
    for k, (night, one) in enumerate(zip(nights, tested, strict=True)):
        others = [seen for j, seen in enumerate(calibration) if j % len(nights) != k]
        known = Completeness(
            np.array(LIMIT_EDGES),
            np.array(EDGES),
            np.array([other.emitted for other in others], float),
            np.array([other.counted for other in others], float),
            np.ones((5, 6)),
        )
        rate = corrected_rate(one.summary, ZTF, ABOVE, known)
        assert rate is not None
        low, high = rate.per_hour - 2 * rate.down, rate.per_hour + 2 * rate.up
        rows.append((night.true_rate, rate.per_hour, low, high, rate.n, one.undetectable))
    return pd.DataFrame(rows, columns=["true", "rate", "low", "high", "n", "undetectable"])
