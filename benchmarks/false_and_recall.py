"""False tracklets on skies without any, and recall and purity on skies with four.

    python -m benchmarks.false_and_recall [false] [recall] [--full] [--magnitudes KIND]

`false` raises the threshold to 1 expected chance tracklet per exposure and counts those below 1,
0.1, 0.01 and 0.001 (the default): rates far above the threshold are measurable, and the promise is
that each is at most its column's head.

With `--magnitudes` the points have magnitudes, see `scenes.magnitudes`: `alike` makes those of all
artefacts of an exposure alike, too, within 0.1 mag.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np

from benchmarks import scenes
from fink_tracklets import load_survey
from fink_tracklets.finder import published, significant
from fink_tracklets.finder.light import Light
from fink_tracklets.finder.significance import NullModel
from fink_tracklets.finder.track import fit_track, score
from fink_tracklets.survey import Survey

LEVELS = (0.0, -1.0, -2.0, -3.0)


def with_limits(survey: Survey, **limits: object) -> Survey:
    """The survey with other limits of its finder."""
    return replace(survey, finder=replace(survey.finder, **limits))  # type: ignore[arg-type]


def false_tracklets(
    survey: Survey, scene: str, n: int, trials: int, seed: int, kind: str | None = None
) -> None:
    """Print the false tracklets per exposure of one scene."""
    loose = with_limits(survey, max_chance_tracklets=1.0)
    start, scores, points = time.process_time(), [], 0
    for trial in range(trials):
        rng = np.random.default_rng([seed, n, trial])
        sky = scenes.on_sky(scenes.SCENES[scene](rng, n, scenes.side(survey)))
        points += len(sky)
        light = None
        if kind:
            light = scenes.magnitudes(rng, np.full(len(sky), -1), kind)
            if kind == "alike":
                light[n:] = light[:1] + rng.normal(0, 0.1, len(sky) - n)
        one = np.zeros(len(sky), dtype=np.int64)
        scores += significant.link(sky, one, loose, light)[1].tolist()
    counts = [sum(s < level for s in scores) for level in LEVELS]
    cells = [f"{c / trials:.4f} ({c})" if c else f"<{3 / trials:.4f} (0)" for c in counts]
    seconds = (time.process_time() - start) / trials
    print(
        f"| {survey.name} {scene} | {n} | {points / trials:.0f} | {trials} | {' | '.join(cells)} "
        f"| {seconds:.3f} |",
        flush=True,
    )


def found_of(label: np.ndarray, owner: np.ndarray, count: int) -> tuple[list[bool], list[bool]]:
    """Which injected tracklets were found, and which found ones are true.

    Found: one tracklet holds at least half of its points, and they are more than half of it.
    """
    recalled = [False] * count
    true = []
    for k in range(label.max(initial=-1) + 1):
        owners = owner[label == k]
        owners_in = owners[owners >= 0]
        best = int(np.bincount(owners_in).argmax()) if len(owners_in) else -1
        share = np.count_nonzero(owners == best) if best >= 0 else 0
        good = share > 0.5 * len(owners)
        true.append(good)
        if good and share >= 0.5 * np.count_nonzero(owner == best):
            recalled[best] = True
    return recalled, true


def detectable(
    survey: Survey, sky: np.ndarray, members: np.ndarray, magnitudes: np.ndarray | None
) -> bool:
    """Whether the injected set itself, given, passes the threshold."""
    xyz, rule = np.ascontiguousarray(sky.T), NullModel.of(survey, len(sky))
    track = fit_track(rule, xyz, members, drop=True)
    light = None if magnitudes is None else Light.from_magnitudes(magnitudes)
    if track is None:
        return False
    return score(rule, xyz, [track], light)[0].log10_nfa < np.log10(rule.threshold)


def recall(
    survey: Survey,
    scene: str,
    n: int,
    trials: int,
    methods: tuple[str, ...],
    seed: int,
    kind: str | None = None,
) -> None:
    """Print recall and purity of one scene for each method."""
    size = scenes.side(survey)
    noise = 0.3 * survey.finder.refined_tolerance_arcsec
    rows: dict[str, list[tuple[bool, int, bool, bool]]] = {method: [] for method in methods}
    true: dict[str, list[bool]] = {method: [] for method in methods}
    seconds = dict.fromkeys(methods, 0.0)
    stray = dict.fromkeys(methods, 0)
    for trial in range(trials):
        rng = np.random.default_rng([seed, n, trial])
        background = scenes.SCENES[scene](rng, n, size)
        tracks, number = scenes.tracklets(rng, 4, size, noise)
        plane = np.concatenate([background, tracks])
        owner = np.concatenate([np.full(len(background), -1), number])
        sky = scenes.on_sky(plane)
        light = scenes.magnitudes(rng, owner, kind) if kind else None
        can = [detectable(survey, sky, np.flatnonzero(owner == t), light) for t in range(4)]
        # Outside the structures: no more than twice the background within 600".
        quiet = [
            np.count_nonzero(np.hypot(*(background - plane[owner == t].mean(axis=0)).T) < 600)
            <= 4 + 2 * n * np.pi * (600 / size) ** 2
            for t in range(4)
        ]
        for method in methods:
            start, one = time.process_time(), np.zeros(len(sky), dtype=np.int64)
            if method == "published":
                label = published.link(sky, one, survey.finder)
            else:
                label = significant.link(sky, one, survey, light)[0]
            seconds[method] += time.process_time() - start
            recalled, good = found_of(label, owner, 4)
            sizes = [np.count_nonzero(owner == t) for t in range(4)]
            rows[method] += list(zip(recalled, sizes, can, quiet, strict=True))
            true[method] += good
            stray[method] += int(np.count_nonzero((label >= 0) & (owner < 0)))
    for method in methods:
        table = np.array(rows[method], dtype=float)
        hit, points, can_be, calm = table.T
        cuts = [calm > 0, can_be > 0, points <= 6, (points > 6) & (points <= 10), points > 10]
        cells = [f"{hit.mean():.3f}"] + [f"{hit[c].mean():.3f}" for c in cuts]
        error = np.sqrt(hit.mean() * (1 - hit.mean()) / len(hit))
        false = (len(true[method]) - sum(true[method])) / trials
        print(
            f"| {survey.name} {scene} | {n} | {method} | {trials} | {' | '.join(cells)} "
            f"| {error:.3f} | {np.mean(true[method]):.3f} | {false:.2f} "
            f"| {stray[method] / trials:.2f} | {seconds[method] / trials:.3f} |",
            flush=True,
        )


FALSE = {
    # scene: trials at 50, 200, 1000 and 4000 background candidates
    "uniform": (2000, 1000, 60, 6),
    "gradient": (1000, 400, 40, 4),
    "clumps": (400, 200, 30, 3),
    "quadrant": (1000, 400, 40, 4),
    "rings": (600, 300, 40, 4),
    "strips": (1000, 400, 40, 4),
    "knots": (600, 300, 40, 4),
}
ROUND = {200: 2000, 1000: 400, 5000: 20}
"""Trials on Rubin's round field."""


