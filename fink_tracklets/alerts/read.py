"""The night's alerts, their columns under the package's names."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import erfa
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from fink_tracklets.alerts.cuts import passed_cuts
from fink_tracklets.alerts.packets import read_packets
from fink_tracklets.alerts.plane import plane_code, plane_columns
from fink_tracklets.errors import UserError
from fink_tracklets.survey import Survey

ALERT_COLUMNS: dict[str, str] = {
    "alert_id": "bigint",
    "object_id": "string",
    "exposure": "string",
    "jd": "double",
    "ra": "double",
    "dec": "double",
    "band": "string",
    "mag": "double",
    "mag_err": "double",
    "limiting_mag": "double",
    "detector": "int",
    "x": "double",
    "y": "double",
    "quality": "double",
}
"""Names and types under which alerts travel inside the package."""
ANY_TYPE = ("object_id", "exposure", "band")


def read_alerts(spark: SparkSession, path: str, survey: Survey) -> DataFrame:
    """The alerts of a night, with only the columns that are needed.

    Parameters
    ----------
    path : a Parquet file or a folder of them, on any file system that Spark reads
    survey : says where the columns are, and the cuts

    Returns
    -------
    DataFrame
        The columns of `ALERT_COLUMNS`; `passed`, the number of cuts an alert passes one after the
        other; `plane` (see `plane_code`); `carry`, a struct of the survey's carried columns with
        their own names and types.

    Raises
    ------
    UserError
        A column is missing or has the wrong type.
    """
    return packet_alerts(read_packets(spark, path, survey), path, survey)


def packet_alerts(
    packets: list[DataFrame], path: str, survey: Survey, also: Sequence[str] = ()
) -> DataFrame:
    """`read_alerts`, of packets that were read from the path.

    Parameters
    ----------
    also : further columns of the packets that are kept
    """
    parts = [_our_columns(some, path, survey, also) for some in packets]
    alerts = reduce(DataFrame.unionByName, parts)
    carry = [F.col(f"carry_{name}").alias(name) for name in survey.carry.by_name]
    return alerts.select(
        *ALERT_COLUMNS,
        "passed",
        "plane",
        F.struct(*carry).alias("carry") if carry else F.lit(None).alias("carry"),
        *also,
    )


def _our_columns(packets: DataFrame, path: str, survey: Survey, also: Sequence[str]) -> DataFrame:
    """Packets of one schema under our names; carried columns as `carry_<name>`."""
    sql = {name: _expression(survey, name) for name in ALERT_COLUMNS}
    given = _checked_types(packets, sql, path, survey)
    columns = [
        F.expr(sql[name]).alias(name)
        if given[name].simpleString() == wanted
        else F.expr(sql[name]).try_cast(wanted).alias(name)
        for name, wanted in ALERT_COLUMNS.items()
    ]
    carry = [F.expr(packet).alias(f"carry_{name}") for name, packet in survey.carry.by_name.items()]
    plane = plane_code(survey).alias("plane")
    return packets.select(*columns, passed_cuts(survey).alias("passed"), plane, *carry, *also)


def _expression(survey: Survey, name: str) -> str:
    """The survey's expression for a column; for jd, that of the exposure's start in UTC."""
    if name != "jd":
        return str(getattr(survey.columns, name))
    time, convention = f"({survey.columns.time})", survey.time
    jd = f"({time} + 2400000.5D)" if convention.format == "mjd" else time
    if convention.reference == "start":
        before = "0D"
    elif convention.exposure_time:
        before = f"coalesce({convention.exposure_time}, {survey.exposure_time_s!r}D) / 2"
    else:
        before = f"{survey.exposure_time_s / 2!r}D"
    if convention.scale == "tai":
        return f"{jd} - ({before} + {_tai_minus_utc(jd)}) / 86400D"
    return jd if before == "0D" else f"{jd} - {before} / 86400D"


def _tai_minus_utc(jd_tai: str) -> str:
    """TAI - UTC [s] at a time given as an SQL expression, from the leap seconds that erfa knows."""
    steps = []
    for year, month, seconds in reversed(erfa.leap_seconds.get().tolist()):
        begin = float(sum(erfa.cal2jd(year, month, 1))) + seconds / 86400
        steps.append(f"WHEN {jd_tai} >= {begin!r}D THEN {seconds!r}D")
    return f"CASE {' '.join(steps)} END"


def _checked_types(
    packets: DataFrame, sql: dict[str, str], path: str, survey: Survey
) -> dict[str, T.DataType]:
    """The types of our columns in the packets; what is missing or does not fit is an error."""
    needed = {
        **sql,
        **({} if survey.locus is None else plane_columns(survey.locus)),
        **{f"the cut '{cut.name}'": cut.predicate for cut in survey.cuts},
        **{f"the carried column {name}": path for name, path in survey.carry.by_name.items()},
    }
    try:
        schema = packets.select(*(F.expr(text).alias(what) for what, text in needed.items())).schema
    except AnalysisException:
        for what, text in needed.items():
            _check(packets, what, text, path, survey)
        raise
    given = {field.name: field.dataType for field in schema}
    for name in sql:
        if name == "alert_id":
            fits = isinstance(given[name], T.IntegralType | T.StringType)
        else:
            fits = isinstance(given[name], T.NumericType | T.NullType) or name in ANY_TYPE
        if not fits:
            raise UserError(
                f"{path}: {survey.name}'s column {name} ({sql[name]}) has the type "
                f"{given[name].simpleString()}, which is not "
                f"{'a whole number' if name == 'alert_id' else 'a number'}."
            )
    return given


def _check(packets: DataFrame, what: str, sql: str, path: str, survey: Survey) -> None:
    """Raise the error that says why an expression cannot be evaluated over the packets."""
    try:
        packets.select(F.expr(sql))
    except AnalysisException as error:
        condition = error.getCondition() or ""
        text = " ".join(sql.split())
        if condition.startswith(("UNRESOLVED_COLUMN", "FIELD_NOT_FOUND")):
            parameters = error.getMessageParameters() or {}
            column = parameters.get("objectName") or parameters.get("fieldName") or sql
            raise UserError(
                f"{path}: the column {column.replace('`', '')} is missing; survey "
                f"'{survey.name}' needs it for {what} ({text})."
            ) from error
        raise UserError(
            f"{path}: {what} of survey '{survey.name}' ({text}) does not fit the file: "
            f"{str(error).splitlines()[0]}"
        ) from error
