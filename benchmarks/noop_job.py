"""The least a Spark job can do with a night: read our columns and write them nowhere.

The baseline of benchmarks/submit.py, for spark-submit: takes --night, --alerts and --survey.
"""

import argparse

from pyspark.sql import SparkSession

from fink_tracklets.alerts.read import read_alerts
from fink_tracklets.survey import load_survey

parser = argparse.ArgumentParser()
for name in ("--night", "--alerts", "--survey"):
    parser.add_argument(name, default="ztf")
options = parser.parse_args()

spark = SparkSession.builder.getOrCreate()
alerts = read_alerts(spark, options.alerts, load_survey(options.survey))
alerts.drop("passed").write.format("noop").mode("overwrite").save()
