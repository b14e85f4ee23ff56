"""Straight lines of three and their stamps: how many, of whose glints, and how many by chance.

    python -m benchmarks.short_stamps nights [--nights 10] [--seed 1]
    python -m benchmarks.short_stamps crowds [--exposures 100] [--seed 1]

`nights`: simulated nights with stamps; what is in no tracklet and on no line of four is sought on
straight lines. With the stamps as they are; without any; with every stamp's further peaks turned by
an angle of its own, where they tell nothing; and with a further peak along the track beside half of
the objects' alerts: the simulator's have one in 13 % of tracklets' alerts, since most of their
neighbours are alerts themselves, and P2 does not say how many of its 75 % are. Then the mean
likelihood ratio of sets of three alerts that no object made, turned or not: at most one, if it
keeps the promise.

`crowds`: three flashes of one object along 100" to 450" among uniform candidates, of which one in a
hundred has a further peak somewhere; no images, the peaks as they would be measured. How many are
found, by the share of the flashes that have a further peak along the track.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from benchmarks import scenes
from benchmarks.evaluate import read_night
from benchmarks.one_object import DAYS, FIRST
from fink_tracklets import load_survey
from fink_tracklets.finder.find import find_tracklets
from fink_tracklets.finder.short import find_short_tracks
from fink_tracklets.glints.along import further_peaks, stamps_evidence
from fink_tracklets.glints.lines import straight_lines
from fink_tracklets.glints.measure import measure_stamps
from fink_tracklets.simulate import simulate_night
from fink_tracklets.sky.sphere import ARCSEC, along_across, great_circle, ra_dec, unit_vectors

SURVEY = load_survey("ztf")
SETTINGS = SURVEY.glints
KINDS = ("science", "template", "difference")
SHARES = (0.0, 0.13, 0.5, 0.75)
"""Of an object's alerts with a further peak."""
BACKGROUND = 0.01
"""Of other alerts: the simulator's have one in .9 % of calm exposures."""
HALF = 0.5
"""Alerts of objects that get a further peak."""


def night_with_peaks(folder: Path) -> tuple[pd.Series, pd.DataFrame, pd.DataFrame]:
    """The object of each alert, the candidates, and the peaks in their stamps."""
    truth, frame, _ = read_night(folder)
    frame = frame.drop_duplicates("alert_id")
    frame = frame.assign(jd=frame["exposure"].astype(float))
    columns = ["candidate", *(f"cutout{kind.capitalize()}" for kind in KINDS)]
    packets = pq.read_table(folder / "alerts", columns=columns).combine_chunks()
    fields = packets["candidate"].combine_chunks()
    alerts = pd.DataFrame(
        {"alert_id": fields.field("candid"), "limiting_mag": fields.field("diffmaglim")}
        | {
            kind: packets[f"cutout{kind.capitalize()}"].combine_chunks().field("stampData")
            for kind in KINDS
        }
    )
    alerts = alerts[alerts["alert_id"].isin(frame["alert_id"])].drop_duplicates("alert_id")
    owner = truth.drop_duplicates("alert_id").set_index("alert_id")["norad_cat_id"]
    return owner, frame, measure_stamps(alerts, SETTINGS)


