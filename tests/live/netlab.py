"""Three network namespaces in a row: inside, box (where the appliance runs), outside.

    inside eth0 --- eth1 [box] eth2 --- eth0 outside
    10.77.0.1                                  10.77.0.2

Offloads that leave partial checksums or stripped tags are off and neighbours are static, so that the box may
be a bridge, an appliance or nothing at all. Needs root. Everything made here goes away with the object.
"""
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time

INSIDE_ADDRESS = "10.77.0.1"
OUTSIDE_ADDRESS = "10.77.0.2"
PREFIX_BITS = 16
MACS = {"inside": "02:77:00:00:00:01", "outside": "02:77:00:00:00:02"}
TOOLS = ("ip", "ethtool", "sysctl")


class LabError(Exception):
    """What is missing, and how to mend it."""


def require(*tools):
    """Raises LabError unless we are root and every tool is there."""
    if os.geteuid() != 0:
        raise LabError("needs root for network namespaces: run it with sudo")
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        raise LabError(f"not installed: {', '.join(missing)}; scripts/setup installs them")


def run(*command, check=True, timeout=20):
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    if check and done.returncode != 0:
        raise LabError(f"{' '.join(command)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


class NetLab:
    """Context manager. `mtu` is of all four interfaces."""

    def __init__(self, mtu=1500):
        require(*TOOLS)
        tag = f"cw{os.getpid()}{random.randrange(1000):03d}"
        self.inside, self.box, self.outside = (f"{tag}-{name}" for name in ("in", "box", "out"))
        self.mtu = mtu
        self.ports_used = set()
        self.processes = []

    def __enter__(self):
        try:
            for namespace in (self.inside, self.box, self.outside):
                run("ip", "netns", "add", namespace)
                self.sysctl(namespace, "net.ipv6.conf.all.disable_ipv6", 1)
                run("ip", "-n", namespace, "link", "set", "lo", "up")
            self._wire(self.inside, "eth1", MACS["inside"], INSIDE_ADDRESS)
            self._wire(self.outside, "eth2", MACS["outside"], OUTSIDE_ADDRESS)
            self._neighbour(self.inside, OUTSIDE_ADDRESS, MACS["outside"])
            self._neighbour(self.outside, INSIDE_ADDRESS, MACS["inside"])
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for process in reversed(self.processes):
            stop(process)
        self.processes.clear()
        for namespace in (self.inside, self.box, self.outside):
            subprocess.run(["ip", "netns", "del", namespace], capture_output=True, timeout=20)

    def _wire(self, host, port, mac, address):
        run("ip", "link", "add", "eth0", "netns", host, "address", mac, "mtu", str(self.mtu),
            "type", "veth", "peer", "name", port, "mtu", str(self.mtu), "netns", self.box)
        self.offloads_off(host, "eth0")
        run("ip", "-n", host, "address", "add", f"{address}/{PREFIX_BITS}", "dev", "eth0")
        run("ip", "-n", host, "link", "set", "eth0", "up")
        run("ip", "-n", self.box, "link", "set", port, "up")

    def _neighbour(self, namespace, address, mac):
        run("ip", "-n", namespace, "neighbour", "replace", address, "lladdr", mac, "dev", "eth0",
            "nud", "permanent")

    @staticmethod
    def offloads_off(namespace, interface):
        """Of a host's end: whole checksums, frames no larger than the MTU, tags in the frame."""
        run("ip", "netns", "exec", namespace, "ethtool", "-K", interface, "tx", "off", "tso", "off",
            "gso", "off", "gro", "off", "txvlan", "off", "tx-vlan-stag-hw-insert", "off")

    @staticmethod
    def sysctl(namespace, key, value):
        run("ip", "netns", "exec", namespace, "sysctl", "-q", "-w", f"{key}={value}")

    def join_by_bridge(self):
        """The box as a switch: what the clients see without an appliance."""
        run("ip", "-n", self.box, "link", "add", "br0", "type", "bridge", "stp_state", "0")
        for port in ("eth1", "eth2"):
            run("ip", "-n", self.box, "link", "set", port, "master", "br0")
        run("ip", "-n", self.box, "link", "set", "br0", "up")
        self.reach()

    def reach(self, seconds=6):
        """Waits until inside reaches outside: a closed port that refuses is as good as an open one."""
        probe = (f"import socket, sys\ns = socket.socket(); s.settimeout(1)\n"
                 f"try: s.connect(('{OUTSIDE_ADDRESS}', 9))\n"
                 f"except ConnectionRefusedError: sys.exit(0)\nexcept OSError: sys.exit(1)")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            done = subprocess.run(["ip", "netns", "exec", self.inside, sys.executable, "-c", probe],
                                  capture_output=True, timeout=20)
            if done.returncode == 0:
                return
            time.sleep(0.2)
        raise LabError("inside does not reach outside")

    def port(self):
        """A random port that this lab has not given out yet."""
        while True:
            port = random.randrange(20000, 60000) & ~1
            if port not in self.ports_used:
                self.ports_used.add(port)
                return port

    def spawn(self, namespace, *command, **options):
        """Starts a program in a namespace. It dies with the lab, unless it was stopped before."""
        process = subprocess.Popen(["ip", "netns", "exec", namespace, *map(str, command)], **options)
        self.processes.append(process)
        return process


def stop(process, grace=5, first=signal.SIGTERM):
    """Asks, waits, insists. Only ever touches this process."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(first)
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(grace)
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
    return process.returncode
