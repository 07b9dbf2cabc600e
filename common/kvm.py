"""Find out whether guests really run under KVM here.

A KVM device that opens proves nothing: nested and paravirtual ones offer
the whole interface and then emulate kernel code, a thousand times slower.
So a child process runs a short 64-bit loop and takes the time. Run as a
program, this file is that child: exit status 0 says that KVM is real.
"""

import ctypes
import fcntl
import mmap
import os
import signal
import struct
import subprocess
import sys
import time

#: Iterations of the loop, and how long they may take: tens of microseconds
#: in hardware, 40 ms and more where it is emulated.
ITERATIONS = 20_000
LIMIT_S = 0.005
BUDGET_S = 0.25

_LOOP = bytes([0x48, 0xFF, 0xC9, 0x75, 0xFB, 0xF4])  # dec rcx; jnz; hlt
_CREATE_VM, _CREATE_VCPU, _GET_MMAP_SIZE = 0xAE01, 0xAE41, 0xAE04
_SET_MEMORY, _GET_SREGS, _SET_SREGS = 0x4020AE46, 0x8138AE83, 0x4138AE84
_SET_REGS, _RUN = 0x4090AE82, 0xAE80
_EXIT_HLT = 5


def usable(timeout: float = 5) -> bool:
    """Say whether KVM runs guest code at full speed; blocks up to timeout."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    try:
        child = subprocess.run(  # noqa: S603
            [sys.executable, "-I", __file__], timeout=timeout, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
    except (subprocess.TimeoutExpired, OSError):
        return False
    return child.returncode == 0


def _probe() -> bool:
    try:
        runs = [_run() for _ in range(2)]
    except OSError:
        return False
    return (all(reason == _EXIT_HLT for reason, _ in runs)
            and min(took for _, took in runs) < LIMIT_S)


def _run() -> tuple[int, float]:
    """Run the loop in a new machine; return why it ended and its time."""
    kvm = os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC)
    machine = fcntl.ioctl(kvm, _CREATE_VM, 0)
    memory = _memory(machine)
    cpu = fcntl.ioctl(machine, _CREATE_VCPU, 0)
    shared = mmap.mmap(cpu, fcntl.ioctl(kvm, _GET_MMAP_SIZE, 0))
    _long_mode(cpu)
    regs = [0] * 18
    regs[2], regs[6], regs[16], regs[17] = ITERATIONS, 0x8000, 0x1000, 2
    fcntl.ioctl(cpu, _SET_REGS, struct.pack("<18Q", *regs))
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.setitimer(signal.ITIMER_REAL, BUDGET_S)
    started = time.perf_counter()
    fcntl.ioctl(cpu, _RUN, 0)
    took = time.perf_counter() - started
    signal.setitimer(signal.ITIMER_REAL, 0)
    del memory
    return struct.unpack_from("<I", shared, 8)[0], took


def _memory(machine: int) -> mmap.mmap:
    """Give the machine 64 KiB with the code and an identity map."""
    memory = mmap.mmap(-1, 0x10000)
    base = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    memory[0x1000:0x1000 + len(_LOOP)] = _LOOP
    for at, entry in ((0x2000, 0x3003), (0x3000, 0x4003), (0x4000, 0x83)):
        memory[at:at + 8] = struct.pack("<Q", entry)
    fcntl.ioctl(machine, _SET_MEMORY,
                struct.pack("<IIQQQ", 0, 0, 0, 0x10000, base))
    return memory


def _long_mode(cpu: int) -> None:
    """Put the processor into 64-bit mode with paging."""
    sregs = bytearray(312)
    fcntl.ioctl(cpu, _GET_SREGS, sregs)
    sregs[0:24] = _segment(11, long=1, db=0)
    for index in range(1, 6):
        sregs[24 * index:24 * index + 24] = _segment(3, long=0, db=1)
    apic_base = struct.unpack_from("<Q", sregs, 272)[0]
    struct.pack_into("<7Q", sregs, 224, 0x80050033, 0, 0x2000, 0x20, 0,
                     0x500, apic_base)
    fcntl.ioctl(cpu, _SET_SREGS, bytes(sregs))


def _segment(kind: int, *, long: int, db: int) -> bytes:
    selector = 8 if kind == 11 else 16
    return struct.pack("<QIHBBBBBBBBBB", 0, 0xFFFFFFFF, selector, kind,
                       1, 0, db, 1, long, 1, 0, 0, 0)


if __name__ == "__main__":
    signal.alarm(3)
    sys.exit(0 if _probe() else 1)
