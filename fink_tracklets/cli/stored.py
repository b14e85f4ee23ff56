"""What is stored, as tables for a terminal."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from fink_tracklets.errors import UserError
from fink_tracklets.satellites.show import show_matches
from fink_tracklets.store.joined import read_tracklets
from fink_tracklets.store.parquet import nights, read_manifest, read_table

NAME = re.compile(r"TRCK_(\d{8})_\d{6}_\d{2,}")


def night_of(store: str, name: str) -> str:
    """The night in which a tracklet is stored.

    A name has the UTC date of its exposure, which may differ from the night by a day.
    """
    match = NAME.fullmatch(name)
    if match is None:
        raise UserError(
            f"'{name}' is neither a night (YYYYMMDD) nor a tracklet (TRCK_YYYYMMDD_hhmmss_NN)."
        )
    nearest_first = sorted(nights(store), key=lambda night: abs(int(night) - int(match[1])))
    for night in nearest_first:
        if name in set(read_table(store, "tracklets", night)["tracklet"].to_pylist()):
            return night
    raise UserError(f"The store {store} has no tracklet {name} in any of its nights.")


def funnel(manifest: dict[str, Any]) -> str:
    """The night's funnel, in the manner of P1's Table 1."""
    rows = manifest["rows"]
    unusable = manifest["alerts_unusable"]
    lines = [("Alerts read", manifest["alerts_read"])]
    if unusable["alerts"]:
        lines.append(("without a usable id, time or position", -unusable["alerts"]))
    for k, step in enumerate(manifest["funnel"]):
        lines.append((f"+ {step['cut']}" if k else step["cut"], step["alerts"]))
    lines.append(("+ belong to tracklets", rows["tracklet_alerts"]))
    lines.append(("Number of unique tracklets", rows["tracklets"]))
    exposures = manifest["exposures"]
    lines.append(("Exposures with alerts", exposures["with_alerts"]))
    lines.append(("with candidates", exposures["with_candidates"]))
    lines.append(("with tracklets", exposures["with_tracklets"]))
    width = max(len(label) for label, _ in lines)
    return "\n".join(f"  {label:<{width}}  {count:>11,}" for label, count in lines)


def show_night(store: str, night: str) -> str:
    """A night: its funnel and its tracklets."""
    manifest = read_manifest(store, night)
    head = f"Night {night}, survey {manifest['survey']}, alerts from {manifest['inputs']['alerts']}"
    notes = exposure_notes(manifest)
    tracklets = read_tracklets(store, night).to_pandas()
    if tracklets.empty:
        return f"{head}\n{funnel(manifest)}\n{notes}\nNo tracklets."
    table = pd.DataFrame(
        {
            "tracklet": tracklets["tracklet"],
            "alerts": tracklets["n_alerts"],
            'length "': tracklets["length_arcsec"].map("{:.0f}".format),
            'rms "': tracklets["rms_arcsec"].map("{:.2f}".format),
            "PA deg": tracklets["position_angle_deg"].map("{:.1f}".format),
            "RA": tracklets["ra_start"].map("{:.4f}".format),
            "Dec": tracklets["dec_start"].map("{:+.4f}".format),
            "mag": tracklets["mag_mean"].map("{:.1f}".format),
            **_objects(tracklets),
            "lg NFA": tracklets["log10_nfa"].map("{:.1f}".format).replace("nan", "-"),
        }
    )
    return f"{head}\n{funnel(manifest)}\n{notes}\n{table.to_string(index=False)}"


def _objects(tracklets: pd.DataFrame) -> dict[str, pd.Series]:
    """The column of objects; a question mark where it is one of several."""
    if "object_name" not in tracklets:
        return {}
    sure = tracklets["certain"].map({True: "", False: " ?"}).fillna("")
    return {"object": tracklets["object_name"].fillna("-") + sure}


def exposure_notes(manifest: dict[str, Any]) -> str:
    """The exposures that were too crowded to be searched, or that stand out from the night."""
    lines = [
        f"  {what}: {row['exposure']} ({row['candidates']:,} candidates, "
        f"{row['tracklets']} tracklets)\n"
        for what, key in (("Not searched", "exposures_skipped"), ("Crowded", "exposures_crowded"))
        for row in manifest[key]
    ]
    return "".join(lines)


def show_tracklet(store: str, name: str) -> str:
    """A tracklet: its measures and its alerts."""
    night = night_of(store, name)
    tracklets = read_table(store, "tracklets", night).to_pandas().set_index("tracklet")
    alerts = read_table(store, "tracklet_alerts", night).to_pandas()
    columns = ["alert_id", "object_id", "ra", "dec", "band", "mag", "along_arcsec", "offset_arcsec"]
    table = alerts.loc[alerts["tracklet"] == name, columns]
    measures = tracklets.loc[name].rename(None).to_string()
    matches = read_table(store, "satellites", night).to_pandas()
    objects = show_matches(matches[matches["tracklet"] == name])
    return f"{name}, night {night}\n{measures}\n{objects}\n{table.round(5).to_string(index=False)}"
