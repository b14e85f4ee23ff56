"""Lines of three on predicted arcs: how many, of whose glints, and how many by chance.

    python -m benchmarks.lines_on_arcs --catalogue FILE [--nights 5] [--seed 1] [--late 0 1 3]

Nights of 600 exposures flown with a real catalogue; what is in no tracklet and on no line of four
is sought on the arcs of the same catalogue. The objects are where they are so many seconds later
(--late), which stands for elements that are wrong by as much along the orbit, and by the Earth's
rotation aside; and at the hours of the shifted skies, where every line is false.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import timedelta
from pathlib import Path

import pandas as pd

from benchmarks.evaluate import read_night
from benchmarks.one_object import DAYS, EXPOSURES, FIRST
from fink_tracklets import load_survey
from fink_tracklets.pipeline.link import SEARCHED_COLUMNS, named_tracklets
from fink_tracklets.satellites.blind import single_matches
from fink_tracklets.satellites.elements import read_elements
from fink_tracklets.satellites.identify import Catalogue, fields_of, scenes
from fink_tracklets.satellites.on_arcs import lines_on_arcs
from fink_tracklets.simulate import simulate_night


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--catalogue", type=Path, required=True)
    parser.add_argument("--nights", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--late", type=float, nargs="+", default=[0, 1, 3])
    options = parser.parse_args()
    survey, catalogue = load_survey("ztf"), Catalogue.of(read_elements([str(options.catalogue)]))
    rows, glints = [], 0
    known = {"in tracklets": 0, "on lines of four": 0, "left, three or more": 0}
    for k in range(options.nights):
        night = f"{FIRST + timedelta(days=k % DAYS):%Y%m%d}"
        with tempfile.TemporaryDirectory() as folder:
            seed = options.seed + k
            simulate_night(night, folder, seed, exposures=EXPOSURES, catalogue=options.catalogue)
            truth, frame, _ = read_night(Path(folder))
        frame = frame.drop_duplicates("alert_id")
        frame = frame.assign(jd=frame["exposure"].astype(float))
        owner = truth.drop_duplicates("alert_id").set_index("alert_id")["norad_cat_id"]
        tracks = named_tracklets(frame.reindex(columns=list(SEARCHED_COLUMNS)), survey)
        left = frame[~frame["alert_id"].isin(tracks["alert_id"])]
        glints += int(owner.notna().sum())
        of_object = tracks["alert_id"].map(owner).notna()
        known["in tracklets"] += int((of_object & tracks["tracklet"].notna()).sum())
        known["on lines of four"] += int((of_object & tracks["short_track"].notna()).sum())
        sizes = left.assign(owner=left["alert_id"].map(owner)).groupby(["exposure", "owner"]).size()
        known["left, three or more"] += int(sizes[sizes >= 3].sum())
        by_exposure = dict(tuple(left.groupby("exposure")))
        hours = survey.satellites.shift_hours
        for shift in (*options.late, *(hour * 3600 for hour in (hours[0], hours[-1]))):
            for scene in scenes(catalogue, fields_of(left), survey, shift):
                some = by_exposure[scene.exposure]
                single = single_matches(some, scene, survey.satellites)
                lines = lines_on_arcs(some, single, scene, catalogue, survey)
                for norad, line in lines.groupby("norad_cat_id") if len(lines) else ():
                    owners = line["alert_id"].map(owner)
                    one = owners.nunique() == 1 and owners.notna().all()
                    rows.append((shift, len(line), one, one and owners.iloc[0] == norad))
        print(f"night {k + 1} of {options.nights}", flush=True)
    print(f"{glints} glints: " + ", ".join(f"{n} {what}" for what, n in known.items()))
    found = pd.DataFrame(rows, columns=["later, s", "alerts", "of one object", "of the one named"])
    table = found.groupby("later, s").agg(["sum"]).droplevel(1, axis=1)
    table.insert(0, "lines", found.groupby("later, s").size())
    print(table.to_string())


if __name__ == "__main__":
    main()
