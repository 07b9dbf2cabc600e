"""Options of the image service."""

from typing import TYPE_CHECKING

from oslo_config import cfg, types

from common import conf as common_conf
from imagestore import import_conf

if TYPE_CHECKING:
    from common import fetch

GROUP = "imagestore"

OPTS = [
    cfg.ListOpt(
        "stores", default=["file:file"],
        help="Where the data of images are kept: NAME:DRIVER of each "
             "store. Drivers are file, objectstore (the object store in the "
             "catalog), http (read-only: images that lie on web servers), "
             "and all other entry points of "
             "pileus.image_stores. Options of a store are in its own group, "
             "image_store_NAME."),
    cfg.StrOpt(
        "default_store",
        help="The store for data of which nobody says where they are to "
             "go. By default the first."),
    cfg.StrOpt(
        "images_dir", default="$state_dir/images",
        help="Directory of a file store that names none of its own. All "
             "hosts that run the service must see the same."),
    cfg.StrOpt(
        "staging_dir", default="$state_dir/images-staging",
        help="Directory where uploaded and downloaded data wait for their "
             "import. All hosts that run the service must see the same."),
    cfg.ListOpt(
        "import_methods",
        default=["glance-direct", "web-download", "copy-image"],
        help="The ways to import an image that are offered."),
    cfg.ListOpt(
        "web_ports", item_type=types.Port(), default=[80, 443],
        help="Ports of web servers that images may be imported from."),
    cfg.ListOpt(
        "web_allowed_networks", default=[],
        help="Networks that images may be imported from though they are "
             "not public, such as 192.0.2.0/24."),
    cfg.ListOpt(
        "web_denied_networks", default=[],
        help="Public networks that images may not be imported from, such "
             "as those of this deployment."),
    cfg.StrOpt(
        "cache_dir",
        help="Directory of this host's own, where it keeps copies of images "
             "from stores far away. Without one there is no cache."),
    cfg.IntOpt(
        "cache_bytes", default=10 << 30, min=1,
        help="Most that the cache holds, in bytes. What was not read for "
             "the longest time goes first."),
    cfg.BoolOpt(
        "locations_in_images", default=False,
        help="Show where data are kept as member locations of an image, and "
             "let it be changed by PATCH."),
    cfg.BoolOpt(
        "secure_hash", default=True,
        help="Compute the digests of data that are added by their "
             "location."),
    cfg.BoolOpt(
        "require_image_format_match", default=True,
        help="Refuse data that are not of the disk format that the image "
             "says, or unsafe in it. Without it all data are taken, and "
             "what uses images has to look at them itself."),
    cfg.BoolOpt(
        "unified_limits", default=False,
        help="Hold projects to the limits that identity has registered: "
             "image_count_total, image_count_uploading, and, in MiB, "
             "image_size_total and image_stage_total."),
    cfg.StrOpt(
        "property_protection_file",
        help="File that says which roles may do what to which custom "
             "properties. Without one, all may do all."),
    cfg.IntOpt(
        "image_size_cap", default=1 << 40, min=1,
        help="Largest image, in bytes."),
    cfg.IntOpt(
        "collect_interval", default=30, min=1, max=60,
        help="Seconds between two searches for data that nothing needs "
             "any longer."),
]

STORE_OPTS = [
    cfg.StrOpt(
        "directory", help="Directory of a file store."),
    cfg.StrOpt(
        "container", default="images",
        help="Container of a store in an object store. It lies in the "
             "account of the project of the services, and is made when it "
             "is needed."),
    cfg.IntOpt(
        "segment_mib", default=200, min=1, max=5120,
        help="Size, in MiB, of the segments that images are cut into in an "
             "object store. Those of images of more than a hundred become "
             "larger towards their end."),
    cfg.IntOpt(
        "weight", default=0,
        help="Of the stores that have an image, the one with the highest "
             "weight is read."),
    cfg.StrOpt(
        "description", default="", help="What users are told of the store."),
]


def store_group(name: str) -> str:
    """Return the group of options of a store."""
    return f"image_store_{name}"


def register_store(conf: cfg.ConfigOpts, name: str) -> str:
    """Add the options of a store; return their group."""
    group = store_group(name)
    conf.register_opts(STORE_OPTS, group=group)
    return group


def parse_store(text: str) -> tuple[str, str]:
    """Return name and driver of an item of ``stores``."""
    name, found, kind = text.partition(":")
    if not (found and name and kind) or name.startswith("os_glance_"):
        raise ValueError(f"imagestore.stores: {text!r} is not NAME:DRIVER")
    return name.strip(), kind.strip()


def web_rules(conf: cfg.ConfigOpts) -> "fetch.Rules":
    """Return where data may be read from that users name."""
    # With its HTTP client: not for all who read options.
    from common import fetch
    own = conf[GROUP]
    return fetch.Rules(ports=own.web_ports, allowed=own.web_allowed_networks,
                       denied=own.web_denied_networks)


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Add the options, as group ``imagestore``."""
    common_conf.register_service(conf, GROUP, port=9292)
    conf.register_opts(OPTS, group=GROUP)
    import_conf.register_opts(conf)
