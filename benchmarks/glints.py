"""What the flashes' measurement recovers of simulated truth, and how fast it is.

python -m benchmarks.glints periods     periods, durations, instant magnitudes of 60 tracklets
python -m benchmarks.glints peaks       multi-peak recall and false rate by signal-to-noise ratio
python -m benchmarks.glints chance      false-alarm probability of fitted periods, as promised
python -m benchmarks.glints nights [--nights N]   whole simulated nights against their truth
python -m benchmarks.glints speed [PARQUET]   stamps per second against bare decoding and SEP
"""

from __future__ import annotations

import argparse
import gzip
import io
import sys
import time
import warnings

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import sep
from astropy.io import fits

from benchmarks.glint_nights import nights
from fink_tracklets import load_survey
from fink_tracklets.glints.light_curves import flash_tables
from fink_tracklets.glints.measure import glint_table, measure_stamps
from fink_tracklets.glints.peaks import find_peaks
from fink_tracklets.glints.periods import fit_comb
from tests.conftest import SAMPLE
from tests.glint_stamps import satellite, stamps, tracklet

SURVEY = load_survey("ztf")
SETTINGS = SURVEY.glints
NAME = "TRCK_20240101_000000_00"


def periods(n: int = 60) -> None:
    """Tracklets of known period, arc, and part of flashes that became alerts."""
    rng = np.random.default_rng(1)
    rows = []
    for _ in range(n):
        spacing, arc = rng.uniform(7, 28), rng.uniform(400, 2000)
        count = min(int(rng.uniform(0.6, 1.0) * arc / spacing), 40)
        alerts, tracklets = tracklet(rng, spacing, count, rng.uniform(8, 60), rng.uniform(0.3, 0.9))
        peaks = measure_stamps(alerts, SETTINGS)
        given = alerts.drop(columns=["limiting_mag", "along_arcsec"])
        sat = satellite(NAME, arc)
        glints = glint_table(given, tracklets, peaks, sat, pd.DataFrame(), SURVEY)
        found = flash_tables(glints, tracklets, alerts, sat, SURVEY)[0].iloc[0]
        true = 30 * spacing / arc
        # A flash as long as eq. 1 allows has, at its peak, the magnitude 18 + 2.5 log10(1" / arc).
        instant = found["instant_mag"] - (18 + 2.5 * np.log10(1 / arc))
        rows.append(
            {
                "n_multi": found["n_multi_peak"],
                "P_m": found["period_m_s"] / true,
                "P_p": found["period_p_s"] / true,
                "P": found.get("period_s", np.nan) / true,
                "error": (found.get("period_s", np.nan) - true) / found.get("period_error_s", 1),
                "tau": found["duration_s"] / (30 / arc),
                "instant": instant,
            }
        )
    table = pd.DataFrame(rows)
    good = table[table["n_multi"] >= 3]
    print(f"{n} tracklets, {len(good)} with three or more multi-peak stamps")
    for name in ("P_m", "P_p", "P"):
        within = ((good[name] - 1).abs() <= 0.05).mean()
        print(
            f"{name:3}: within 5 % for {100 * within:.0f} %, median ratio {good[name].median():.4f}"
        )
    print(
        f"P fitted at all for {100 * good['P'].notna().mean():.0f} %; "
        f"68 % of errors below {good['error'].abs().quantile(0.68):.2f} of the stated"
    )
    print(
        f"tau / limit {table['tau'].mean():.4f}; instant magnitude less truth "
        f"{table['instant'].mean():+.4f} +- {table['instant'].sem():.4f}"
    )


def peaks_by_snr(n: int = 300) -> None:
    """Peak pixel over noise of the second flash; the false rate is of stamps with one flash."""
    rng = np.random.default_rng(2)
    print("S/N   multi-peak recall   false (one flash, one star nearby)")
    for snr in (2, 3, 4, 5, 7, 10, 20):
        hits = false = 0
        for _ in range(n):
            angle, distance = rng.uniform(0, 2 * np.pi), rng.uniform(6, 25)
            second = (distance * np.cos(angle), distance * np.sin(angle), snr)
            hits += len(find_peaks(*stamps([(0, 0, 20), second], rng), SETTINGS).x) >= 2
            lone = stamps([(0, 0, snr)], rng, stars=[(*rng.uniform(-25, 25, 2), 50)])
            false += len(find_peaks(*lone, SETTINGS).x) >= 2
        print(f"{snr:3}   {100 * hits / n:6.1f} %            {100 * false / n:6.1f} %")


def chance(n: int = 2000) -> None:
    """Random flashes: how often the false-alarm number is below a value."""
    rng = np.random.default_rng(3)
    found = np.array(
        [
            comb.log10_false_alarm
            for _ in range(n)
            if (comb := fit_comb(rng.uniform(0, 420, rng.integers(5, 20)), 1.05, 4.0))
        ]
    )
    for limit in (-1, -2, -3):
        print(f"below 10^{limit}: {np.count_nonzero(found <= limit)} of {len(found)}")


def speed(path: str, rounds: int = 20, pairs: int = 5) -> None:
    """Bare: astropy's FITS reader for the three stamps and SEP on the difference. In turn.

    In seconds of processor time, so that a busy machine does not count.
    """
    warnings.simplefilter("ignore")
    packets = pq.read_table(path).to_pylist()
    kinds = ("Science", "Template", "Difference")
    given = [[row[f"cutout{kind}"]["stampData"] for kind in kinds] for row in packets] * rounds
    ratios, rates = [], []
    for _ in range(pairs):
        start = time.process_time()
        for content in given:
            images = []
            for stamp in content:
                with fits.open(io.BytesIO(gzip.decompress(stamp))) as file:
                    images.append(file[0].data.astype(np.float32))
            sep.extract(images[2], 2 * float(np.std(images[2])))
        bare = time.process_time() - start
        start = time.process_time()
        for content in given:
            find_peaks(*content, SETTINGS)
        ours = time.process_time() - start
        ratios.append(ours / bare)
        rates.append(len(given) / ours)
    print(
        f"{np.median(rates):.0f} alerts (of three stamps) per second; ours / bare "
        f"{np.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}, {pairs} pairs); "
        f"1,220 candidates: {1220 / np.median(rates):.1f} s"
    )


if __name__ == "__main__":
    what, *rest = sys.argv[1:] or ["periods"]
    if what == "speed":
        speed(rest[0] if rest else str(SAMPLE))
    elif what == "nights":
        parser = argparse.ArgumentParser()
        parser.add_argument("--nights", type=int, default=3)
        parser.add_argument("--seed", type=int, default=101)
        options = parser.parse_args(rest)
        nights(options.nights, options.seed)
    else:
        {"periods": periods, "peaks": peaks_by_snr, "chance": chance}[what]()
