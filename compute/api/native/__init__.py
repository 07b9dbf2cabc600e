"""The native API of compute: the map of its resources."""

from typing import Any

from oslo_config import cfg

from common import faults, task, wsgi
from compute import creation, policies
from compute.api.native import versions
from compute.api.native.aggregates import Aggregates
from compute.api.native.cloud import Cloud
from compute.api.native.common import with_project
from compute.api.native.external_events import ExternalEvents
from compute.api.native.flavors import Flavors
from compute.api.native.instance_actions import InstanceActions
from compute.api.native.interfaces import Interfaces
from compute.api.native.keypairs import Keypairs
from compute.api.native.quotas import Quotas
from compute.api.native.server_actions import ServerActions
from compute.api.native.server_body import Reader
from compute.api.native.server_images import ServerImages
from compute.api.native.server_parts import ServerParts
from compute.api.native.servers import Servers
from compute.api.native.volumes import Volumes
from compute.env import Env


def api(conf: cfg.ConfigOpts, env: Env, tasks: task.Runner) -> wsgi.API:
    """Return the API; ``tasks`` writes tasks, others may run them."""
    creator = creation.Creator(conf, env.api, env.cell, tasks)
    reader = Reader(env.api, env.clients,
                    [conf.compute.availability_zone])
    resources: list[Any] = [
        Servers(conf, env.cell, tasks, creator, reader),
        ServerActions(env.cell, tasks, env, {"createImage": ServerImages(
            conf, env.cell, tasks, env).create}),
        ServerParts(conf, env.cell),
        Volumes(env.cell, tasks, env.clients),
        Interfaces(env.cell, tasks, env),
        InstanceActions(env.cell),
        Flavors(env.api), Keypairs(conf, env.api), Quotas(conf, env.api),
        Cloud(conf, env.api, env.cell),
        Aggregates(conf, env.api, env.cell),
        ExternalEvents(env.cell, tasks, env),
        versions.Extensions(),
    ]
    table = [route for resource in resources
             for route in resource.routes()]
    return wsgi.API(
        name="compute",
        routes=[*versions.Versions().routes(), *with_project(table)],
        rules=policies.RULES, faults=faults.COMPUTE,
        microversions=versions.MICROVERSIONS)
