"""Options of imports, in the groups that the reference service has."""

from oslo_config import cfg

_GROUPS: dict[str, list[cfg.Opt]] = {
    "image_import_opts": [
        cfg.ListOpt(
            "image_import_plugins", default=["no_op"], bounds=False,
            help="What happens to images while they are imported, in this "
                 "order: no_op, image_decompression, image_conversion, "
                 "inject_image_metadata, and all other entry points of "
                 "pileus.image_import_plugins."),
    ],
    "image_conversion": [
        cfg.StrOpt(
            "output_format", default="raw",
            choices=["raw", "qcow2", "vmdk"],
            help="The disk format that image_conversion makes of others."),
    ],
    "image_decompression": [
        cfg.IntOpt(
            "max_ratio", default=250, min=1,
            help="Bytes that may come out of a packed image for each byte "
                 "of it, once they are more than 64 MiB. Beside this "
                 "imagestore.image_size_cap holds."),
    ],
    "inject_metadata_properties": [
        cfg.ListOpt(
            "ignore_user_roles", default=["admin"],
            help="Roles whose users import images without what "
                 "inject_image_metadata adds."),
        cfg.DictOpt(
            "inject", default={},
            help="Custom properties that inject_image_metadata sets: "
                 "NAME:VALUE of each."),
    ],
    "glance_download_properties": [
        cfg.ListOpt(
            "extra_properties",
            default=["hw_", "trait:", "os_distro", "os_secure_boot",
                     "os_type"],
            help="Custom properties that glance-download takes over from "
                 "the image of the other region: how their names begin."),
    ],
}

OPTS = [
    cfg.IntOpt(
        "imports_per_project", default=8, min=1,
        help="Imports that a project may have under way at a time."),
    cfg.StrOpt(
        "token_key_file", default="$state_dir/imagestore-tokens.key",
        help="File with the key that seals the tokens of users while "
             "glance-download needs them; it is made at first use. All "
             "hosts that run the service must see the same."),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Add the options; those of no group of their own to imagestore."""
    conf.register_opts(OPTS, group="imagestore")
    for group, opts in _GROUPS.items():
        conf.register_opts(opts, group=group)
