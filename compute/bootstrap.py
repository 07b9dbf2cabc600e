"""What every cloud has from its first start on."""

from oslo_config import cfg

from common import db
from compute.db.api import flavors
from compute.db.api.models import Flavor
from compute.exceptions import FlavorExists

#: Id, name, vcpus, MiB of memory, GiB of disk. Small, as clouds on one
#: machine are; operators add their own.
_FLAVORS = [
    ("1", "m1.tiny", 1, 256, 1),
    ("2", "m1.small", 1, 512, 5),
    ("3", "m1.medium", 2, 2048, 20),
    ("4", "m1.large", 4, 4096, 40),
]


def run(conf: cfg.ConfigOpts) -> None:
    """Make the flavors; those that are there stay as they are."""
    database = db.Database(conf.compute.database)
    try:
        for flavor_id, name, vcpus, ram_mib, disk_gib in _FLAVORS:
            _make(database, Flavor(
                flavor_id=flavor_id, name=name, vcpus=vcpus,
                ram_mib=ram_mib, disk_gib=disk_gib))
    finally:
        database.dispose()


def _make(database: db.Database, flavor: Flavor) -> None:
    try:
        with database.writer() as session:
            flavors.create(session, flavor)
    except FlavorExists:
        pass
