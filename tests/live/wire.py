"""Two namespaces with a veth each, a third one between them that Callweir joins, and raw sockets at both ends."""
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time

SKIP = 77
BIN = os.environ.get("CALLWEIR_BIN", "build/dev/bin")
ETH_P_ALL = 3
SOL_PACKET, PACKET_AUXDATA = 263, 8
TP_STATUS_VLAN_VALID, TP_STATUS_VLAN_TPID_VALID = 1 << 4, 1 << 6
CLONE_NEWNET = 0x40000000


def sh(*words, check=True):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, words))}: {done.stderr.strip()}")
    return done.stdout


def need_root():
    if os.geteuid() != 0:
        print("needs root")
        sys.exit(SKIP)


class Wire:
    """left (l0) === inside port (in0) [callweir] outside port (out0) === right (r0)"""

    def __init__(self, tag, mtu=1500, queues=1, bridge=False):
        self.names = {k: f"cwl-{tag}-{k}" for k in ("l", "c", "r")}
        self.mtu, self.queues, self.bridge = mtu, queues, bridge

    def __enter__(self):
        self.clean()
        for n in self.names.values():
            sh("ip", "netns", "add", n)
        for port, host, ns in (("in0", "l0", "l"), ("out0", "r0", "r")):
            sh("ip", "link", "add", port, "mtu", self.mtu, "netns", self.names["c"],
               "numrxqueues", self.queues, "numtxqueues", self.queues, "type", "veth",
               "peer", "name", host, "netns", self.names[ns])
            self.run(ns, "ip", "link", "set", host, "mtu", self.mtu)
            self.quiet(ns, host)
        self.far = "l0"
        if self.bridge:  # a bridge in front of the port: l0 is its port, b1 the station's end
            self.run("l", "ip", "link", "add", "br0", "type", "bridge", "forward_delay", 0, "stp_state", 0,
                     "mcast_snooping", 0, "group_fwd_mask", 0xfff8)
            self.run("l", "ip", "link", "add", "b0", "mtu", self.mtu, "type", "veth", "peer", "name", "b1")
            for i in ("l0", "b0"):
                self.run("l", "ip", "link", "set", i, "master", "br0")
            for i in ("br0", "b0", "b1"):
                self.quiet("l", i)
            self.far = "b1"
        return self

    def quiet(self, ns, interface):
        path = f"/proc/sys/net/ipv6/conf/{interface}/disable_ipv6"
        self.run(ns, "sh", "-c", f"[ ! -e {path} ] || echo 1 > {path}")
        self.run(ns, "ip", "link", "set", interface, "up", "promisc", "on")

    def run(self, ns, *words, check=True):
        return sh("ip", "netns", "exec", self.names[ns], *words, check=check)

    def clean(self):
        for n in self.names.values():
            sh("ip", "netns", "del", n, check=False)

    def __exit__(self, *_):
        self.clean()

    def socket(self, ns, interface, buffer=8 << 20):
        """A raw socket in another namespace; this process stays where it is."""
        home = os.open("/proc/self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.names[ns]}", os.O_RDONLY)
        try:
            setns(there)
            s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            s.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
            s.setsockopt(socket.SOL_SOCKET, 33, buffer)  # SO_RCVBUFFORCE
            s.bind((interface, ETH_P_ALL))
        finally:
            setns(home)
            os.close(home)
            os.close(there)
        return s

    def start(self, *words, program="callweir-forward", env=None):
        return subprocess.Popen(["ip", "netns", "exec", self.names["c"], f"{BIN}/{program}", *map(str, words)],
                                env={**os.environ, **(env or {})})


def setns(fd):
    import ctypes
    if ctypes.CDLL(None, use_errno=True).setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def receive(s):
    """One frame with the tag that the kernel keeps in metadata put back, or None for our own outgoing ones."""
    data, auxiliary, _, address = s.recvmsg(65536, 256)
    if address[2] == socket.PACKET_OUTGOING:
        return None
    for level, kind, value in auxiliary:
        if level == SOL_PACKET and kind == PACKET_AUXDATA:
            status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", value[:20])
            if status & TP_STATUS_VLAN_VALID:
                tpid = tpid if status & TP_STATUS_VLAN_TPID_VALID else 0x8100
                data = data[:12] + struct.pack("!HH", tpid, tci) + data[12:]
    return data


def drain(s, seconds):
    frames, until = [], time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if select.select([s], [], [], left)[0]:
            frame = receive(s)
            if frame is not None:
                frames.append(frame)
    return frames


class Forward:
    """callweir-forward under test."""

    def __init__(self, wire, mode="forward", megabytes=0, workers=1, env=None, ports=("in0", "out0")):
        self.file = f"/tmp/{wire.names['c']}.status"
        if os.path.exists(self.file):
            os.unlink(self.file)
        self.process = wire.start("run", self.file, *ports, workers, mode, megabytes, env=env)

    def status(self):
        try:
            with open(self.file) as f:
                return json.load(f)
        except (OSError, ValueError):
            return {}

    def wait(self, condition, seconds=20):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            now = self.status()
            if now and condition(now):
                return now
            if self.process.poll() is not None:
                raise AssertionError(f"ended with {self.process.returncode}, status {now}")
            time.sleep(0.005)
        raise AssertionError(f"not reached in {seconds} s: {self.status()}")

    def inspecting(self, not_pid=0):
        return self.wait(lambda s: s["state"] == "inspecting" and s["engine"] not in (0, not_pid) and
                         os.path.exists(f"/proc/{s['engine']}"))

    def stop(self, expect=0):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(10)
        assert code == expect, f"exit code {code}"

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
