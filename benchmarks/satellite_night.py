"""Whole simulated nights, from packets to matches, against the simulator's truth."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from fink_tracklets import read_table
from fink_tracklets.pipeline.run import run_night
from fink_tracklets.simulate import simulate_night
from tests.reading import read_manifest

NIGHTS = ("20210612", "20210613")


def night(data: Path) -> None:
    """Nights that fly the real catalogue, and nights of the synthetic one."""
    for label, file in (("real", data / "norad_20210611.3le.gz"), ("synthetic", None)):
        total: Counter[str] = Counter()
        for seed, date in enumerate(NIGHTS, 1):
            total += one_night(date, seed, file)
            print(label, date, dict(total), flush=True)


def one_night(date: str, seed: int, catalogue: Path | None) -> Counter[str]:
    """What became of a night's tracklets: right, wrong, unmatched and what else is counted."""
    with TemporaryDirectory() as folder:
        sky = simulate_night(date, f"{folder}/sky", seed, catalogue=catalogue)
        store = f"{folder}/store"
        run_night(date, str(sky.alerts), store, elements=[str(sky.catalogue)])
        truth = pd.read_parquet(sky.truth).set_index("alert_id")["norad_cat_id"]
        members = read_table(store, "tracklet_alerts", date).to_pandas()
        matches = read_table(store, "satellites", date).to_pandas()
        false = read_manifest(store, date)["satellites"]["false_matches_on_shifted_skies"]["all"]
    best = matches[matches["rank"] == 1].set_index("tracklet")
    count: Counter[str] = Counter(
        tracklets=0, shifted_tried=false["tried"], shifted_matched=false["matched"]
    )
    for name, alerts in members.groupby("tracklet"):
        owners = truth.reindex(alerts["alert_id"]).dropna()
        true = int(owners.mode().iloc[0]) if len(owners) > len(alerts) / 2 else 0
        count["tracklets"] += 1
        if name not in best.index:
            count["unmatched" if true else "false, unmatched"] += 1
            continue
        match = best.loc[name]
        right = match["norad_cat_id"] == true
        count["right" if right else "wrong" if true else "false, matched"] += 1
        count["certain"] += int(match["certain"])
        count["certain and wrong"] += int(match["certain"] and not right)
        count["composite"] += int(match["composite"])
    return count
