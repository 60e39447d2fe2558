"""Watches UDP at both ends of the lab: what was sent, what arrived, when. Truth that no client and no appliance made.

As a program (inside a namespace): tap.py INTERFACE FILE writes one line a packet until SIGTERM.
"""
import collections
import ctypes
import dataclasses
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import time
import zlib

ETH_P_ALL = 3
SO_ATTACH_FILTER = 26
SO_TIMESTAMPNS = 35
PACKET_OUTGOING = 4
RECEIVE_BUFFER = 8 << 20
# Accepts IPv4 UDP only: the bulk transfer must not come up here.
FILTER = ((0x28, 0, 0, 12), (0x15, 0, 3, 0x0800), (0x30, 0, 0, 23), (0x15, 0, 1, 17), (0x06, 0, 0, 0xFFFF),
          (0x06, 0, 0, 0))


def capture(interface, path):
    tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    code = b"".join(struct.pack("HBBI", *step) for step in FILTER)
    buffer = ctypes.create_string_buffer(code)
    tap.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER,
                   struct.pack("HL", len(FILTER), ctypes.addressof(buffer)))
    tap.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    tap.bind((interface, ETH_P_ALL))
    tap.settimeout(0.2)
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    with open(path, "w", encoding="ascii") as out:
        flushed = time.monotonic()
        while not stopping:
            if time.monotonic() - flushed > 0.3:
                out.flush()
                flushed = time.monotonic()
            try:
                frame, ancillary, _, sender = tap.recvmsg(2048, 64)
            except TimeoutError:
                continue
            seconds, nanoseconds = struct.unpack("qq", ancillary[0][2]) if ancillary else (0, 0)
            line = describe(frame)
            if line:
                way = "o" if sender[2] == PACKET_OUTGOING else "i"
                out.write(f"{seconds}.{nanoseconds:09d} {way} {line}\n")


def describe(frame):
    """Ports, payload length, its first two bytes and a checksum; None for what is no whole UDP packet."""
    start = 14 + (frame[14] & 15) * 4
    if len(frame) < start + 8 or struct.unpack_from("!H", frame, 20)[0] & 0x1FFF:
        return None
    source, destination, length = struct.unpack_from("!HHH", frame, start)
    payload = frame[start + 8:start + length]
    if len(payload) < 2:
        return None
    return f"{source} {destination} {len(payload)} {payload[0]} {payload[1]} {zlib.crc32(payload):08x}"


@dataclasses.dataclass
class Hop:
    """One packet on its way through the box."""
    sent: float
    delay_ms: float | None  # None: it never arrived
    length: int
    first: int              # first two bytes of the payload
    second: int

    @property
    def arrived(self):
        return None if self.delay_ms is None else self.sent + self.delay_ms / 1000

    @property
    def is_rtp(self):
        """RFC 5764, 5.1.2 and RFC 5761, 4: RTP, neither STUN, DTLS nor RTCP."""
        return 128 <= self.first < 192 and not 192 <= self.second <= 223


class Taps:
    """Both ends. hops(receiver, ports) may be asked while they run; the newest half second may be missing."""

    def __init__(self, lab, folder):
        self.files, self.processes = {}, []
        for side, namespace in (("inside", lab.inside), ("outside", lab.outside)):
            self.files[side] = pathlib.Path(folder) / f"{side}.tap"
            self.processes.append(lab.spawn(namespace, sys.executable, __file__, "eth0", self.files[side]))
        end = time.monotonic() + 10
        while not all(f.exists() for f in self.files.values()):
            if time.monotonic() > end or any(p.poll() is not None for p in self.processes):
                raise OSError("the taps do not start")
            time.sleep(0.05)

    def _read(self, side, way, source, destination):
        wanted = (way, str(source), str(destination))
        with open(self.files[side], encoding="ascii") as lines:
            for line in lines:
                fields = line.split()
                if len(fields) == 8 and tuple(fields[1:4]) == wanted:
                    yield float(fields[0]), int(fields[4]), int(fields[5]), int(fields[6]), fields[7]

    def hops(self, receiver, ports):
        """Packets towards `receiver` between `ports` (inside, outside), in the order they were sent.

        A packet that was sent less than two seconds before the last arrival of the file and has not come is
        left out: it may still be on its way.
        """
        inside, outside = ports
        source, destination = (inside, outside) if receiver == "outside" else (outside, inside)
        sender = "inside" if receiver == "outside" else "outside"
        arrivals, newest = collections.defaultdict(collections.deque), 0.0
        for at, length, _, _, checksum in self._read(receiver, "i", source, destination):
            arrivals[checksum, length].append(at)
            newest = max(newest, at)
        out = []
        for at, length, first, second, checksum in self._read(sender, "o", source, destination):
            came = arrivals.get((checksum, length))
            if came:
                out.append(Hop(at, 1000 * (came.popleft() - at), length, first, second))
            elif at < newest - 2:
                out.append(Hop(at, None, length, first, second))
        return out

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


if __name__ == "__main__":
    capture(sys.argv[1], sys.argv[2])
