"""A night in figures, and which of them are unusual against the nights before it in its store."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fink_tracklets.errors import UserError
from fink_tracklets.store.folder import Folder
from fink_tracklets.store.manifest import Manifest, read_manifest, stored_nights

NIGHTS = 30
"""Nights before that a night is compared with, at most."""
LEAST = 5
"""With fewer nothing is called unusual."""
SIGMAS = 4.0
RATE_SCATTER, SHARE_SCATTER = 0.08, 0.01
"""Least scatter from night to night that is assumed: of a rate [dex], of a share."""


class UnusualNight(UserError):
    """The night is stored, and unlike those before it (--fail-on-unusual)."""

    exit_code = 4


@dataclass(frozen=True)
class Figure:
    """One number of a night."""

    value: float
    among: int
    """Of which it is a share, or in which events were counted: exposures."""
    is_share: bool = False

    @property
    def place(self) -> float:
        """On the scale on which nights are compared: rates by their logarithm."""
        return self.value if self.is_share else float(np.log10(max(self.value, 1e-9)))

    def error_at(self, value: float) -> float:
        """Standard error of `place` from counting, if the true value were this."""
        if self.is_share:
            p = (value * self.among + 1) / (self.among + 2)
            return float(np.sqrt(p * (1 - p) / max(self.among, 1)))
        return float(0.434 / np.sqrt(max(value * self.among, 1)))


@dataclass(frozen=True)
class Unusual:
    """A figure that is unlike those of the nights before."""

    name: str
    value: float
    usual: float
    """Median of the nights before."""

    def __str__(self) -> str:
        return f"{self.name}: {self.value:.3g}, usually {self.usual:.3g}"


@dataclass(frozen=True)
class NightReport:
    """What an operator wants to know of a night."""

    manifest: Manifest
    compared: int
    """Nights before it that it was compared with."""
    unusual: tuple[Unusual, ...]
    seconds: float
    """That the run took."""

    def text(self) -> str:
        """A line, and one for each unusual figure."""
        if self.compared < LEAST:
            return (
                f"Too few nights before it ({self.compared} of {LEAST}) to say what is unusual; "
                f"in {self.seconds:.0f} s."
            )
        if not self.unusual:
            return f"Nothing unusual against {self.compared} nights; in {self.seconds:.0f} s."
        lines = [f"UNUSUAL against {self.compared} nights, in {self.seconds:.0f} s:"]
        return "\n".join(lines + [f"  {one}" for one in self.unusual])

    def as_json(self) -> str:
        """One line for a log system."""
        m = self.manifest
        return json.dumps(
            {
                "night": m.night,
                "survey": m.survey,
                "version": m.version,
                "seconds": round(self.seconds, 1),
                "funnel": {"read": m.alerts_read} | {s.cut: s.alerts for s in m.funnel},
                "exposures": m.exposures.with_alerts,
                "rows": dict(m.rows),
                "not_searched": [one.exposure for one in m.exposures_skipped],
                "given_up": [one.exposure for one in m.exposures_given_up],
                "crowded": [one.exposure for one in m.exposures_crowded],
                **{name: round(one.value, 5) for name, one in figures(m).items()},
                "compared_nights": self.compared,
                "unusual": [one.name for one in self.unusual],
            }
        )

    def as_prometheus(self) -> str:
        """For the textfile collector of Prometheus' node exporter."""
        m = self.manifest
        numbers = {
            "alerts_read": m.alerts_read,
            "exposures": m.exposures.with_alerts,
            **{f"{name}_rows": n for name, n in m.rows.items()},
            **{name: one.value for name, one in figures(m).items()},
            "unusual_figures": len(self.unusual),
            "run_seconds": self.seconds,
            "night": int(m.night),
        }
        lines = []
        for name, value in numbers.items():
            full, digits = f"fink_tracklets_{name}", "d" if isinstance(value, int) else "g"
            lines += [f"# TYPE {full} gauge", f'{full}{{survey="{m.survey}"}} {value:{digits}}']
        return "\n".join(lines) + "\n"


