"""A night's counts, or those of many: one vector of whole numbers that adds up exactly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from math import prod

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from fink_tracklets.errors import UserError
from fink_tracklets.tables.summary import BY_NAME, QUANTITIES, SIZE, START, SUMMARY

Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Summary:
    """The counts of some nights, by the quantities of `fink_tracklets.tables.summary`."""

    counts: Counts
    """(SIZE,) of all quantities, one after the other."""

    @classmethod
    def zero(cls) -> Summary:
        """Of no night."""
        return cls(np.zeros(SIZE, np.int64))

    def __getitem__(self, name: str) -> Counts:
        """A quantity in the shape of its axes."""
        return self.counts[place(name)].reshape(BY_NAME[name].shape)

    def number(self, name: str) -> int:
        """A quantity's sum over all bins; of one without axes the number itself."""
        return int(self[name].sum())

    def evidence(self, bits: int, without: int = 0, any_of: int = 0) -> int:
        """Candidates that have all of some bits of evidence, none of others, any of more."""
        kinds = np.arange(len(self["evidence"]))
        chosen = (kinds & bits == bits) & (kinds & without == 0)
        if any_of:
            chosen &= kinds & any_of != 0
        return int(self["evidence"][chosen].sum())

    def count(self, name: str, *bins: ArrayLike, weights: ArrayLike | None = None) -> None:
        """Add one, or a weight, in these bins along the quantity's axes; none below zero counts."""
        quantity = BY_NAME[name]
        index = np.zeros(np.shape(bins[0]) if bins else (), np.int64)
        known = np.ones(index.shape, bool)
        for axis, values in zip(quantity.axes, bins, strict=True):
            one = np.asarray(values, np.int64)
            index, known = index * axis.n + one, known & (one >= 0)
        amount = np.ones(index.shape, np.int64) if weights is None else np.asarray(weights)
        amount = np.broadcast_to(amount, index.shape).astype(np.int64)
        np.add.at(self.counts[place(name)], index[known], amount[known])

    def as_table(self) -> pa.Table:
        """The table `summary`: what is not zero."""
        names, bins, counts = [], [], []
        for quantity in QUANTITIES:
            values = self.counts[place(quantity.name)]
            (some,) = np.nonzero(values)
            names += [quantity.name] * len(some)
            bins.append(some)
            counts.append(values[some])
        columns = [names, np.concatenate(bins), np.concatenate(counts)]
        schema = SUMMARY.arrow_schema
        arrays = [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)]
        return pa.Table.from_arrays(arrays, schema=schema)


@cache
def place(name: str) -> slice:
    """Where a quantity stands in the vector."""
    start = START[name]
    return slice(start, start + prod(BY_NAME[name].shape))


def add(one: Summary, other: Summary) -> Summary:
    """The summary of both nights."""
    return Summary(one.counts + other.counts)


def merged(tables: Iterable[pa.Table]) -> Summary:
    """The sum of stored summaries (the table `summary`).

    Raises
    ------
    UserError : a table names a quantity or bin that there is none of
    """
    whole = np.zeros(SIZE, np.int64)
    for table in tables:
        index, counts = sparse(table)
        whole[index] += counts  # each row of a table is another bin
    return Summary(whole)


def sparse(table: pa.Table) -> tuple[NDArray[np.int32], Counts]:
    """A stored summary as places in the vector, each once, and their counts."""
    coded = table["quantity"].combine_chunks().dictionary_encode()
    names = coded.dictionary.to_pylist()
    for name in names:
        if name not in START:
            raise UserError(
                f"The table summary has the quantity '{name}', which this version does not know: "
                "run `fink-tracklets summarise` for these nights."
            )
    starts = np.array([START[name] for name in names], np.int64)
    ends = np.array([place(name).stop for name in names], np.int64)
    code = coded.indices.to_numpy(zero_copy_only=False)
    bins = table["bin"].to_numpy()
    index = (starts[code] if len(code) else np.zeros(0, np.int64)) + bins
    if len(index) and ((bins < 0) | (index >= ends[code])).any():
        raise UserError(
            "The table summary has a bin beyond its quantity: run `fink-tracklets summarise` for "
            "these nights."
        )
    return index.astype(np.int32), table["count"].to_numpy().astype(np.int64)
