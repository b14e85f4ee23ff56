"""The end-of-night job for spark-submit: takes the options of `fink-tracklets run`.

spark-submit --master MASTER --py-files dist/fink_tracklets.zip \
    jobs/find_tracklets.py --night YYYYMMDD --alerts PATH --store DIR

Many nights: --nights YYYYMMDD..YYYYMMDD, and {Y}, {m}, {d} in PATH.
`make package` makes the archive: it is the wheel under a name that executors take.
"""

import sys

from fink_tracklets.cli.main import main

sys.exit(main(["run", *sys.argv[1:]]))
