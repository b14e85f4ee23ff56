"""What flies up there: the prior of a tracklet's orbit.

Each catalogued orbit is a kernel of the population: what nobody catalogued flies where launches
left other things.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fink_tracklets.orbits.classes import ECC, GEO, LEO, MEO, MOLNIYA, class_of
from fink_tracklets.orbits.twobody import in_plane, kernel_quantiles
from fink_tracklets.satellites.elements import Elements
from fink_tracklets.satellites.error_laws import CONSTELLATIONS, orbit_classes

Array = NDArray[np.float64]

IN_SLOT = 0.1
"""Weight of a satellite that keeps its slot: it does not spin."""
A_WIDTH_KM = {LEO: 25.0, MEO: 60.0, GEO: 40.0}
A_WIDTH_LN = 0.05
"""Kernel in a: of near-circular classes in km, of eccentric ones (ECC, Molniya) in ln a."""
E_WIDTH, E_WIDTH_ECC = 0.003, 0.1
"""Kernel in e: of near-circular classes; of the others this part of e."""
WIDE_EVERY, WIDER = 5, 3.0
"""One node of so many lies in a kernel so much wider: not all things fly where others do."""
CIRCULAR = 0.02
"""Below this e the anomaly matters little: fewer nodes."""
ANOMALIES = {False: (10, 72), True: (4, 16)}
"""Nodes around near-circular and other orbits; the second pair for low orbits, which are many."""


@dataclass(frozen=True)
class Population:
    """K orbits with weights, mean elements of date."""

    a_km: Array
    eccentricity: Array
    inclination_deg: Array
    node_deg: Array
    perigee_deg: Array
    """(K,) argument of perigee."""
    weight: Array
    """(K,) of how many objects each stands for."""
    norad_cat_id: NDArray[np.int64]
    """(K,) catalogue numbers; 0 where an orbit is not one object's."""
    name: NDArray[np.object_]
    """(K,) names, empty without."""
    launch: NDArray[np.object_]
    """(K,) international designators of their launches, as in 1994-065, empty without."""

    def __len__(self) -> int:
        return len(self.a_km)

    @property
    def classes(self) -> NDArray[np.int64]:
        """(K,) places in `classes.CLASSES`."""
        return class_of(self.a_km, self.eccentricity, self.inclination_deg)

    def take(self, rows: NDArray[np.generic]) -> Population:
        """Some of the orbits."""
        return Population(**{name: values[rows] for name, values in vars(self).items()})

    def joined(self, other: Population) -> Population:
        """Both."""
        pairs = {name: (values, getattr(other, name)) for name, values in vars(self).items()}
        return Population(**{name: np.concatenate(pair) for name, pair in pairs.items()})


POPULATION = "population.csv"
"""The shipped population: cells of the public catalogue of 2021-06-11, see `condensed`."""
THIN = 2000
"""A catalogue of fewer orbits is joined by the shipped population."""


def shipped() -> Population:
    """The population that comes with the package: densities, no objects."""
    with (files("fink_tracklets.orbits") / POPULATION).open() as file:
        columns = pd.read_csv(file)
    n = len(columns)
    return Population(
        **{name: columns[name].to_numpy(float) for name in SHIPPED},
        norad_cat_id=np.zeros(n, np.int64),
        name=np.full(n, "", dtype=object),
        launch=np.full(n, "", dtype=object),
    )


