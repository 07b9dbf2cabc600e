"""A server's own data in the two forms that guests ask for.

The metadata service and the config drive show the same; both take it from
the specification that the agents get.
"""

import base64
import binascii
import json
import os
from collections.abc import Sequence
from typing import Any

from compute import spec as specs
from compute.metadata import network_data

#: Dates of the OpenStack form, oldest first; each shows what the newest
#: does, for no member was ever taken away.
OPENSTACK_VERSIONS = (
    "2012-08-10", "2013-04-04", "2013-10-17", "2015-10-15", "2016-06-30",
    "2016-10-06", "2017-02-22", "2018-08-27", "2020-10-14", "latest")

EC2_VERSIONS = (
    "1.0", "2007-01-19", "2007-03-01", "2007-08-29", "2007-10-10",
    "2007-12-15", "2008-02-01", "2008-09-01", "2009-04-04", "latest")

_SEED_BYTES = 512


def openstack(spec: specs.ServerSpec) -> dict[str, bytes]:
    """Return the files of one version's folder by name."""
    files = {
        "meta_data.json": _json(_meta_data(spec)),
        "network_data.json": _json(network_data.build(spec)),
        "vendor_data.json": b"{}",
        "vendor_data2.json": b"{}",
    }
    if spec.user_data is not None:
        files["user_data"] = user_data(spec)
    return files


def user_data(spec: specs.ServerSpec) -> bytes:
    """Return the bytes that the user gave to the guest."""
    try:
        return base64.b64decode(spec.user_data or "")
    except binascii.Error:
        return b""


def ec2(spec: specs.ServerSpec, *, public_ipv4: str = "",
        groups: Sequence[str] = ("default",)) -> dict[str, Any]:
    """Return the EC2 form: folders are dicts, values text.

    :param public_ipv4: its floating IP, where that is known
    :param groups: names of its security groups
    """
    addresses = [ip["ip_address"] for nic in spec.nics
                 for ip in nic.fixed_ips]
    tree: dict[str, Any] = {
        "ami-id": ec2_id("ami", spec.image.id) if spec.image else "",
        "ami-launch-index": str(spec.launch_index),
        "ami-manifest-path": "(unknown)",
        "block-device-mapping": {"ami": "vda", "root": "/dev/vda"},
        "hostname": spec.hostname,
        "instance-action": "none",
        "instance-id": ec2_id("i", spec.server_id),
        "instance-type": spec.flavor.name,
        "local-hostname": spec.hostname,
        "local-ipv4": next((ip for ip in addresses if "." in ip), ""),
        "placement": {"availability-zone": spec.availability_zone},
        "public-hostname": spec.hostname,
        "public-ipv4": public_ipv4,
        "reservation-id": spec.reservation_id,
        "security-groups": "\n".join(groups),
    }
    if spec.key:
        tree["public-keys"] = {
            f"0={spec.key.name}": {"openssh-key": spec.key.public_key}}
    return tree


def ec2_id(prefix: str, resource_id: str) -> str:
    """Return the id under which EC2 knows a resource."""
    return f"{prefix}-{resource_id.replace('-', '')[:17]}"


def config_drive(spec: specs.ServerSpec) -> dict[str, bytes]:
    """Return the files of a config drive by path."""
    files = {f"openstack/latest/{name}": content
             for name, content in openstack(spec).items()}
    files["ec2/latest/meta-data.json"] = _json(ec2(spec))
    if spec.user_data is not None:
        files["ec2/latest/user-data"] = user_data(spec)
    return files


def _meta_data(spec: specs.ServerSpec) -> dict[str, Any]:
    data: dict[str, Any] = {
        "uuid": spec.server_id,
        "name": spec.name,
        "hostname": spec.hostname,
        "project_id": spec.project_id,
        "availability_zone": spec.availability_zone,
        "launch_index": spec.launch_index,
        "meta": spec.metadata,
        "devices": _devices(spec),
        "dedicated_cpus": [],
        "random_seed": base64.b64encode(os.urandom(_SEED_BYTES)).decode(),
    }
    if spec.key:
        key = spec.key
        data["public_keys"] = {key.name: key.public_key}
        data["keys"] = [{"name": key.name, "type": key.type,
                         "data": key.public_key}]
    return data


def _devices(spec: specs.ServerSpec) -> list[dict[str, Any]]:
    """Return the tagged devices, by which guests find theirs."""
    nics = [{"type": "nic", "bus": "none", "address": "none",
             "mac": nic.mac, "tags": [nic.tag]}
            for nic in spec.nics if nic.tag]
    disks = [{"type": "disk", "bus": "virtio", "address": "none",
              "serial": volume.serial or volume.volume_id,
              "path": volume.device or "", "tags": [volume.tag]}
             for volume in spec.volumes if volume.tag]
    return nics + disks


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
