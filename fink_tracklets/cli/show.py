"""The command `show`: what is stored, as tables for a terminal and as a picture."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from fink_tracklets.cli import options as common

if TYPE_CHECKING:
    import pandas as pd

    from fink_tracklets.store.manifest import Manifest
    from fink_tracklets.store.night import StoredNight


def add(commands: common.Commands) -> None:
    """`show` and its options."""
    command = common.add_command(
        commands,
        "show",
        show,
        "show a stored night or tracklet, as tables and as a picture",
        "fink-tracklets show TRCK_20210604_093609_00 --store /data/tracklets --plot glint.png",
    )
    command.add_argument("what", metavar="NIGHT|NAME", help="YYYYMMDD, or a tracklet's name")
    common.add_store(command)
    common.add_plot(command)


def show(options: argparse.Namespace) -> None:
    """A night or a tracklet, as one run left it."""
    from fink_tracklets.store.find import night_of_tracklet
    from fink_tracklets.store.night import read_state

    what, is_night = options.what, options.what.isdigit()
    night = what if is_night else night_of_tracklet(options.store, what)

    def shown(stored: StoredNight) -> str:
        text = night_text(stored) if is_night else tracklet_text(stored, what)
        if options.plot:
            from fink_tracklets.plots.night import plot_night, plot_tracklet

            if is_night:
                plot_night(stored, options.plot)
            else:
                plot_tracklet(stored, what, options.plot)
        return text

    print(read_state(options.store, night, shown))
    if options.plot:
        print(f"\nThe picture: {options.plot}")


def funnel(manifest: Manifest) -> str:
    """The night's funnel, in the manner of P1's Table 1."""
    lines = [("Alerts read", manifest.alerts_read)]
    if manifest.alerts_unusable.alerts:
        lines.append(("without a usable id, time or position", -manifest.alerts_unusable.alerts))
    for k, step in enumerate(manifest.funnel):
        lines.append((f"+ {step.cut}" if k else step.cut, step.alerts))
    lines.append(("+ belong to tracklets", manifest.rows["tracklet_alerts"]))
    lines.append(("Number of unique tracklets", manifest.rows["tracklets"]))
    if "short_tracks" in manifest.rows:
        lines.append(("Alerts on short tracks", manifest.rows["short_tracks"]))
    lines.append(("Exposures with alerts", manifest.exposures.with_alerts))
    lines.append(("with candidates", manifest.exposures.with_candidates))
    lines.append(("with tracklets", manifest.exposures.with_tracklets))
    width = max(len(label) for label, _ in lines)
    return "\n".join(f"  {label:<{width}}  {count:>11,}" for label, count in lines)


def night_text(stored: StoredNight, rows: int | None = None) -> str:
    """A night: its funnel and its tracklets, the first so many of them."""
    import pandas as pd

    from fink_tracklets.store.joined import tracklets_with_matches

    manifest = stored.manifest
    head = (
        f"Night {stored.night}, survey {manifest.survey}, "
        f"alerts from {manifest.inputs.get('alerts', '?')}"
    )
    notes = exposure_notes(manifest) + short_notes(stored)
    tracklets = tracklets_with_matches(stored).to_pandas()
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
    orbits = ""
    if manifest.orbits is not None:
        from fink_tracklets.cli.orbits import headline

        orbits = f"\n{headline(manifest)}"
    shown = table.head(rows or len(table)).to_string(index=False)
    if rows and len(table) > rows:
        shown += f"\nand {len(table) - rows:,} more: `fink-tracklets show {stored.night}`"
    return f"{head}\n{funnel(manifest)}\n{notes}\n{shown}{orbits}"


def _objects(tracklets: pd.DataFrame) -> dict[str, pd.Series]:
    """The column of objects; a question mark where it is one of several."""
    if "object_name" not in tracklets:
        return {}
    sure = tracklets["certain"].map({True: "", False: " ?"}).fillna("")
    return {"object": tracklets["object_name"].fillna("-") + sure}


def exposure_notes(manifest: Manifest) -> str:
    """The exposures that were not searched or given up, or that stand out from the night."""
    lines = [
        f"  {what}: {one.exposure} ({one.candidates:,} candidates, {one.tracklets} tracklets)\n"
        for what, noted in (
            ("Not searched", manifest.exposures_skipped),
            ("Given up", manifest.exposures_given_up),
            ("Crowded", manifest.exposures_crowded),
        )
        for one in noted
    ]
    return "".join(lines)


def short_notes(stored: StoredNight) -> str:
    """How many short tracks of each kind there are."""
    if not stored.manifest.rows.get("short_tracks"):
        return ""
    names = stored.table("short_tracks", ["short_track"]).to_pandas()["short_track"]
    counts = names.drop_duplicates().str.partition("_")[0].value_counts().sort_index()
    named = {"ARC": "on arcs", "LINE": "straight", "SHORT": "of four"}
    return f"  Short tracks: {', '.join(f'{n} {named[str(kind)]}' for kind, n in counts.items())}\n"


def tracklet_text(stored: StoredNight, name: str) -> str:
    """A tracklet: its measures and its alerts."""
    from fink_tracklets.cli.orbits import orbit_text
    from fink_tracklets.cli.satellites import match_table

    tracklets = stored.frame("tracklets").set_index("tracklet")
    alerts = stored.frame("tracklet_alerts")
    columns = ["alert_id", "object_id", "ra", "dec", "band", "mag", "along_arcsec", "offset_arcsec"]
    table = alerts.loc[alerts["tracklet"] == name, columns]
    measures = tracklets.loc[name].rename(None).to_string()
    matches = stored.frame("satellites")
    objects = match_table(matches[matches["tracklet"] == name])
    orbits = stored.frame("orbits")
    orbit = orbit_text(orbits[orbits["tracklet"] == name])
    head = f"{name}, night {stored.night}"
    return f"{head}\n{measures}\n{objects}\n{orbit}\n{table.round(5).to_string(index=False)}"
