"""What requests about servers look like, by microversion.

``minor`` is the second number of the version: 19 for 2.19.
"""

import functools
from typing import Any

from common.schema import LOOSE_BOOLEAN, UUID, Schema, closed, wrapped

#: Printable, not blank at either end.
_NAME_FORM = r"^(?! )[^\x00-\x1f\x7f]+(?<! )$"
NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 255,
                "pattern": _NAME_FORM}
DESCRIPTION: Schema = {"type": ["string", "null"], "maxLength": 255,
                       "pattern": r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$"}
_KEY: Schema = {"minLength": 1, "maxLength": 255,
                "pattern": r"^[a-zA-Z0-9\-_:. ]+$"}
METADATA: Schema = {
    "type": "object", "propertyNames": _KEY,
    "additionalProperties": {"type": "string", "maxLength": 255}}
TAG: Schema = {"type": "string", "minLength": 1, "maxLength": 60,
               "pattern": r"^[^,/]*$"}
_DEVICE_TAG: Schema = {"type": "string", "minLength": 1, "maxLength": 60,
                       "pattern": r"^[^,/]*$"}
_ADDRESS_V4: Schema = {"type": ["string", "null"], "maxLength": 15}
_ADDRESS_V6: Schema = {"type": ["string", "null"], "maxLength": 45}
_COUNT: Schema = {"type": ["integer", "string"], "minimum": 1,
                  "pattern": "^[1-9][0-9]{0,8}$"}
_REFERENCE: Schema = {"type": ["string", "integer"], "minLength": 1}
_HOSTNAME: Schema = {
    "type": "string", "minLength": 2, "maxLength": 63,
    "pattern": r"^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])$"}
_FQDN: Schema = {
    "type": "string", "minLength": 2, "maxLength": 255,
    "pattern": r"^([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)"
               r"(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*$"}
_DISK_CONFIG: Schema = {"enum": ["AUTO", "MANUAL"]}


def _network(minor: int) -> Schema:
    members: Schema = {
        "uuid": UUID, "port": {"anyOf": [UUID, {"type": "null"}]},
        "fixed_ip": {"type": ["string", "null"], "maxLength": 45}}
    if 32 <= minor <= 36 or minor >= 42:
        members["tag"] = _DEVICE_TAG
    return closed(members)


def _networks(minor: int) -> Schema:
    listed: Schema = {"type": "array", "items": _network(minor)}
    if minor < 37:
        return listed | {"type": ["array", "null"]}
    return {"oneOf": [listed, {"enum": ["auto", "none"]}]}


_HINTS: Schema = {
    "type": "object", "maxProperties": 64,
    "properties": {
        "group": UUID, "build_near_host_ip": {"type": "string"},
        "different_host": {"oneOf": [UUID, {
            "type": "array", "items": UUID}]},
        "same_host": {"oneOf": [UUID, {"type": "array", "items": UUID}]},
        "target_cell": {"type": "string"},
        "query": {"type": ["string", "object", "array"]}},
    "additionalProperties": True}


_OPTIONAL: Schema = {"type": ["string", "null"], "maxLength": 255}


def _device(minor: int) -> Schema:
    members: Schema = {
        "boot_index": {"type": ["integer", "string", "null"],
                       "pattern": "^-?[0-9]{1,9}$"},
        "delete_on_termination": LOOSE_BOOLEAN,
        "destination_type": {"enum": ["local", "volume"]},
        "source_type": {"enum": ["volume", "image", "snapshot", "blank"]},
        "uuid": UUID, "volume_size": {
            "type": ["integer", "string", "null"],
            "pattern": "^[0-9]{0,9}$"},
        "no_device": {}, **dict.fromkeys((
            "device_name", "device_type", "disk_bus", "guest_format",
            "virtual_name"), _OPTIONAL)}
    if 32 <= minor <= 36 or minor >= 42:
        members["tag"] = _DEVICE_TAG
    if minor >= 67:
        members["volume_type"] = _OPTIONAL
    return closed(members)


@functools.cache
def create(minor: int) -> Schema:
    """Return the schema of a creation."""
    members: dict[str, Any] = {
        "name": NAME, "imageRef": {"type": "string"},
        "flavorRef": _REFERENCE, "adminPass": {
            "type": "string", "maxLength": 255},
        "metadata": METADATA, "networks": _networks(minor),
        "OS-DCF:diskConfig": _DISK_CONFIG, "accessIPv4": _ADDRESS_V4,
        "accessIPv6": _ADDRESS_V6,
        "availability_zone": {"type": ["string", "null"], "minLength": 1,
                              "maxLength": 255},
        "block_device_mapping": {"type": "array", "maxItems": 255},
        "block_device_mapping_v2": {
            "type": "array", "maxItems": 255, "items": _device(minor)},
        "config_drive": {"anyOf": [LOOSE_BOOLEAN, {"enum": ["", None]}]},
        "key_name": {"type": ["string", "null"], "maxLength": 255},
        "min_count": _COUNT, "max_count": _COUNT,
        "return_reservation_id": LOOSE_BOOLEAN,
        "security_groups": {"type": "array", "maxItems": 64,
                            "items": closed({"name": {
                                "type": "string", "minLength": 1,
                                "maxLength": 255}})},
        "user_data": {"type": ["string", "null"], "maxLength": 65535},
    }
    if minor < 57:
        members["personality"] = {"type": "array", "maxItems": 64}
    for since, added in _ADDED:
        if minor >= since:
            members |= added
    required: tuple[str, ...] = ("name", "flavorRef")
    if minor >= 37:
        required += ("networks",)
    return closed({
        "server": closed(members, required), "os:scheduler_hints": _HINTS,
        "OS-SCH-HNT:scheduler_hints": _HINTS}, ("server",))


_ADDED: list[tuple[int, Schema]] = [
    (19, {"description": DESCRIPTION}),
    (52, {"tags": {"type": "array", "items": TAG, "maxItems": 50,
                   "uniqueItems": True}}),
    (63, {"trusted_image_certificates": {
        "type": ["array", "null"], "minItems": 1, "maxItems": 50,
        "uniqueItems": True,
        "items": {"type": "string", "minLength": 1}}}),
    (74, {"host": {"type": "string", "minLength": 1, "maxLength": 255},
          "hypervisor_hostname": {
              "type": "string", "minLength": 1, "maxLength": 255}}),
    (90, {"hostname": _HOSTNAME}),
    (94, {"hostname": _FQDN}),
]


@functools.cache
def update(minor: int) -> Schema:
    """Return the schema of an update."""
    members: Schema = {
        "name": NAME, "OS-DCF:diskConfig": _DISK_CONFIG,
        "accessIPv4": _ADDRESS_V4, "accessIPv6": _ADDRESS_V6}
    if minor >= 19:
        members["description"] = DESCRIPTION
    if minor >= 90:
        members["hostname"] = _FQDN if minor >= 94 else _HOSTNAME
    return wrapped("server", members_of(members))


def members_of(members: Schema) -> Schema:
    return closed(members) | {"minProperties": 1}


REBOOT = closed({"type": {"enum": ["HARD", "Hard", "hard", "SOFT", "Soft",
                                   "soft"]}}, ("type",))
CONSOLE = {"anyOf": [{"type": "null"}, closed({"length": {
    "anyOf": [{"type": "null"}, {"type": ["integer", "string"],
                                 "minimum": -1,
                                 "pattern": "^(-1|[0-9]{1,9})$"}]}})]}
EMPTY: Schema = {}


@functools.cache
def create_image(minor: int) -> Schema:
    """Return the schema of what makes an image of a server."""
    name = NAME if minor >= 1 else {
        "type": "string", "minLength": 1, "maxLength": 255,
        "pattern": r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"}
    return closed({"name": name, "metadata": METADATA}, ("name",))


METADATA_BODY = wrapped("metadata", METADATA)
META_BODY = wrapped("meta", METADATA | {
    "minProperties": 1, "maxProperties": 1})
TAGS_BODY = wrapped("tags", {"type": "array", "items": TAG,
                             "maxItems": 50, "uniqueItems": True})


_ATTACHMENT: Schema = {
    "volumeId": UUID,
    "device": {"type": ["string", "null"], "maxLength": 255,
               "pattern": r"^(/dev/x{0,1}[a-z]{0,1}d{0,1})([a-z]+)"
                          r"[0-9]*$|^$"}}


@functools.cache
def attach_volume(minor: int) -> Schema:
    members = dict(_ATTACHMENT)
    if minor >= 49:
        members["tag"] = _DEVICE_TAG
    if minor >= 79:
        members["delete_on_termination"] = LOOSE_BOOLEAN
    return wrapped("volumeAttachment", closed(members, ("volumeId",)))


UPDATE_VOLUME = wrapped("volumeAttachment", closed({
    "volumeId": UUID, "device": {"type": ["string", "null"]},
    "tag": {"type": "string"}, "delete_on_termination": LOOSE_BOOLEAN,
    "serverId": UUID, "id": UUID}, ("volumeId",)))


@functools.cache
def attach_port(minor: int) -> Schema:
    members: Schema = {
        "net_id": {"type": "string", "maxLength": 64},
        "port_id": {"type": "string", "maxLength": 64},
        "fixed_ips": {"type": "array", "minItems": 1, "maxItems": 1,
                      "items": closed({"ip_address": {
                          "type": "string", "maxLength": 45}},
                          ("ip_address",))}}
    if minor >= 49:
        members["tag"] = _DEVICE_TAG
    return closed({"interfaceAttachment": closed(members)})


_TEXT: Schema = {"type": "string", "maxLength": 255}
_MANY: Schema = {"type": "array", "items": _TEXT, "maxItems": 64}

#: Filters of lists, and the version that each came with.
_FILTERS: dict[str, int] = {
    "ip6": 1, "tags": 26, "tags-any": 26, "not-tags": 26,
    "not-tags-any": 26, "changes-before": 66, "locked": 73,
    **dict.fromkeys((
        "all_tenants", "availability_zone", "changes-since",
        "config_drive", "created_at", "deleted", "description",
        "display_description", "display_name", "flavor", "host", "hostname",
        "image", "image_ref", "instance_type_id", "ip", "key_name",
        "launch_index", "launched_at", "limit", "locked_by", "marker",
        "name", "node", "power_state", "progress", "project_id",
        "reservation_id", "root_device_name", "soft_deleted", "sort_dir",
        "sort_key", "status", "task_state", "tenant_id", "terminated_at",
        "user_id", "uuid", "vm_state", "access_ip_v4", "access_ip_v6",
        "auto_disk_config", "kernel_id", "ramdisk_id", "block_device_mapping",
        "services", "metadata", "system_metadata", "info_cache",
        "security_groups", "fault", "pci_devices", "cell_name"), 1),
}


def query(minor: int) -> Schema:
    """Return the schema of a list's query string."""
    members = {name: _MANY for name, since in _FILTERS.items()
               if minor >= since}
    members["limit"] = {"type": "array", "items": {
        "type": "string", "pattern": "^[0-9]{1,9}$"}}
    return {"type": "object", "properties": members,
            "additionalProperties": minor < 75}
