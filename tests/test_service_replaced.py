"""A night that is replaced while it is read: each answer is the old state or the new one."""

from __future__ import annotations

import re
import threading

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import requests

from fink_tracklets import read_table
from fink_tracklets.store.amend import amend_night
from fink_tracklets.store.night import open_night
from tests.serving import serving
from tests.stores import write_night


def test_a_night_replaced_while_it_is_read_is_old_or_new(tmp_path):
    """Each state has one magnitude throughout and a number of alerts of its own."""
    night = "20211022"
    write_night(tmp_path, night, 4, 6)
    alerts = read_table(tmp_path, "tracklet_alerts", night)
    tracklets = read_table(tmp_path, "tracklets", night)
    defined = alerts.column_names.index("offset_arcsec") + 1
    states = {}
    for state, n in ((1.0, 6), (2.0, 4)):
        kept = alerts.select(range(defined)).filter(pc.less(alerts["along_arcsec"], 5.0 * n))
        level = pa.array(np.full(len(kept), state))
        kept = kept.set_column(kept.column_names.index("mag"), "mag", level)
        whole = tracklets.set_column(
            tracklets.column_names.index("mag_mean"), "mag_mean", pa.array(np.full(4, state))
        )
        whole = whole.set_column(
            whole.column_names.index("n_alerts"), "n_alerts", pa.array(np.full(4, n))
        )
        states[state] = ({"tracklet_alerts": kept, "tracklets": whole}, 4 * n)

    def replace(state: float) -> None:
        amend_night(open_night(tmp_path, night), states[state][0])

    known = {(state, rows // 4) for state, (_, rows) in states.items()}
    replace(1.0)
    done = threading.Event()
    wrong: list[str] = []
    seen: set[float] = set()

    def read(address: str) -> None:
        with requests.Session() as session:
            while not done.is_set():
                answer = session.get(f"{address}/api/v1/tracklet?id=TRCK_2021", timeout=30)
                rows = answer.json()
                found = {row["d:mag"] for row in rows} | {row["d:mag_mean"] for row in rows}
                total = answer.headers.get("X-Total-Count")
                if answer.status_code != 200 or len(found) != 1:
                    wrong.append(f"{answer.status_code} {found} {answer.text[:200]}")
                    continue
                (state,) = found
                seen.add(state)
                if not len(rows) == states[state][1] == int(total):
                    wrong.append(f"{state} {len(rows)} {total}")
                name = rows[0]["d:tracklet"]
                for path, told in (
                    (f"/api/v1/tracklets/{name}", told_of_tracklet),
                    (f"/tracklet/{name}", told_on_page),
                    (f"/api/v1/nights/{night}", told_of_night),
                    (f"/night/{night}", told_on_night_page),
                ):
                    answer = session.get(f"{address}{path}", timeout=30)
                    told_states = told(answer) if answer.status_code == 200 else set()
                    if len(told_states) != 1 or not told_states <= known:
                        wrong.append(f"{path} {answer.status_code} {told_states}")

    with serving(tmp_path) as address:
        readers = [threading.Thread(target=read, args=(address,)) for _ in range(4)]
        for reader in readers:
            reader.start()
        for k in range(120):
            replace(2.0 if k % 2 == 0 else 1.0)
        done.set()
        for reader in readers:
            reader.join()
    assert wrong == []
    assert seen == {1.0, 2.0}


def told_of_tracklet(answer: requests.Response) -> set[tuple[float, int]]:
    """Magnitudes with numbers of alerts: all that an answer says."""
    found = answer.json()
    points = {(point["mag"], len(found["points"])) for point in found["points"]}
    return points | {(found["tracklet"]["mag_mean"], found["tracklet"]["n_alerts"])}


def told_on_page(answer: requests.Response) -> set[tuple[float, int]]:
    chart = r"along the track: (\d+) points, magnitude in g ([\d.]+) to ([\d.]+)"
    ((points, faint, bright),) = re.findall(chart, answer.text)
    (said,) = re.findall(r"(\d+) alerts along \d", answer.text)
    rows = len(re.findall(r"<td>ZTF\d+</td>", answer.text))
    return {(float(mag), int(n)) for mag in (faint, bright) for n in (points, said, rows)}


def told_of_night(answer: requests.Response) -> set[tuple[float, int]]:
    found = answer.json()
    rows = {(row["mag_mean"], row["n_alerts"]) for row in found["tracklets"]}
    return rows | {(mag, found["rows"]["tracklet_alerts"] // 4) for mag, _ in rows}


def told_on_night_page(answer: requests.Response) -> set[tuple[float, int]]:
    rows = re.findall(r"<tr><td><a[^>]*>TRCK_.*?</tr>", answer.text)
    cells = [re.findall(r'data-value="([^"]*)"', row) for row in rows]
    assert len(rows) == 4
    (total,) = re.findall(r'in tracklets</th><td class="n">(\d+)<', answer.text)
    mags = {(float(cell[5]), int(cell[0])) for cell in cells}
    return mags | {(mag, int(total) // 4) for mag, _ in mags}
