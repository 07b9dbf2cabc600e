"""The XML of domains."""

import pathlib
from xml.etree import ElementTree

import pytest

from compute import exceptions
from compute.drivers.libvirt import devices, domains
from compute.drivers.libvirt.settings import Settings
from tests.unit.compute_agent.things import make_nic, make_spec, make_volume

SETTINGS = Settings(
    uri="", owner="owner-1", instances_dir=pathlib.Path("/i"),
    images_dir=pathlib.Path("/c"))
BASE = domains.Base(pathlib.Path("/c/base"), "qcow2")


def build(spec, base=BASE, **settings):
    import dataclasses
    text = domains.build(
        spec, dataclasses.replace(SETTINGS, **settings), base)
    return ElementTree.fromstring(text)


def test_text_of_users_is_never_markup():
    evil = "</name><devices><x a='\"&"
    spec = make_spec(name=evil, hostname=evil, nics=[make_nic()])
    spec.volumes = [make_volume(evil)]
    root = build(spec)
    assert root.find("devices/x") is None
    host = root.find("devices/disk[@type='network']/source/host")
    assert host.get("socket") == evil


def test_formats_are_explicit_down_the_chain():
    disk = build(make_spec()).find("devices/disk")
    assert disk.find("driver").get("type") == "qcow2"
    assert disk.find("backingStore/format").get("type") == "qcow2"
    assert disk.find("backingStore/backingStore") is not None
    assert disk.find("backingStore/source/seclabel").get("relabel") == "no"


@pytest.mark.parametrize("real, kind", [(True, "kvm"), (False, "qemu")])
def test_kvm_only_where_proven(real, kind):
    assert build(make_spec(), accelerated=real).get("type") == kind


def test_cards_and_mark():
    nic = make_nic()
    spec = make_spec(nics=[nic], generation=7)
    root = build(spec)
    card = root.find("devices/interface")
    assert card.find("virtualport/parameters").get(
        "interfaceid") == nic.port_id
    assert card.find("driver/host").get("csum") == "off"
    assert card.find("mtu").get("size") == "1442"
    text = ElementTree.tostring(root.find("metadata"), encoding="unicode")
    assert domains.mark(text) == domains.Mark(
        "owner-1", spec.server_id, 7)


def test_volumes_get_names_of_their_own():
    taken = make_volume(device="/dev/vdb")
    spec = make_spec(volumes=[taken, make_volume(), make_volume()])
    names = [target.get("dev") for target in build(spec).findall(
        "devices/disk/target")]
    assert names == ["vda", "vdb", "vdc", "vdd"]


def test_a_server_without_image_starts_from_its_volume():
    spec = make_spec(volumes=[make_volume(device="/dev/vda")])
    disk, = build(spec, base=None).findall("devices/disk")
    assert disk.find("boot").get("order") == "1"


def test_q35_has_ports_for_hot_plug():
    root = build(make_spec(config_drive=True), machine="q35")
    ports = root.findall("devices/controller[@model='pcie-root-port']")
    assert len(ports) == 20
    assert root.find("devices/disk[@device='cdrom']/target").get(
        "bus") == "scsi"


@pytest.mark.parametrize("info", [
    {}, {"driver_volume_type": "iscsi", "data": {}},
    {"driver_volume_type": "nbd", "data": {"serial": "another"}}])
def test_unknown_or_wrong_volumes_are_refused(info):
    with pytest.raises(exceptions.VolumeNotAttached):
        devices.volume_disk(make_volume(connection_info=info), "vdb")
