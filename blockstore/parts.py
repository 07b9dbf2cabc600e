"""What the API's resources are made of."""

import dataclasses
from typing import Any

from blockstore.quotas import Quotas
from common import db, task


@dataclasses.dataclass
class Parts:
    """Made once per process by ``app``.

    :param tasks: where tasks are added; it need not run any here
    :param conf: the options of group ``blockstore``
    :param rest: the ``clients.Clients`` of the other services
    """

    db: db.Database
    tasks: task.Runner
    quotas: Quotas
    conf: Any
    rest: Any
