"""A stream of numbered frames at a steady rate between two raw sockets, and what the receiver missed."""
import os
import select
import socket
import struct
import time

import wire

ETHERTYPE = 0x88B5  # local experimental
SO_TIMESTAMPNS = 35


class Stream:
    def __init__(self, source, sink, rate=1000):
        self.source, self.sink, self.rate = source, sink, rate
        self.rows = {}  # sequence -> (sent, received), seconds
        sink.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.pipe = os.pipe()
        self.child = os.fork()
        if self.child == 0:
            try:
                self._send()
            finally:
                os._exit(0)
        os.close(self.pipe[0])

    def _send(self):
        """In a process of its own, on an absolute schedule, until the pipe closes."""
        os.close(self.pipe[1])
        os.nice(-15)
        begin, number = time.time(), 0
        while not select.select([self.pipe[0]], [], [], 0)[0]:
            due = begin + number / self.rate
            left = due - time.time()
            if left > 0:
                time.sleep(left)
            body = struct.pack("!Qd", number, time.time())
            self.source.send(b"\x02\0\0\0\0\x02\x02\0\0\0\0\x01" + struct.pack("!H", ETHERTYPE) + body.ljust(86, b"."))
            number += 1

    def collect(self, seconds):
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if not select.select([self.sink], [], [], left)[0]:
                continue
            data, auxiliary, _, address = self.sink.recvmsg(2048, 512)
            if address[2] == socket.PACKET_OUTGOING or data[12:14] != struct.pack("!H", ETHERTYPE):
                continue
            arrived = time.time()
            for level, kind, value in auxiliary:
                if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                    s, ns = struct.unpack("qq", value[:16])
                    arrived = s + ns * 1e-9
            number, sent = struct.unpack("!Qd", data[14:30])
            self.rows.setdefault(number, (sent, arrived))

    def stop(self):
        os.close(self.pipe[1])
        os.waitpid(self.child, 0)
        self.collect(0.3)

    def outage(self, since=0.0, until=float("inf")):
        """(lost frames, longest outage in ms): time between two arrivals less the frames' distance at the sender, or
        the sender's time that a hole spans, whichever is longer."""
        rows = sorted((n, *r) for n, r in self.rows.items() if since <= r[0] < until)
        lost, longest, self.when = 0, 0.0, 0.0
        for (n0, s0, a0), (n1, s1, a1) in zip(rows, rows[1:]):
            lost += n1 - n0 - 1
            hole = s1 - s0 if n1 - n0 > 1 else 0.0
            late = max(hole, (a1 - a0) - (s1 - s0))
            if late > longest:
                longest, self.when = late, s0
        return lost, longest * 1000
