"""What projects use, in the units of unified limits."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from imagestore.db.models import Image

_MIB = 1 << 20
#: What is counted, as limits are named.
NAMES = ("image_size_total", "image_stage_total", "image_count_total",
         "image_count_uploading")
_UNDER_WAY = ("saving", "uploading", "importing")
_STAGED = ("uploading", "importing")


def of_project(session: orm.Session,
               project_id: str | None) -> dict[str, int]:
    """Return what a project uses: images, and MiB, rounded up."""
    rows: list[Any] = list(session.execute(
        sa.select(Image.status, sa.func.count(),
                  sa.func.coalesce(sa.func.sum(Image.size), 0))
        .where(Image.project_id == project_id)
        .group_by(Image.status)))
    size = sum(row[2] for row in rows if row[0] not in _STAGED)
    staged = sum(row[2] for row in rows if row[0] in _STAGED)
    return {
        "image_size_total": -(-int(size) // _MIB),
        "image_stage_total": -(-int(staged) // _MIB),
        "image_count_total": sum(row[1] for row in rows),
        "image_count_uploading": sum(
            row[1] for row in rows if row[0] in _UNDER_WAY),
    }
