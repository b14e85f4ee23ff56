"""Tracklets while the night runs, for spark-submit: takes the options of `fink-tracklets stream`.

spark-submit --master MASTER --py-files dist/fink_tracklets.zip \
    --packages org.apache.spark:spark-sql-kafka-0-10_2.13:4.2.0 \
    jobs/stream_tracklets.py --night YYYYMMDD --topic T --bootstrap HOST:PORT \
    --out-topic --state DIR
"""

import sys

from fink_tracklets.cli.main import main

sys.exit(main(["stream", *sys.argv[1:]]))