def figures(manifest: Manifest) -> dict[str, Figure]:
    """The figures of a night by which nights are compared."""
    exposures = manifest.exposures.with_alerts
    if not exposures:
        return {}
    m = manifest
    noted = (*m.exposures_skipped, *m.exposures_given_up, *m.exposures_crowded)
    odd = len({one.exposure for one in noted})
    rows = manifest.rows
    found = {
        "alerts_per_exposure": Figure(manifest.alerts_read / exposures, exposures),
        "candidates_per_exposure": Figure(rows["candidates"] / exposures, exposures),
        "tracklets_per_exposure": Figure(rows["tracklets"] / exposures, exposures),
        "unusable_share": Figure(
            manifest.alerts_unusable.alerts / max(manifest.alerts_read, 1),
            manifest.alerts_read,
            is_share=True,
        ),
        "crowded_share": Figure(odd / exposures, exposures, is_share=True),
    }
    record = manifest.satellites or {}
    if n := record.get("tracklets"):
        found["matched_share"] = Figure(record["matched"] / n, n, is_share=True)
    if (tried := record.get("false_matches_on_shifted_skies", {}).get("all", {})).get("tried"):
        share = tried["matched"] / tried["tried"]
        found["false_match_share"] = Figure(share, tried["tried"], is_share=True)
    if "elements" in record:
        found["element_age_days"] = Figure(record["elements"]["age_days"]["median"], 100)
    return found


def unusual_of(manifest: Manifest, before: Sequence[Manifest]) -> tuple[Unusual, ...]:
    """The figures that lie outside what the nights before make likely.

    A figure is unusual when it is more than `SIGMAS` from the median of the nights before. Sigma is
    their scatter (1.4826 MAD without what counting makes of it, or the least that is assumed) and
    the counting error that this night would have at their median. A night without any exposure has
    no figures and is unusual where those before had some.
    """
    seen = [one.exposures.with_alerts for one in before]
    if not manifest.exposures.with_alerts:
        usual = float(np.median(seen)) if len(seen) >= LEAST else 0.0
        return (Unusual("exposures", 0.0, usual),) if usual else ()
    found = []
    known = [figures(one) for one in before]
    for name, figure in figures(manifest).items():
        others = [one[name] for one in known if name in one]
        if len(others) < LEAST:
            continue
        places = np.array([one.place for one in others])
        middle, usual = np.median(places), float(np.median([one.value for one in others]))
        scatter = 1.4826 * np.median(np.abs(places - middle))
        counting = np.median([one.error_at(usual) for one in others])
        least = SHARE_SCATTER if figure.is_share else RATE_SCATTER
        real = max(np.sqrt(max(scatter**2 - counting**2, 0.0)), least)
        if abs(figure.place - middle) > SIGMAS * np.hypot(real, figure.error_at(usual)):
            found.append(Unusual(name, figure.value, usual))
    return tuple(found)


def report_night(folder: Folder, manifest: Manifest, seconds: float) -> NightReport:
    """The report of a night that was just stored."""
    nights = [night for night in stored_nights(folder) if night < manifest.night][-NIGHTS:]
    before = []
    for night in nights:
        try:
            before.append(read_manifest(folder, night))
        except UserError:  # damaged: that night's own run says so
            continue
    return NightReport(manifest, len(before), unusual_of(manifest, before), seconds)


def write_report(report: NightReport, json_log: str | None, prometheus: str | None) -> None:
    """Append the line to a log, and replace a textfile in one step."""
    for file in (json_log, prometheus):
        if file is None:
            continue
        try:
            if file is json_log:
                with open(file, "a") as log:
                    log.write(report.as_json() + "\n")
            else:
                new = Path(f"{file}.{os.getpid()}.new")
                new.write_text(report.as_prometheus())
                os.replace(new, file)
        except OSError as error:
            raise UserError(
                f"The night is stored, but its report cannot be written to {file}: "
                f"{error.strerror}."
            ) from error
