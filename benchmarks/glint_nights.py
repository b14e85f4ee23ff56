"""Whole simulated nights with stamps through `run` and the glints stage, against their truth."""

from __future__ import annotations

import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from fink_tracklets.glints.stage import measure_night
from fink_tracklets.pipeline.run import run_night
from fink_tracklets.satellites.stage import identify_stored
from fink_tracklets.simulate import simulate_night
from fink_tracklets.spark.session import spark_session

FIRST_NIGHT = 20211021
SNR = (5, 7, 10, 20, 50, np.inf)
"""Edges of the classes of signal-to-noise ratio: 5 at the limiting magnitude."""
STAMP_ARCSEC = 28.0
"""A neighbour nearer than this in x and y lies in the stamp."""


def measured_night(
    night: str, folder: Path, seed: int, exposures: int = 314
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Simulate and measure a night; tracklets and candidates, each beside its truth.

    The tracklets come twice: `satellites` False and True.
    """
    sky = simulate_night(night, folder / "sky", seed, exposures=exposures, cutouts="candidates")
    store, spark = str(folder / "store"), spark_session()
    truth, tracks = pd.read_parquet(sky.truth), pd.read_parquet(sky.truth_tracks)
    stored = run_night(night, str(sky.alerts), store)
    found = []
    for with_satellites in (False, True):
        if with_satellites:
            stored = identify_stored(stored, [str(sky.catalogue)])
            stored = measure_night(spark, stored, str(sky.alerts), stored.survey)
        flashes, members = stored.frame("flashes"), stored.frame("tracklet_alerts")
        members = members.merge(truth[["alert_id", "tracklet_id"]], on="alert_id")
        name = members.dropna(subset="tracklet_id").groupby("tracklet")["tracklet_id"].first()
        flashes["tracklet_id"] = flashes["tracklet"].map(name)
        both = flashes.dropna(subset="tracklet_id").merge(
            tracks, on="tracklet_id", suffixes=("", "_true")
        )
        found.append(both.assign(satellites=with_satellites))
    glints = stored.frame("glints")
    places = stored.frame("candidates")[["alert_id", "ra", "dec", "mag_err"]]
    truth = truth.drop(columns="exposure").rename(columns={"instant_mag": "instant_mag_true"})
    alerts = glints.merge(truth, on="alert_id").merge(places, on="alert_id")
    lasts = tracks[["tracklet_id", "duration_s"]].dropna()
    alerts = alerts.merge(lasts, on="tracklet_id", how="left", suffixes=("", "_true"))
    alerts["snr"] = 5 * 10 ** (0.4 * (alerts["limiting_mag"] - alerts["mag"]))
    alerts["neighbour_snr"] = neighbours(alerts)
    return pd.concat(found), alerts


def neighbours(alerts: pd.DataFrame) -> np.ndarray:
    """S/N of the brightest other alert of the same object in each stamp, NaN if there is none."""
    best = np.full(len(alerts), np.nan)
    numbered = alerts.reset_index(drop=True)
    for _, group in numbered.groupby("tracklet_id"):
        ra, dec, snr = (group[name].to_numpy() for name in ("ra", "dec", "snr"))
        x = 3600 * (ra[:, None] - ra) * np.cos(np.radians(dec))
        y = 3600 * (dec[:, None] - dec)
        inside = np.maximum(abs(x), abs(y)) < STAMP_ARCSEC
        inside &= np.hypot(x, y) > 4
        seen = np.where(inside, snr, -np.inf).max(axis=1)
        best[group.index] = np.where(np.isfinite(seen), seen, np.nan)
    return best


def nights(n: int, seed: int) -> None:
    """Measure `n` nights, from this seed on, and print what the docs say of them."""
    tracklets, alerts = [], []
    for k in range(n):
        with tempfile.TemporaryDirectory() as folder:
            one, other = measured_night(str(FIRST_NIGHT + k), Path(folder), seed + k)
        print(f"night {k + 1} of {n}", file=sys.stderr, flush=True)
        tracklets.append(one)
        alerts.append(other)
    report(pd.concat(tracklets), pd.concat(alerts))


def report(tracklets: pd.DataFrame, alerts: pd.DataFrame) -> None:
    """The tables of docs/glints.md."""
    for with_satellites, part in tracklets.groupby("satellites"):
        print(f"\nTracklets {'with' if with_satellites else 'without'} satellites")
        periods(part)
    part = tracklets[tracklets["satellites"] & (tracklets["arc_source"] == "satellite")]
    limits(part, alerts[alerts["tracklet"].notna() & alerts["tracklet_id"].notna()])
    peaks(alerts)


def periods(part: pd.DataFrame) -> None:
    """Against the period of the turn, and against that over 2, 3 ... where it is one of these."""
    for name, chosen in (
        ("three or more multi-peak stamps", part["n_multi_peak"] >= 3),
        ("fewer", part["n_multi_peak"] < 3),
    ):
        rows = part[chosen]
        print(f"  {name}: {len(rows)} tracklets")
        for column in ("period_s", "period_m_s", "period_p_s"):
            ratio = (rows[column] / rows["period_s_true"]).astype(float)
            right = (ratio - 1).abs() <= 0.05
            times = (1 / ratio).round()
            part_of = (ratio * times - 1).abs() <= 0.05
            print(
                f"    {column:11} there {ratio.notna().sum():3}, the turn's period within 5 % "
                f"{right.sum():3} ({100 * right.mean():.0f} % of all), "
                f"a 2nd to 4th of it {(part_of & times.between(2, 4)).sum():3}"
            )
        error = (rows["period_s"] - rows["period_s_true"]) / rows["period_error_s"]
        error = error[(rows["period_s"] / rows["period_s_true"] - 1).abs() <= 0.05]
        if len(error):
            print(
                f"    errors of period_s over the stated: 68 % below "
                f"{error.abs().quantile(0.68):.2f}, 95 % below {error.abs().quantile(0.95):.2f}"
            )


def limits(part: pd.DataFrame, alerts: pd.DataFrame) -> None:
    """Durations and instant magnitudes, which are limits, and their ingredients."""
    arc = part["arc_arcsec"] / part["arc_arcsec_true"] - 1
    print(f"\nArc over truth less 1: median {arc.median():+.1e}, largest {arc.abs().max():.1e}")
    held = part["duration_s"] >= part["duration_s_true"]
    print(
        f"tau not below the true duration: {held.sum()} of {len(held)}; "
        f"tau over truth: median {(part['duration_s'] / part['duration_s_true']).median():.1f}"
    )
    error = (
        alerts["mag"] + 2.5 * np.log10(alerts["duration_s_true"] / 30) - alerts["instant_mag_true"]
    )
    pull = error / alerts["mag_err"]
    print(
        f"Instant magnitude (eq. 2 with the true duration) less truth, {len(error)} alerts: median "
        f"{error.median():+.3f} +- {1.25 * error.std() / len(error) ** 0.5:.3f}, scatter "
        f"{1.4826 * (error - error.median()).abs().median():.3f} mag; pulls: 68 % below "
        f"{pull.abs().quantile(0.68):.2f}"
    )
    brighter = alerts["instant_mag_true"] <= alerts["instant_mag"] + 3 * alerts["mag_err"]
    print(
        f"True instant magnitude as bright or brighter than stated: {100 * brighter.mean():.1f} %"
    )


def peaks(alerts: pd.DataFrame) -> None:
    """By signal-to-noise ratio: central peaks, recall, and what is called multi-peak wrongly."""
    names = [f"{low:g}-{high:g}" for low, high in pairwise(SNR)]
    own = pd.cut(alerts["snr"], SNR, labels=names, right=False)
    weaker = alerts[["snr", "neighbour_snr"]].min(axis=1).where(alerts["neighbour_snr"].notna())
    pair = pd.cut(weaker, SNR, labels=names, right=False)
    background, glint = alerts["kind"] == "background", alerts["kind"] == "glint"
    print(
        "\nS/N      central peak     two alerts in the stamp: multi-peak   background: multi-peak"
    )
    for name in names:
        central = alerts.loc[own == name, "central_peak"]
        recall = alerts.loc[(pair == name) & glint & alerts["tracklet"].notna(), "multi_peak"]
        false = alerts.loc[(own == name) & background, "multi_peak"]
        print(f"{name:7} {_share(central):>20} {_share(recall):>25} {_share(false):>25}")
    false = alerts.loc[background, "multi_peak"]
    print(f"all     {'':20} {'':25} {_share(false):>25}")
    print(f"background called a glint: {_share(alerts.loc[background, 'is_glint'])}")


def _share(flags: pd.Series) -> str:
    share = 100 * flags.mean() if len(flags) else np.nan
    return f"{int(flags.sum())} of {len(flags)} ({share:.1f} %)"
