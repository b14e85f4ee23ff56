"""High-rate tracks: read, as standard magnitudes, and how high their flashes rise."""

from __future__ import annotations

import re

import numpy as np
import pytest

from fink_tracklets.cli.main import main
from fink_tracklets.errors import UserError
from fink_tracklets.glints.photometry import find_flashes, read_track

TEXT = """\
# Satellite: TEST
# Date Time StdMag Mag Filter Penumbra Distance Phase Channel Track
2015-04-27 23:59:59.950 4.0 9.00 Clear 0 10000 90 3 17
2015-04-28 00:00:00.050 4.0 8.00 Clear 0 1000 60 3 17
"""


def test_a_track_is_read_across_midnight_in_standard_magnitudes(tmp_path):
    (tmp_path / "track.txt").write_text(TEXT)
    track = read_track(tmp_path / "track.txt")
    assert track["time_s"].to_list() == [0.0, 0.1]
    # 9 + 0.27 - 5 log10(10); 8 + 0.27 + 0.70441 (Lambert at 60 degrees)
    assert track["standard_mag"].to_list() == pytest.approx([4.27, 8.97441], abs=1e-4)


def test_what_is_wrong_with_a_track_is_named(tmp_path):
    file = tmp_path / "track.txt"
    file.write_text("1 2 3\n")
    with pytest.raises(UserError, match="no header line"):
        read_track(file)
    file.write_text(TEXT.replace("8.00", "bright"))
    with pytest.raises(UserError, match="line 4 is not a measurement"):
        read_track(file)


def test_a_flash_stands_out_by_its_amplitude_above_the_smooth_curve():
    time = np.arange(0, 20, 0.1)
    mag = 8 + 0.02 * time
    assert len(find_flashes(time, mag).time_s) == 0
    mag[100] -= 3
    found = find_flashes(time, mag)
    assert found.time_s.tolist() == [time[100]]
    # The filter's own weight of the middle of 11 points is 89/429: 3 (1 - 0.2075)
    assert found.amplitude_mag[0] == pytest.approx(3 * (1 - 89 / 429), abs=1e-6)


def written(path, period=2.3, seconds=40.0, flash=1.5):
    """A track with a flash every `period` seconds, noise of 0.05 mag."""
    time = np.arange(0, seconds, 0.1)
    mag = 8 + 0.3 * np.sin(time / 8) + np.random.default_rng(1).normal(0, 0.05, len(time))
    mag[np.round(np.arange(0.7, seconds - 0.1, period) / 0.1).astype(int)] -= flash
    start = np.datetime64("2015-04-27T23:59:50.000")
    moments = start + (1000 * time).round().astype("timedelta64[ms]")
    lines = ["# Date Time StdMag Mag Filter Penumbra Distance Phase Channel Track"]
    lines += [
        f"{str(moment).replace('T', ' ')} 4.0 {m:.3f} Clear 0 1000 90 3 17"
        for moment, m in zip(moments, mag, strict=True)
    ]
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_the_command_tells_flashes_and_their_period(tmp_path, capsys):
    file, plot = written(tmp_path / "track.txt"), tmp_path / "track.png"
    assert main(["photometry", file, "--plot", str(plot)]) == 0
    text = capsys.readouterr().out
    assert "400 measurements in 39.9 s" in text
    assert "flashes             18, the highest 1." in text
    period, error = re.search(r"period +(\S+) \+- (\S+) s", text).groups()
    assert float(period) == pytest.approx(2.3, abs=3 * float(error))
    assert plot.read_bytes()[:4] == b"\x89PNG"
    assert main(["photometry", written(tmp_path / "quiet.txt", flash=0)]) == 0
    assert "none that could not be chance" in capsys.readouterr().out


def test_the_command_says_in_one_sentence_what_is_wrong(tmp_path, capsys):
    short = tmp_path / "short.txt"
    short.write_text(TEXT)
    assert main(["photometry", str(short)]) == 2
    assert f"{short}: 2 measurements are less than the 1.1 s" in capsys.readouterr().err
    assert main(["photometry", str(tmp_path / "none.txt")]) == 2
    assert "none.txt: cannot be read as text." in capsys.readouterr().err
    short.write_text(TEXT.splitlines()[1] + "\n")
    assert main(["photometry", str(short)]) == 2
    assert "holds no measurement" in capsys.readouterr().err