def main() -> None:
    """Run the sections asked for, all without any."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("sections", nargs="*", help="false, recall, rubin; default: all")
    parser.add_argument("--full", action="store_true", help="the long campaign of docs/finder.md")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--magnitudes", choices=["alike", "independent", "equal"])
    options = parser.parse_args()
    seed, kind = options.seed, options.magnitudes
    sections = options.sections or ["false", "recall", "rubin"]
    ztf, rubin = load_survey("ztf"), load_survey("rubin_catalogue")
    part = 1.0 if options.full else 0.05
    trials = lambda n: max(2, round(n * part))  # noqa: E731
    if "false" in sections:
        print("| sky | N | points | exposures | <1 | <.1 | <.01 | <.001 | s |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
        for k, n in enumerate((50, 200, 1000, 4000)):
            for scene, counts in FALSE.items():
                if n < 4000 or options.full:
                    false_tracklets(ztf, scene, n, trials(counts[k]), seed, kind)
        for n, count in ROUND.items():
            for scene in ("uniform", "disc"):
                false_tracklets(rubin, scene, n, trials(count), seed, kind)
    if {"recall", "rubin"} & set(sections):
        print(
            "| sky | N | method | exposures | recall | calm | detectable | 5-6 points | 7-10 "
            "| 11-40 | +- | purity | false each | stray points | s |\n" + "| --- " * 15 + "|"
        )
    if "recall" in sections:
        both = ("significant", "published")
        recall(ztf, "uniform", 50, trials(500), both, seed, kind)
        recall(ztf, "uniform", 200, trials(300), both, seed, kind)
        recall(ztf, "clumps", 200, trials(100), both, seed, kind)
        recall(ztf, "uniform", 1000, max(2, trials(60) // 4), both, seed, kind)
        recall(ztf, "uniform", 1000, trials(200), both[:1], seed + 1, kind)
        recall(ztf, "clumps", 1000, trials(100), both[:1], seed, kind)
        if options.full:
            recall(ztf, "uniform", 4000, 30, both[:1], seed, kind)
    if "rubin" in sections:
        recall(rubin, "uniform", 5000, trials(40), ("significant",), seed, kind)


if __name__ == "__main__":
    main()
