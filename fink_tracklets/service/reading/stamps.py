"""Cutouts of alerts as FITS, from the store or from the night's packets."""

from __future__ import annotations

import gzip
import io

from fink_tracklets.service.reading.packets import packet_stamps
from fink_tracklets.service.reading.snapshot import HeldNight, Snapshot
from fink_tracklets.service.refusal import Refusal
from fink_tracklets.survey import Survey

LARGEST = 1 << 20
"""Bytes of one cutout; ZTF's have 16 kB."""


def exposure_stamp(
    snapshot: Snapshot,
    name: str,
    alert_id: int,
    kind: str,
    alerts: str | None,
) -> tuple[bytes, Survey]:
    """A cutout of a candidate of a tracklet's exposure, and its survey.

    Raises
    ------
    Refusal : 404, the store has no such tracklet, candidate or cutout
    """
    night = snapshot.night_of(name)
    exposure = night.exposure_of(name)
    found = night.part("candidates", "exposure", exposure, ["alert_id"])
    if found is None or alert_id not in found["alert_id"].to_pylist():
        raise Refusal(404, f"The exposure of {name} has no candidate {alert_id}.")
    return stamp_fits(night, alert_id, kind, alerts), night.survey


def stamp_fits(night: HeldNight, alert_id: int, kind: str, alerts: str | None) -> bytes:
    """A cutout as FITS, from the table `stamps`, else from the night's alerts.

    Raises
    ------
    Refusal : 404, it is in neither
    """
    stored = night.part("stamps", "alert_id", alert_id, [kind])
    content = stored[kind][0].as_py() if stored is not None and len(stored) else None
    if not content and alerts is not None:
        content = packet_stamps(alerts, night.name, alert_id, night.survey).get(kind)
    if not content:
        where = "nor do the packets of --alerts" if alerts else "and `serve` runs without --alerts"
        raise Refusal(
            404,
            f"The store has no {kind} stamp of the alert {alert_id}, {where}: the store keeps "
            "those of alerts in tracklets, once `fink-tracklets glints` has run on the night.",
        )
    return unzipped(content)


def unzipped(content: bytes) -> bytes:
    """A FITS file that may be gzipped."""
    if content[:2] != b"\x1f\x8b":
        return content
    with gzip.open(io.BytesIO(content)) as file:
        found = file.read(LARGEST + 1)
    if len(found) > LARGEST:
        raise Refusal(404, f"The stamp is larger than {LARGEST:,} bytes.")
    return found
