"""Properties that operators give to what users import."""

from oslo_config import cfg

from imagestore.plugins import base


class InjectMetadata(base.Plugin):
    """Sets properties, unless the user has one of some roles."""

    def __init__(self, properties: dict[str, str],
                 ignored_roles: list[str]) -> None:
        self._properties = properties
        self._ignored = {role.lower() for role in ignored_roles}

    @classmethod
    def from_conf(cls, conf: cfg.ConfigOpts) -> "InjectMetadata":
        own = conf.inject_metadata_properties
        return cls(own.inject, own.ignore_user_roles)

    def change(self, staged: base.Staged) -> base.Change:
        if self._ignored & {role.lower() for role in staged.roles}:
            return base.Change()
        return base.Change(properties=self._properties)