def turned(peaks: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The peaks of each stamp turned about its middle by an angle of its own."""
    rows = peaks.to_dict("records")
    for row in rows:
        if row["peak_east"] is not None:
            angle = rng.uniform(0, 2 * np.pi)
            east, north = np.asarray(row["peak_east"]), np.asarray(row["peak_north"])
            row["peak_east"] = east * np.cos(angle) - north * np.sin(angle)
            row["peak_north"] = east * np.sin(angle) + north * np.cos(angle)
    return pd.DataFrame(rows)


def with_further(
    peaks: pd.DataFrame, frame: pd.DataFrame, owner: pd.Series, rng: np.random.Generator
) -> pd.DataFrame:
    """A further peak along the track, 8 to 25" away, in the stamps of half of objects' alerts."""
    of_object = frame.assign(owner=frame["alert_id"].map(owner)).dropna(subset="owner")
    angle = {}
    for _, alerts in of_object.groupby(["exposure", "owner"]):
        east = (alerts["ra"] - alerts["ra"].mean()) * np.cos(np.radians(alerts["dec"]))
        north = alerts["dec"] - alerts["dec"].mean()
        for alert in alerts["alert_id"]:
            lone = rng.normal(size=2)
            along = np.linalg.eigh(np.cov([east, north]))[1][:, 1] if len(alerts) > 1 else lone
            angle[alert] = along / np.hypot(*along)
    rows = peaks.to_dict("records")
    for row in rows:
        if row["alert_id"] in angle and row["stamp"] == "ok" and rng.random() < HALF:
            step = rng.uniform(8, 25) * rng.choice([-1, 1]) * angle[row["alert_id"]]
            row["peak_east"] = np.append(row["peak_east"], step[0])
            row["peak_north"] = np.append(row["peak_north"], step[1])
    return pd.DataFrame(rows)


def by_chance(
    frame: pd.DataFrame, peaks: pd.DataFrame, owner: pd.Series, rng: np.random.Generator
) -> np.ndarray:
    """Likelihood ratios of sets of three alerts of an exposure that no object made."""
    background = frame[frame["alert_id"].map(owner).isna()].drop_duplicates(["ra", "dec"])
    parts = []
    for exposure, alerts in background.groupby("exposure"):
        for k in range(min(len(alerts) // 3, 20)):
            three = alerts.iloc[rng.choice(len(alerts), 3, replace=False)]
            points = unit_vectors(three["ra"], three["dec"])
            along, _ = along_across(points, points[0], great_circle(points[0], points[1]))
            parts.append(
                three.assign(line=f"{exposure} {k}", along_arcsec=(along - along.min()) / ARCSEC)
            )
    further = further_peaks(frame, peaks, SETTINGS)
    others = np.isin(further.alert_id, background["alert_id"])
    return 10 ** stamps_evidence(pd.concat(parts), further, others, SETTINGS).to_numpy()


def crowds(exposures: int, seed: int) -> None:
    """Print how many lines of three are found among so many candidates."""
    head = ["candidates", "no stamps", *map(str, SHARES), "false"]
    print(f"| {' | '.join(head)} |\n" + "| --- " * len(head) + "|")
    for n in (5, 20, 50, 100, 190):
        rng = np.random.default_rng([seed, n])
        skies, angles = [], rng.uniform(0, 2 * np.pi, exposures)
        for angle in angles:
            length = rng.uniform(100, 450)
            place = np.array([0, rng.uniform(10, length - 10), length])
            three = place[:, None] * [np.sin(angle), np.cos(angle)] + rng.normal(0, 0.25, (3, 2))
            skies.append(np.concatenate([three, scenes.uniform(rng, n, scenes.side(SURVEY))]))
        ra, dec = ra_dec(scenes.on_sky(np.concatenate(skies)))
        number = np.repeat(np.arange(exposures), n + 3)
        columns = {"exposure": number.astype(str), "alert_id": np.arange(len(ra)), "jd": 2459509.5}
        frame = pd.DataFrame({**columns, "ra": ra, "dec": dec})
        is_glint = np.arange(len(ra)) % (n + 3) < 3
        cells, false = [], 0
        for share in (None, *SHARES):
            turn = np.where(is_glint, angles[number], rng.uniform(0, 2 * np.pi, len(ra)))
            has = rng.random(len(ra)) < np.where(is_glint, share or 0, BACKGROUND)
            step = rng.uniform(8, 25, len(ra)) * rng.choice([-1, 1], len(ra))
            peaks = pd.DataFrame({"alert_id": frame["alert_id"], "stamp": "ok"})
            for axis, part in (("peak_east", np.sin(turn)), ("peak_north", np.cos(turn))):
                pairs = zip(step * part, has, strict=True)
                peaks[axis] = [np.array([0.0, further])[: 1 + k] for further, k in pairs]
            seen = peaks if share is not None else peaks.iloc[:0]
            lines = straight_lines(frame, seen, pd.Series([], dtype=int), SURVEY)
            true = pd.Series(is_glint[lines["alert_id"]]).groupby(lines["short_track"]).sum()
            cells.append(f"{np.count_nonzero(true == 3) / exposures:.2f}")
            false += int(np.count_nonzero(true < 3))
        print(f"| {n} | {' | '.join(cells)} | {false} of {exposures * len(cells)} |", flush=True)


def nights(count: int, first_seed: int) -> None:
    """Print two tables."""
    rows, chance = [], {"as they are": [], "turned": []}
    known, left = {"glints": 0, "in tracklets": 0, "on lines of four": 0}, 0
    for k in range(count):
        night, seed = f"{FIRST + timedelta(days=k % DAYS):%Y%m%d}", first_seed + k
        with tempfile.TemporaryDirectory() as folder:
            simulate_night(night, folder, seed, cutouts="candidates")
            owner, frame, peaks = night_with_peaks(Path(folder))
        rng = np.random.default_rng([seed, 18])
        tracklets = find_tracklets(frame, SURVEY)["alert_id"]
        fours = find_short_tracks(frame, tracklets, SURVEY)["alert_id"]
        taken = pd.concat([tracklets, fours])
        known["glints"] += int(owner.notna().sum())
        known["in tracklets"] += int(tracklets.map(owner).notna().sum())
        known["on lines of four"] += int(fours.map(owner).notna().sum())
        rest = frame[~frame["alert_id"].isin(taken)]
        sizes = rest.assign(owner=rest["alert_id"].map(owner)).groupby(["exposure", "owner"]).size()
        left += int((sizes >= 3).sum())
        at_random = turned(peaks, rng)
        for kind, seen in (
            ("as they are", peaks),
            ("none", peaks.iloc[:0]),
            ("turned", at_random),
            ("half with one more", with_further(peaks, frame, owner, rng)),
        ):
            lines = straight_lines(frame, seen, taken, SURVEY)
            for _, line in lines.groupby("short_track") if len(lines) else ():
                owners = line["alert_id"].map(owner)
                one = owners.nunique() == 1 and owners.notna().all()
                stamps = line["evidence"].iloc[0] == "stamps"
                rows.append((kind, len(line), stamps, one, len(line) * one))
        chance["as they are"].append(by_chance(frame, peaks, owner, rng))
        chance["turned"].append(by_chance(frame, at_random, owner, rng))
        print(f"night {k + 1} of {count}", flush=True)
    print(", ".join(f"{n} {what}" for what, n in known.items()))
    print(f"{left} objects with three or more of what is left")
    columns = ["stamps", "lines", "stamps speak", "of one object", "glints"]
    found = pd.DataFrame(rows, columns=columns).assign(lines=1)
    print(found.groupby("stamps", sort=False).sum().to_string())
    for kind, parts in chance.items():
        ratios = np.concatenate(parts)
        error = ratios.std() / np.sqrt(len(ratios))
        print(
            f"{len(ratios)} sets by chance, {kind}: mean LR {ratios.mean():.3f} +- {error:.3f}, "
            f"largest {ratios.max():.0f}, above 1: {np.count_nonzero(ratios > 1)}"
        )


def main() -> None:
    """Print what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("nights", "crowds"))
    parser.add_argument("--nights", type=int, default=10)
    parser.add_argument("--exposures", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.what == "nights":
        nights(options.nights, options.seed)
    else:
        crowds(options.exposures, options.seed)


if __name__ == "__main__":
    main()
