"""Recall and purity as a picture (needs the extra `plot`, matplotlib)."""

from __future__ import annotations

import numpy as np

from fink_tracklets.evaluate.summary import TITLES, GroupRates, Rate, Summary
from fink_tracklets.plots.figure import FOUND, GLINT, QUIET, new_figure, save

SERIES = (
    ("recall", "recall of all", QUIET, "s"),
    ("recall_detectable", "recall of detectable", GLINT, "o"),
    ("purity", "purity", FOUND, "^"),
)


def plot_summary(summary: Summary, file: str, title: str, recall_only: bool = False) -> None:
    """One panel per breakdown, with errors of one standard deviation."""
    panels = [(name, lines) for name, lines in summary.by.items() if lines]
    figure = new_figure(4.6 * max(len(panels), 1))
    for k, (name, lines) in enumerate(panels):
        axes = figure.add_subplot(1, len(panels), k + 1)
        for shift, (field, label, colour, marker) in enumerate(SERIES[: 2 if recall_only else 3]):
            _draw(axes, lines, field, label, colour, marker, 0.15 * (shift - 1))
        axes.set_xticks(range(len(lines)), [line.group for line in lines], rotation=35, ha="right")
        axes.set_xlabel(TITLES[name])
        axes.set_ylim(-0.03, 1.03)
        axes.grid(axis="y", alpha=0.3)
        if k == 0:
            axes.legend(loc="lower left", fontsize=8)
    figure.suptitle(title)
    save(figure, file)


def _draw(  # type: ignore[no-untyped-def]
    axes,
    lines: tuple[GroupRates, ...],
    field: str,
    label: str,
    colour: str,
    marker: str,
    shift: float,
) -> None:
    rates = [(k, getattr(line, field)) for k, line in enumerate(lines)]
    shown = [(k, rate) for k, rate in rates if isinstance(rate, Rate) and rate.n]
    if not shown:
        return
    value = np.array([rate.value for _, rate in shown])
    interval = np.array([rate.interval() for _, rate in shown]).T
    axes.errorbar(
        [k + shift for k, _ in shown],
        value,
        yerr=np.abs(interval - value),
        fmt=marker,
        color=colour,
        label=label,
        capsize=3,
    )
