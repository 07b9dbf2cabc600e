"""Options: working defaults for all, one file or a directory of them."""

import os
import socket
from collections.abc import Callable, Iterable

from oslo_config import cfg

DEFAULT_STATE_DIR = "/var/lib/pileus"

_OPTS = [
    cfg.StrOpt(
        "host", default=socket.gethostname(),
        help="Name of this node, unique in the cloud. Agents are known by "
             "it; never change it while servers run here."),
    cfg.StrOpt(
        "state_dir", default=DEFAULT_STATE_DIR,
        help="Directory that holds all that the cloud keeps."),
    cfg.StrOpt(
        "region", default="RegionOne", help="Name of the region."),
    cfg.StrOpt(
        "public_url",
        help="Scheme and host, such as https://cloud.example, under which "
             "clients reach the services; each keeps its port. By default "
             "http and the address that the service listens on."),
    cfg.StrOpt(
        "paste", help="File of the middleware pipelines, in place of the "
                      "one that comes with Pileus."),
    cfg.BoolOpt("debug", default=False, help="Log what happens in detail."),
    cfg.StrOpt(
        "log_format", default="plain", choices=["plain", "json"],
        help="Form of a line of the log."),
    cfg.IntOpt(
        "drain_timeout", default=25, min=0,
        help="Seconds that a stopping daemon gives to work in progress."),
]

_GROUPS: dict[str, list[cfg.Opt]] = {
    "bus": [
        cfg.StrOpt(
            "url", default="memory://", secret=True,
            help="Message broker: memory:// within one process, or "
                 "amqp://USER:PASSWORD@HOST:5672/VHOST."),
        cfg.StrOpt(
            "exchange", default="pileus",
            help="Name of the topic exchange."),
    ],
    "auth": [
        cfg.StrOpt(
            "url", default="http://127.0.0.1:5000",
            help="Root of the identity service as the daemons reach it."),
        cfg.IntOpt(
            "cache_size", default=10000, min=0,
            help="Validated tokens kept in memory, in each process."),
        cfg.IntOpt(
            "cache_seconds", default=60, min=0, max=60,
            help="Seconds that a validated token is believed unasked when "
                 "no revocation arrives over the bus."),
    ],
    "bootstrap": [
        cfg.StrOpt(
            "admin_password", secret=True,
            help="Password that the user admin gets when the cloud is "
                 "first set up."),
    ],
    "metadata": [
        cfg.StrOpt(
            "shared_secret", secret=True,
            help="Key with which the metadata proxies sign what they "
                 "forward."),
    ],
    "node": [
        cfg.StrOpt(
            "name", default="node1", help="Name of the node's directory."),
        cfg.StrOpt(
            "run_dir", default="/run",
            help="Directory with the node's libvirt, openvswitch and ovn "
                 "sockets."),
        cfg.ListOpt(
            "enter", default=[],
            help="Command prefix, words separated by commas, that runs a "
                 "command within the node's namespaces. Empty when the "
                 "daemons run there themselves."),
    ],
    "ovn": [
        cfg.StrOpt(
            "nb", default="unix:/run/ovn/ovnnb_db.sock",
            help="OVN northbound database."),
        cfg.StrOpt(
            "sb", default="unix:/run/ovn/ovnsb_db.sock",
            help="OVN southbound database."),
    ],
    "certificates": [
        cfg.StrOpt(
            "driver", default="file",
            help="Where the certificates are that signatures of images are "
                 "checked with: file, or another entry point of "
                 "pileus.certificates."),
        cfg.StrOpt(
            "directory", default="$state_dir/certificates",
            help="Directory of the driver file: UUID.pem of each "
                 "certificate. All that lie there are trusted."),
    ],
    "cors": [
        cfg.ListOpt(
            "allowed_origins", default=[],
            help="Origins of web pages that may call the APIs."),
    ],
    "limits": [
        cfg.IntOpt(
            "body_bytes", default=1 << 20, min=1024,
            help="Largest JSON body, in bytes."),
        cfg.IntOpt(
            "connections", default=1000, min=1,
            help="Connections that one worker serves at a time."),
        cfg.IntOpt(
            "idle_seconds", default=60, min=1,
            help="Seconds after which an idle connection is closed."),
    ],
}


def load(paths: Iterable[str] = (),
         register: Iterable[Callable[[cfg.ConfigOpts], None]] = (),
         **overrides: object) -> cfg.ConfigOpts:
    """Return the options of this process.

    :param paths: configuration files and directories of ``*.conf``;
        those that come later win
    :param register: functions that add the services' options
    :param overrides: options of the default group that beat the files
    :raises oslo_config.cfg.ConfigFilesNotFoundError: for a missing path
    """
    conf = cfg.ConfigOpts()
    conf.register_opts(_OPTS)
    for group, opts in _GROUPS.items():
        conf.register_opts(opts, group=group)
    for add in register:
        add(conf)
    files = [path for path in paths if not os.path.isdir(path)]
    folders = [path for path in paths if os.path.isdir(path)]
    conf([], project="pileus", default_config_files=files,
         default_config_dirs=folders)
    for name, value in overrides.items():
        conf.set_override(name, value)
    return conf


def register_service(conf: cfg.ConfigOpts, name: str, *, port: int,
                     database: str | None = None) -> None:
    """Add the options that every service has, as group ``name``."""
    conf.register_opts([
        cfg.StrOpt(
            "listen", default="127.0.0.1",
            help="Address that the API listens on."),
        cfg.PortOpt("port", default=port, help="Port of the API."),
        cfg.IntOpt(
            "workers", default=1, min=1,
            help="Processes that serve the API, in distributed mode."),
        cfg.StrOpt(
            "database", secret=True,
            default=f"sqlite:///$state_dir/{database or name}.db",
            help="Database: sqlite:///FILE, "
                 "postgresql+psycopg://USER:PASSWORD@HOST/NAME or "
                 "mysql+pymysql://USER:PASSWORD@HOST/NAME."),
        cfg.StrOpt(
            "username", default=name,
            help="The service's own user, in project service."),
        cfg.StrOpt(
            "password", secret=True, help="Password of that user."),
    ], group=name)
