"""Options of the image service."""

from oslo_config import cfg

from common import conf as common_conf

GROUP = "imagestore"

OPTS = [
    cfg.StrOpt(
        "store", default="file",
        help="Where the data of images are kept: file, or any other entry "
             "point of pileus.image_stores."),
    cfg.StrOpt(
        "images_dir", default="$state_dir/images",
        help="Directory of the file store. All hosts that run the service "
             "must see the same."),
    cfg.IntOpt(
        "image_size_cap", default=1 << 40, min=1,
        help="Largest image, in bytes."),
    cfg.IntOpt(
        "collect_interval", default=30, min=1, max=60,
        help="Seconds between two searches for data that nothing needs "
             "any longer."),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Add the options, as group ``imagestore``."""
    common_conf.register_service(conf, GROUP, port=9292)
    conf.register_opts(OPTS, group=GROUP)
