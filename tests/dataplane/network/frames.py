"""Frames that guests send, made whole so that none is dropped as broken."""

import ipaddress
import struct

from tests.dataplane.network.probe import checksum


def ethernet(destination, source, kind, payload):
    return _mac(destination) + _mac(source) + struct.pack("!H", kind) + (
        payload)


def arp_reply(destination, source, claimed, told):
    """Tell ``told`` that ``source`` has the address ``claimed``."""
    return ethernet(destination, source, 0x0806, struct.pack(
        "!HHBBH", 1, 0x0800, 6, 4, 2) + _mac(source) + _ip(claimed)
        + _mac(destination) + _ip(told))


def udp(destination, source, ends, ports, payload):
    """A datagram; ``ends`` and ``ports`` are those of sender, receiver."""
    head = struct.pack("!HHHH", *ports, 8 + len(payload), 0)
    return _packet(destination, source, ends, 17, 6, head + payload)


def icmp6(destination, source, ends, kind, payload):
    """``payload`` follows type, code and checksum."""
    return _packet(destination, source, ends, 58, 2,
                   struct.pack("!BBH", kind, 0, 0) + payload)


def advertisement(source, ends, mark):
    """Say to all on the link that the sender is their router."""
    option = struct.pack("!BB6s", 1, 1, _mac(source))
    return icmp6("33:33:00:00:00:01", source, ends, 134, struct.pack(
        "!BBHII", 64, 0, 1800, 0, 0) + option + mark)


def link_local(mac):
    """Return the address that a link gives itself."""
    raw = _mac(mac)
    return str(ipaddress.IPv6Address(
        b"\xfe\x80" + bytes(6) + bytes([raw[0] ^ 2]) + raw[1:3]
        + b"\xff\xfe" + raw[3:]))


def _packet(destination, source, ends, protocol, at, body):
    """``at`` is where the checksum of the body is."""
    one, two = map(_ip, ends)
    total = checksum(one + two + struct.pack(
        "!II", len(body), protocol) + body)
    body = body[:at] + struct.pack("!H", total) + body[at + 2:]
    if len(one) == 16:
        return ethernet(destination, source, 0x86DD, struct.pack(
            "!IHBB", 6 << 28, len(body), protocol, 255) + one + two + body)
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64,
                       protocol, 0) + one + two
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return ethernet(destination, source, 0x0800, head + body)


def _mac(text):
    return bytes.fromhex(text.replace(":", ""))


def _ip(text):
    return ipaddress.ip_address(text).packed
