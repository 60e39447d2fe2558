"""A bulk TCP transfer, capped, that must not notice the appliance."""
import re

from netlab import OUTSIDE_ADDRESS

from clients.lines import LineProgram

INTERVAL = re.compile(r"\]\s+[\d.]+-([\d.]+)\s+sec\s+[\d.]+ \w*Bytes\s+([\d.]+) Mbits/sec\s*(?:\d+)?")


class Transfer:
    """inside sends to outside; `rates()` is Mbit/s each second as the receiver counts it."""
    name = "iperf3"

    def __init__(self, lab, rate="200M", seconds=600):
        self.lab, self.rate, self.seconds_max, self.port = lab, rate, seconds, lab.port()
        self.server = self.client = None

    def start(self):
        self.server = LineProgram(self.lab, self.lab.outside, "iperf3 server", "iperf3", "-s", "-1",
                                  "-i", "1", "-f", "m", "--forceflush", "-p", self.port)
        self.server.wait_line(lambda line: "listening" in line, 10)
        self.client = LineProgram(self.lab, self.lab.inside, "iperf3 client", "iperf3", "-c",
                                  OUTSIDE_ADDRESS, "-p", self.port, "-b", self.rate, "-t",
                                  self.seconds_max, "-i", "1", "-f", "m", "--forceflush")
        self.client.wait_line(lambda line: "connected" in line, 10)

    def rates(self):
        """[(time, Mbit/s)] each second at the receiver."""
        out = []
        for at, line in list(self.server.lines):
            found = INTERVAL.search(line)
            if found and "receiver" not in line and "sender" not in line:
                out.append((at, float(found.group(2))))
        return out

    def alive(self):
        return self.client.alive()

    def stop(self):
        for program in (self.client, self.server):
            if program:
                program.stop()
