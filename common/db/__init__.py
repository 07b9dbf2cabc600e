"""Databases: SQLite, PostgreSQL and MariaDB behind the same few names."""

from common.db.database import (
    Database,
    Queries,
    compare_and_set,
    count_queries,
    in_transaction,
)
from common.db.errors import (
    Commits,
    CommitUnknown,
    Retryable,
    commits_in_request,
    retrying,
    track_commits,
)
from common.db.migrate import Schema, check, run_env, upgrade
from common.db.types import (
    JSON,
    NAMING,
    Base,
    UTCDateTime,
    epoch,
    new_id,
    utcnow,
)

__all__ = [
    "JSON", "NAMING", "Base", "CommitUnknown", "Commits", "Database",
    "Queries", "Retryable", "Schema", "UTCDateTime", "check",
    "commits_in_request", "compare_and_set", "count_queries", "epoch",
    "in_transaction", "new_id", "retrying", "run_env", "track_commits",
    "upgrade", "utcnow",
]
