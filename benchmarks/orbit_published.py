"""The published ways to an orbit: where they work, and what noise and wrong times do to them.

    .venv/bin/python -m benchmarks.orbit_published --figure docs/orbits_errors.png

First 100 tracklets of `orbit_sky`, flown again so that all times are known. Then the three cases of
P1's figure A1, each perturbed 1,000 times.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
import pandas as pd
from sgp4.api import SatrecArray

from benchmarks.orbit_sky import catalogue, pointings, simulate
from fink_tracklets import load_survey
from fink_tracklets.orbits.classes import GEO, class_of
from fink_tracklets.orbits.laplace import (
    Watched,
    batch_least_squares,
    even_times,
    laplace,
    paper_orbit,
)
from fink_tracklets.orbits.twobody import elements_of
from fink_tracklets.satellites.elements import Elements
from fink_tracklets.satellites.propagation import instants, propagate
from fink_tracklets.sky.sphere import ARCSEC, separation

SITE = load_survey("ztf").site
EXPOSURE_S = 30.0
CASES = (
    ("ATLAS 5 CENTAUR DEB", 93, 0.8),
    ("SL-12 R/B(AUX MOTOR)", 16, 1.0),
    ("GALAXY 9", 8, 0.1),
)
"""P1's figure A1: object, flashes, arc [deg]."""
WAYS = (
    *(("true times", noise) for noise in (0.0, 0.01, 0.05, 0.15, 0.5)),
    *(("spread evenly", noise) for noise in (0.0, 0.15)),
)


def flown(
    elements: Elements, row: int, jd: float, seconds: np.ndarray
) -> tuple[Watched, np.ndarray]:
    """What is seen of an object at some times, and its state at the middle one."""
    at = instants(np.full(len(seconds), jd), seconds, SITE)
    states = propagate(SatrecArray([elements.satrecs[row]]), at)
    x = states.position_km[0] - at.observer_km
    k = len(seconds) // 2
    state = np.concatenate([states.position_km[0, k], states.velocity_km_s[0, k]])
    return Watched(seconds, x / np.linalg.norm(x, axis=1, keepdims=True), at.observer_km), state


def noisy(rng: np.random.Generator, directions: np.ndarray, arcsec: float, n: int) -> np.ndarray:
    """(n, k, 3) directions with errors."""
    moved = directions + rng.normal(0, arcsec * ARCSEC, (n, *directions.shape))
    return moved / np.linalg.norm(moved, axis=-1, keepdims=True)


def shape(states: np.ndarray) -> np.ndarray:
    """(n, 3) a [km], e, i [deg]."""
    a, e, i, *_ = elements_of(states[:, :3], states[:, 3:])
    return np.stack([a, e, np.degrees(i)], axis=1)


def hundred() -> None:
    """How many orbits are usable: a to 10 %, e to .05, i to 2 degrees."""
    elements = catalogue()
    sky = simulate(elements, pointings()[::3], iter(range(460, 464)))
    rng = np.random.default_rng(0)
    found = []
    for _, row in sky.tracklets[:100].iterrows():
        k = int(np.flatnonzero(elements.norad_cat_id == row["norad_cat_id"])[-1])
        n = min(int(row["n_points"]), 40)
        whole, _ = flown(elements, k, row["jd"], np.array([0.0, EXPOSURE_S]))
        arc = separation(*whole.directions) / ARCSEC
        used = min(1.0, row["length_arcsec"] / arc) * EXPOSURE_S
        seconds = rng.uniform(0, EXPOSURE_S - used + 1e-9) + np.linspace(0, used, n)
        watched, state = flown(elements, k, row["jd"], seconds)
        true = shape(state[None])[0]
        for times, noise in WAYS:
            at = seconds if times == "true times" else even_times(n, EXPOSURE_S)
            place = instants(np.full(n, row["jd"]), at, SITE).observer_km
            directions = noisy(rng, watched.directions, noise, 1)[0]
            got = paper_orbit(Watched(at, directions, place), max(noise, 0.01) * ARCSEC)
            one = {"times": times, "noise": noise, "length": row["length_arcsec"]}
            one["geo"] = class_of(*true) == GEO
            one["none"] = got is None
            a, e, i = (np.nan,) * 3 if got is None else shape(got[None])[0]
            one["hyperbola"], one["eccentric"] = a < 0, (a > 0) & (e > 0.8)
            one["usable"] = (
                abs(a / true[0] - 1) < 0.1 and abs(e - true[1]) < 0.05 and abs(i - true[2]) < 2
            )
            one["ratio"] = a / true[0] if a > 0 else np.nan
            found.append(one)
    table = pd.DataFrame(found)
    for (times, noise), part in table.groupby(["times", "noise"], sort=False):
        geo, far = part[part["geo"]], part[part["length"] > 3600]
        shares = [part[name].mean() for name in ("usable", "none", "hyperbola", "eccentric")]
        print(
            f"{times}, {noise:g} arcsec: usable {shares[0]:.2f}; none {shares[1]:.2f}, hyperbola "
            f"{shares[2]:.2f}, e above .8 {shares[3]:.2f}; GEO usable {geo['usable'].mean():.2f}, "
            f"a/a0 {geo['ratio'].median():.2f}; long usable {far['usable'].mean():.2f}"
        )
    print(f"{len(table) // len(WAYS)} tracklets, {len(geo)} GEO, {len(far)} longer than 1 deg")


