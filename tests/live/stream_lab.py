"""A lab with an appliance and one UDP stream through it."""
import os
import pathlib
import subprocess
import sys
import time

from netlab import OUTSIDE_ADDRESS, LabError
from udp_stream import arrivals

PROGRAM = str(pathlib.Path(__file__).with_name("udp_stream.py"))


class Stream:
    """Starts at once; `result()` waits for the end. `tail_s`: listening goes on so much longer."""

    def __init__(self, lab, folder, rate_pps, payload_bytes, seconds, tail_s=2.0):
        self.path = os.path.join(folder, f"stream-{time.monotonic_ns()}.txt")
        port = lab.port()
        self.receiver = lab.spawn(lab.outside, sys.executable, PROGRAM, "receive", OUTSIDE_ADDRESS, port,
                                  seconds + tail_s, self.path, stdout=subprocess.PIPE, text=True)
        if self.receiver.stdout.readline().strip() != "ready":
            raise LabError("the receiver did not start")
        self.sender = lab.spawn(lab.inside, sys.executable, PROGRAM, "send", OUTSIDE_ADDRESS, port, rate_pps,
                                payload_bytes, seconds, stdout=subprocess.PIPE, text=True)
        self.bound_s = seconds + tail_s + 30

    def sending(self):
        return self.sender.poll() is None

    def result(self):
        """(packets sent, [(number, arrival time)])"""
        sent = int(self.sender.communicate(timeout=self.bound_s)[0])
        self.receiver.wait(self.bound_s)
        return sent, arrivals(self.path)


def outages(sent, arrived):
    """Runs of consecutive packets that never came, in packets (1 ms each), longest first."""
    there = {number for number, _ in arrived}
    runs, run = [], 0
    for number in range(sent):
        if number not in there:
            run += 1
        elif run:
            runs.append(run)
            run = 0
    return sorted(runs + ([run] if run else []), reverse=True)
