"""How far a stream is behind over time: the picture of docs/streaming.md.

python -m benchmarks.stream rubin --rate 256 --lag rubin.csv
python -m benchmarks.stream_lag rubin.csv docs/streaming_lag.png
"""

from __future__ import annotations

import sys

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
from matplotlib import pyplot as plt


def main() -> None:
    file, out = sys.argv[1:]
    seconds, sent, done = np.loadtxt(file, delimiter=",", unpack=True)
    behind = sent - done
    while_sent = sent < sent[-1]
    rate = sent[while_sent][-1] / seconds[while_sent][-1]
    first = np.argmax(done > 0)
    settled = while_sent & (seconds > seconds[first] + 60.0)
    quantiles = np.percentile(behind[settled], [50, 95, 100])
    print(f"{rate:.0f}/s; the first batch is done after {seconds[first]:.1f} s; a minute later on:")
    print(f"messages behind, median, 95 %, most: {quantiles.round()}", end="; ")
    print(f"as seconds of the rate: {(quantiles / rate).round(2)}")
    figure, axes = plt.subplots(figsize=(7, 2.6), layout="constrained")
    axes.plot(seconds, behind / rate, lw=0.7, color="#33658a")
    axes.set(xlabel="since the first message [s]", ylabel="lag [s of the rate]", ylim=(0, None))
    axes.set_title(f"{rate:.0f} alerts per second: sent, and not yet done", fontsize=10)
    axes.grid(alpha=0.3)
    figure.savefig(out, dpi=110)


if __name__ == "__main__":
    main()
