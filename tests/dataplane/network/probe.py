"""Run inside a guest's namespace: ping, and ask DHCP.

Needs nothing but Python, so that no package has to be installed for it.
"""

import ctypes
import ipaddress
import json
import os
import random
import socket
import struct
import sys
import time


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ping(address, timeout):
    """Send an echo request every 0.2 s until one is answered."""
    link = socket.socket(socket.AF_INET, socket.SOCK_RAW,
                         socket.IPPROTO_ICMP)
    mark = os.getpid() & 0xFFFF
    body = struct.pack("!HH", mark, 1) + b"x" * 48
    packet = struct.pack("!BBH", 8, 0, checksum(
        b"\x08\0\0\0" + body)) + body
    end = time.monotonic() + timeout
    link.settimeout(0.2)
    while time.monotonic() < end:
        try:
            link.sendto(packet, (address, 0))
            while True:
                got, peer = link.recvfrom(2048)
                icmp = got[(got[0] & 15) * 4:]
                if peer[0] == address and icmp[0] == 0 and (
                        struct.unpack("!H", icmp[4:6])[0] == mark):
                    return True
        except OSError:
            continue
    return False


def dhcp(interface, timeout):
    """Discover and request; return the options of the acknowledgement."""
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                         socket.htons(0x0800))
    link.bind((interface, 0))
    link.settimeout(0.5)
    mac = link.getsockname()[4]
    number = random.getrandbits(32)
    extra = b""
    kind = 1
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        link.send(message(mac, number, kind, extra))
        answer = receive(link, number, time.monotonic() + 0.5)
        if answer and answer["type"] == 2 and kind == 1:
            kind = 3
            extra = (b"\x32\x04" + socket.inet_aton(answer["address"])
                     + b"\x36\x04" + socket.inet_aton(answer["server"]))
        elif answer and answer["type"] == 5:
            return answer
    return None


def message(mac, number, kind, extra):
    bootp = struct.pack("!BBBBIHH4s4s4s4s16s64s128sI", 1, 1, 6, 0, number,
                        0, 0x8000, b"", b"", b"", b"", mac, b"", b"",
                        0x63825363)
    bootp += bytes([53, 1, kind, 55, 5, 1, 3, 6, 26, 121]) + extra + b"\xff"
    udp = struct.pack("!HHHH", 68, 67, 8 + len(bootp), 0) + bootp
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17,
                       0, b"\0" * 4, b"\xff" * 4)
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return b"\xff" * 6 + mac + b"\x08\0" + head + udp


def receive(link, number, end):
    while time.monotonic() < end:
        try:
            frame = link.recv(2048)
        except OSError:
            return None
        udp = frame[14 + (frame[14] & 15) * 4:]
        if frame[23] != 17 or struct.unpack("!H", udp[2:4])[0] != 68:
            continue
        bootp = udp[8:]
        if struct.unpack("!I", bootp[4:8])[0] == number:
            return read(bootp)
    return None


def read(bootp):
    found = {"address": socket.inet_ntoa(bootp[16:20])}
    at = 240
    while at < len(bootp) and bootp[at] != 255:
        kind, size = bootp[at], bootp[at + 1]
        value = bootp[at + 2:at + 2 + size]
        at += 2 + size
        if kind == 53:
            found["type"] = value[0]
        elif kind == 54:
            found["server"] = socket.inet_ntoa(value)
        elif kind == 3:
            found["router"] = socket.inet_ntoa(value[:4])
        elif kind == 6:
            found["dns"] = [socket.inet_ntoa(value[i:i + 4])
                            for i in range(0, size, 4)]
        elif kind == 26:
            found["mtu"] = struct.unpack("!H", value)[0]
        elif kind == 121:
            found["routes"] = routes(value)
    return found


def routes(value):
    found = []
    while value:
        bits = value[0]
        size = (bits + 7) // 8
        net = socket.inet_ntoa(value[1:1 + size].ljust(4, b"\0"))
        hop = socket.inet_ntoa(value[1 + size:5 + size])
        found.append([str(ipaddress.ip_network(f"{net}/{bits}")), hop])
        value = value[5 + size:]
    return found


def http(path, timeout, *headers):
    """Ask the metadata service; return status and text."""
    link = socket.create_connection(("169.254.169.254", 80), timeout)
    lines = [f"GET {path} HTTP/1.1", "Host: 169.254.169.254",
             "Connection: close", *headers]
    link.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    said = b""
    while True:
        part = link.recv(65536)
        if not part:
            break
        said += part
    head, _, body = said.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()


def burst(path, count):
    return [http(path, 5)[0] for _ in range(int(count))]


def hears(sender, hearer, frames):
    """Send frames from one namespace, return which came in at the other.

    ``frames`` is a list in JSON, each frame in hexadecimal digits and
    with an end of its own; the last one must come in, and tells that the
    others would have, too.
    """
    incoming, outgoing = link_of(hearer), link_of(sender)
    wanted = [bytes.fromhex(text) for text in json.loads(frames)]
    end = time.monotonic() + 10
    heard = set()
    while len(wanted) - 1 not in heard:
        assert time.monotonic() < end, "the last frame does not come in"
        for frame in wanted:
            outgoing.send(frame)
        incoming.settimeout(0.3)
        heard |= received(incoming, wanted)
    return sorted(heard)


def solicit(interface, timeout, frame):
    """Ask for a router until one advertises itself."""
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                         socket.htons(0x86DD))
    link.bind((interface, 0))
    link.settimeout(0.3)
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        link.send(bytes.fromhex(frame))
        try:
            while True:
                got = link.recv(2048)
                if got[20] == 58 and got[54] == 134:
                    return True
        except TimeoutError:
            continue
    return False


def received(incoming, wanted):
    """Return the numbers of those that came in until all was silent."""
    heard = set()
    while True:
        try:
            frame, where = incoming.recvfrom(2048)
        except TimeoutError:
            return heard
        if where[2] != socket.PACKET_OUTGOING:
            heard |= {number for number, each in enumerate(wanted)
                      if frame.endswith(each[-16:])}


def link_of(namespace):
    """Return a socket on the link in a namespace; it stays in there."""
    libc = ctypes.CDLL(None)
    with open(f"/run/netns/{namespace}") as handle:
        assert libc.setns(handle.fileno(), 0) == 0
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                         socket.htons(3))
    link.bind(("eth0", 0))
    return link


def stream(address, seconds):
    """Echo over one TCP connection; return how many answers came."""
    link = socket.create_connection((address, 7777), 5)
    link.settimeout(1)
    count = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            link.sendall(b"x")
            if link.recv(1):
                count += 1
        except OSError:
            break
        time.sleep(0.1)
    return count


def serve(address, seconds):
    listening = socket.create_server((address, 7777))
    listening.settimeout(seconds)
    link, _ = listening.accept()
    link.settimeout(seconds)
    try:
        while True:
            got = link.recv(64)
            if not got:
                return True
            link.sendall(got)
    except OSError:
        return False


def main():
    action, rest = sys.argv[1], sys.argv[2:]
    if action in ("ping", "dhcp", "http", "burst", "stream", "serve",
                  "solicit"):
        rest[1] = float(rest[1])
    print(json.dumps(globals()[action](*rest)))


if __name__ == "__main__":
    main()