def cases() -> Iterator[tuple[str, Watched, np.ndarray]]:
    """The three cases: an object of that name where its arc in 30 s is as long as P1's was."""
    elements = catalogue()
    names = np.array([str(name).strip() for name in elements.name])
    jd = 2459376.5 + np.arange(0.16, 0.48, 0.01)
    ends = [instants(jd, seconds, SITE) for seconds in (0.0, EXPOSURE_S)]
    for name, n, degrees in CASES:
        rows = np.flatnonzero(names == name)
        directions = []
        for at in ends:
            x = propagate(SatrecArray(list(elements.satrecs[rows])), at).position_km
            x = x - at.observer_km
            directions.append(x / np.linalg.norm(x, axis=-1, keepdims=True))
        arc = np.degrees(separation(*directions))
        up = (directions[0] * ends[0].zenith).sum(axis=-1) > 0.5
        which, when = np.unravel_index(
            np.nanargmin(np.where(up, np.abs(arc - degrees), np.inf)), arc.shape
        )
        seconds = even_times(n, EXPOSURE_S)
        yield (
            f"{name}, {n} flashes, {arc[which, when]:.2f} deg",
            *flown(elements, int(rows[which]), float(jd[when]), seconds),
        )


def perturbed(figure: str | None) -> None:
    """P1 A2: 1,000 perturbations of each case by .5" and .05"."""
    rng = np.random.default_rng(1)
    drawn = []
    for name, watched, state in cases():
        true = shape(state[None])[0]
        print(f"{name}: a {true[0]:.0f} km, e {true[1]:.3f}, i {true[2]:.2f} deg")
        clouds = {}
        for noise in (0.5, 0.05):
            # Each starts with its own orbit by Laplace, as in P1; of several the nearest to the
            # truth.
            some = noisy(rng, watched.directions, noise, 1000)
            starts = [laplace(Watched(watched.seconds, one, watched.observer_km)) for one in some]
            begun = [k for k, roots in enumerate(starts) if len(roots)]
            nearest = np.array(
                [
                    starts[k][np.argmin(np.linalg.norm(starts[k][:, :3] - state[:3], axis=1))]
                    for k in begun
                ]
            )
            seen = Watched(watched.seconds, some[begun], watched.observer_km)
            states, score = batch_least_squares(nearest, seen, noise * ARCSEC)
            found = shape(states[np.isfinite(score)])
            found = found[(found[:, 0] > 0) & (found[:, 1] < 1)]
            low, middle, high = np.quantile(found, [0.16, 0.5, 0.84], axis=0)
            print(
                f'  {noise:g}": {len(found)} ellipses, a {middle[0]:.0f} ({low[0]:.0f} to '
                f"{high[0]:.0f}), e {middle[1]:.2f} ({low[1]:.2f} to {high[1]:.2f}), i "
                f"{middle[2]:.2f} ({low[2]:.2f} to {high[2]:.2f})"
            )
            clouds[noise] = found
        drawn.append((name, true, clouds))
    if figure:
        draw(figure, drawn)


def draw(figure: str, drawn: list[tuple[str, np.ndarray, dict[float, np.ndarray]]]) -> None:
    """As P1's figure A1: inclination against semi-major axis."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(3, 1, figsize=(7, 9), layout="constrained")
    for ax, (name, true, clouds) in zip(axes, drawn, strict=True):
        for (noise, found), colour in zip(clouds.items(), ("tab:blue", "tab:orange"), strict=True):
            ax.plot(found[:, 0], found[:, 2], ".", ms=2, color=colour, label=f'{noise:g}" errors')
        ax.plot(true[0], true[2], "r+", ms=14, mew=2, label="truth")
        ax.set(xscale="log", xlim=(5e3, 2e5), ylabel="inclination [deg]", title=name)
        spread = np.concatenate([found[:, 2] for found in clouds.values()])
        low, high = np.quantile(np.append(spread, true[2]), [0.01, 0.99])
        ax.set_ylim(low - 1, high + 1)
    axes[0].legend()
    axes[-1].set_xlabel("semi-major axis [km]")
    fig.savefig(figure, dpi=110)


def main() -> None:
    """As the first lines say."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--figure", help="the picture, .png")
    given = options.parse_args()
    hundred()
    perturbed(given.figure)


if __name__ == "__main__":
    main()