def condensed(population: Population) -> pd.DataFrame:
    """A population as cells of its own kernels' size: means and sums of weights, `SHIPPED`.

    Nodes are kept for geosynchronous orbits, whose poles lie on a curve; perigees for eccentric
    ones.
    """
    kinds = population.classes
    geo, eccentric = kinds == GEO, np.isin(kinds, (ECC, MOLNIYA))
    frame = pd.DataFrame({name: getattr(population, name) for name in SHIPPED})
    frame["node_deg"] = frame["node_deg"].where(geo)
    frame["perigee_deg"] = frame["perigee_deg"].where(eccentric)
    near = frame["inclination_deg"]
    cells = [
        kinds,
        np.where(eccentric, np.rint(np.log(frame["a_km"]) / 0.05), np.rint(frame["a_km"] / 50)),
        np.where(eccentric, np.rint(frame["eccentricity"] / 0.05), frame["eccentricity"] // 0.02),
        np.rint(near),
        np.rint(frame["node_deg"].fillna(0) * np.sin(np.radians(near))),
        np.rint(frame["perigee_deg"].fillna(0) / 20),
    ]
    return (
        frame.groupby(cells)
        .agg({**dict.fromkeys(SHIPPED, "mean"), "weight": "sum"})
        .reset_index(drop=True)
    )


SHIPPED = (
    *("a_km", "eccentricity", "inclination_deg", "node_deg", "perigee_deg"),
    "weight",
)
"""Columns of the shipped population."""


def from_elements(elements: Elements, jd: float) -> Population:
    """The orbits of a catalogue on a date, one for each object (its set nearest in time).

    Constellations are left out: they neither spin nor leave debris that is not catalogued.

    Parameters
    ----------
    jd : Julian date, UTC, to which nodes and perigees are turned (J2's secular rates)
    """
    age = np.abs(elements.epoch_jd - jd)
    order = np.lexsort((age, elements.norad_cat_id))
    _, first = np.unique(elements.norad_cat_id[order], return_index=True)
    elements = elements.take(np.sort(order[first]))
    shapes = elements.orbits()
    kinds = orbit_classes(shapes, elements.name)
    names = np.array([str(name).upper() for name in elements.name], dtype=object)
    silent = np.array([name.startswith(CONSTELLATIONS) for name in names], dtype=bool)
    minutes = (jd - elements.epoch_jd) * 1440
    sets = elements.satrecs
    node = np.array([s.nodeo for s in sets]) + minutes * np.array([s.nodedot for s in sets])
    perigee = np.array([s.argpo for s in sets]) + minutes * np.array([s.argpdot for s in sets])
    return Population(
        a_km=shapes["semi_major_axis_km"].to_numpy(float),
        eccentricity=shapes["eccentricity"].to_numpy(float),
        inclination_deg=shapes["inclination_deg"].to_numpy(float),
        node_deg=np.degrees(node) % 360,
        perigee_deg=np.degrees(perigee) % 360,
        weight=np.where(kinds == "GEO in slot", IN_SLOT, 1.0),
        norad_cat_id=elements.norad_cat_id.astype(np.int64),
        name=elements.name,
        launch=np.array([str(one)[:8] for one in elements.object_id], dtype=object),
    ).take(~silent)


@dataclass(frozen=True)
class Nodes:
    """N places on the orbits of a population: where on its ellipse an object could be."""

    population: Population
    component: NDArray[np.int64]
    """(N,) rows of the population."""
    kind: NDArray[np.int64]
    """(N,) class of the node's own orbit at the component's inclination."""
    a_km: Array
    eccentricity: Array
    distance_km: Array
    """(N,) from the Earth's centre."""
    radial_km_s: Array
    horizontal_km_s: Array
    true_anomaly: Array
    weight: Array
    """(N,) share of the component."""
    turned: Array
    """(N,) standard normal values: by how many errors each node's direction is off the measured
    one."""


def nodes_of(population: Population) -> Nodes:
    """Nodes of a population: on a grid of mean anomalies, each in its kernel of a and e."""
    kinds, e0 = population.classes, population.eccentricity
    low = kinds == LEO
    counts = np.where(
        low,
        np.where(e0 < CIRCULAR, *ANOMALIES[True]),
        np.where(e0 < CIRCULAR, *ANOMALIES[False]),
    )
    component = np.repeat(np.arange(len(population)), counts)
    n = len(component)
    step = np.arange(n) - np.repeat(np.cumsum(counts) - counts, counts)
    offset = (0.5 + 0.6180339887498949 * component) % 1.0
    mean = 2 * np.pi * (step + offset) / counts[component]

    # The kernels; what would fall into the ground, or fly off, stays on the orbit itself.
    widths = np.select([kinds == k for k in A_WIDTH_KM], list(A_WIDTH_KM.values()), 0.0)
    eccentric = np.isin(kinds, (ECC, MOLNIYA))
    a0, e0 = population.a_km[component], e0[component]
    z_a, z_e, turned = (kernel_quantiles(n, which) for which in range(3))
    wider = np.where(np.arange(n) % WIDE_EVERY == 0, WIDER, 1.0)
    z_a, z_e = wider * z_a, wider * z_e
    a = np.where(eccentric[component], a0 * np.exp(A_WIDTH_LN * z_a), a0 + widths[component] * z_a)
    e = np.abs(e0 + np.where(eccentric[component], E_WIDTH_ECC * e0, E_WIDTH) * z_e)
    flies = (a * (1 - e) > 6478) & (e < 0.97)
    a, e = np.where(flies, a, a0), np.where(flies, e, e0)
    r, radial, horizontal, true = in_plane(a, e, mean)
    return Nodes(
        population=population,
        component=component,
        kind=class_of(a, e, population.inclination_deg[component]),
        a_km=a,
        eccentricity=e,
        distance_km=r,
        radial_km_s=radial,
        horizontal_km_s=horizontal,
        true_anomaly=true,
        weight=(population.weight / counts)[component],
        turned=turned,
    )
