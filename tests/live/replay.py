"""Replays a capture into a lab: each frame leaves the end where its sender lives, at the time that the capture says."""
import ctypes
import os
import socket
import struct
import threading
import time

CLONE_NEWNET = 0x40000000
HEAD, RECORD = 24, 16
IP_SOURCE = slice(26, 30)  # of an Ethernet frame without tags


def frames_of(capture):
    """(seconds since the first, frame) of a classic little-endian pcap."""
    first, at = None, HEAD
    while at + RECORD <= len(capture):
        seconds, micros, size, _ = struct.unpack_from("<IIII", capture, at)
        when = seconds + micros / 1e6
        first = when if first is None else first
        yield when - first, capture[at + RECORD:at + RECORD + size]
        at += RECORD + size


def raw_socket(namespace, interface="eth0"):
    """In another namespace; this thread comes back."""
    library = ctypes.CDLL(None, use_errno=True)
    home, there = os.open("/proc/thread-self/ns/net", os.O_RDONLY), os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    try:
        if library.setns(there, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        link.bind((interface, 0))
        return link
    finally:
        library.setns(home, CLONE_NEWNET)
        os.close(home)
        os.close(there)


class Replay(threading.Thread):
    """Runs from start() to the capture's end, or end()."""

    def __init__(self, lab, capture, inside_prefix):
        super().__init__(daemon=True)
        self.inside, self.outside = raw_socket(lab.inside), raw_socket(lab.outside)
        self.capture, self.prefix, self.ends = capture, inside_prefix, threading.Event()

    def run(self):
        begun = time.monotonic()
        for when, frame in frames_of(self.capture):
            if self.ends.wait(max(0.0, begun + when - time.monotonic())):
                return
            (self.inside if frame[IP_SOURCE].startswith(self.prefix) else self.outside).send(frame)

    def end(self):
        self.ends.set()
        if self.is_alive():
            self.join()
        self.inside.close()
        self.outside.close()
