"""What may be set for one domain in place of the configuration file.

The options are those of Keystone, for the clients that set them. No
identity driver but our own tables reads them yet.
"""

from collections.abc import Iterator
from typing import Any

from identity.exceptions import InvalidDomainConfig

#: What may be set, shown, and is so by default.
DEFAULTS: dict[str, dict[str, Any]] = {
    "identity": {"driver": "sql", "list_limit": None},
    "ldap": {
        "url": "ldap://localhost",
        "user": None,
        "suffix": "cn=example,cn=com",
        "query_scope": "one",
        "page_size": 0,
        "alias_dereferencing": "default",
        "debug_level": None,
        "chase_referrals": None,
        "user_tree_dn": None,
        "user_filter": None,
        "user_objectclass": "inetOrgPerson",
        "user_id_attribute": "cn",
        "user_name_attribute": "sn",
        "user_mail_attribute": "mail",
        "user_description_attribute": "description",
        "user_pass_attribute": "userPassword",
        "user_enabled_attribute": "enabled",
        "user_enabled_invert": False,
        "user_enabled_mask": 0,
        "user_enabled_default": "True",
        "user_attribute_ignore": ["default_project_id"],
        "user_default_project_id_attribute": None,
        "user_enabled_emulation": False,
        "user_enabled_emulation_dn": None,
        "user_enabled_emulation_use_group_config": False,
        "user_additional_attribute_mapping": [],
        "group_tree_dn": None,
        "group_filter": None,
        "group_objectclass": "groupOfNames",
        "group_id_attribute": "cn",
        "group_name_attribute": "ou",
        "group_members_are_ids": False,
        "group_member_attribute": "member",
        "group_desc_attribute": "description",
        "group_attribute_ignore": [],
        "group_additional_attribute_mapping": [],
        "tls_cacertfile": None,
        "tls_cacertdir": None,
        "use_tls": False,
        "tls_req_cert": "demand",
        "use_pool": True,
        "pool_size": 10,
        "pool_retry_max": 3,
        "pool_retry_delay": 0.1,
        "pool_connection_timeout": -1,
        "pool_connection_lifetime": 600,
        "use_auth_pool": True,
        "auth_pool_size": 100,
        "auth_pool_connection_lifetime": 60,
    },
}
#: What may be set, and is never shown.
SENSITIVE: dict[str, frozenset[str]] = {
    "identity": frozenset(), "ldap": frozenset({"password"})}


def check(group: str, option: str | None = None, *,
          sensitive: bool = True) -> None:
    """Raise InvalidDomainConfig where it may not be set.

    :param sensitive: those that are never shown will do, too
    """
    if group not in DEFAULTS:
        raise InvalidDomainConfig(
            reason=f"group {group[:64]} is not supported, only "
                   f"{' and '.join(DEFAULTS)}")
    if option is None or option in DEFAULTS[group]:
        return
    if not (sensitive and option in SENSITIVE[group]):
        raise InvalidDomainConfig(
            reason=f"option {option[:64]} in group {group} is not "
                   "supported")


def checked(config: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield group, option and value of all in ``config``.

    :raises InvalidDomainConfig: if one may not be set, or there is none
    """
    if not config:
        raise InvalidDomainConfig(reason="no options specified")
    for group, options in config.items():
        check(group)
        if not isinstance(options, dict) or not options:
            raise InvalidDomainConfig(
                reason=f"group {group} specifies no options")
        for option, value in options.items():
            check(group, option)
            yield group, option, value
