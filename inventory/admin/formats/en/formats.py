"""ISO dates with seconds: a ledger is no place for “10:14 p.m.”."""

DATE_FORMAT = "Y-m-d"
TIME_FORMAT = "H:i:s"
DATETIME_FORMAT = "Y-m-d H:i:s"
