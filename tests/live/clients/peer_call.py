"""An unauthorised call: callweir-peer with callweir-peer, random UDP ports."""
import pathlib

from netlab import INSIDE_ADDRESS, OUTSIDE_ADDRESS

from clients.lines import LineProgram, parse
from clients.samples import Call, Second
from clients.speech import make_speech


class PeerCall(Call):
    name = "callweir-peer"

    def __init__(self, lab, binaries, folder, seconds=600):
        self.lab, self.seconds_max = lab, seconds
        self.program = pathlib.Path(binaries) / "callweir-peer"
        self.speech = {side: make_speech(folder, side) for side in ("inside", "outside")}
        self.inside_port, self.outside_port = lab.port(), lab.port()
        self.ends = {}

    def start(self):
        self.ends["outside"] = LineProgram(
            self.lab, self.lab.outside, "callweir-peer node", self.program, "node", "--listen",
            f"{OUTSIDE_ADDRESS}:{self.outside_port}", "--speech", self.speech["outside"],
            "--seconds", self.seconds_max)
        self.ends["outside"].wait_json(lambda j: j.get("type") == "ready", 10)
        self.ends["inside"] = LineProgram(
            self.lab, self.lab.inside, "callweir-peer call", self.program, "call",
            f"{OUTSIDE_ADDRESS}:{self.outside_port}", "--listen",
            f"{INSIDE_ADDRESS}:{self.inside_port}", "--speech", self.speech["inside"],
            "--seconds", self.seconds_max)
        self.ends["inside"].wait_json(lambda j: j.get("type") == "connected", 20)

    def ports(self):
        return self.inside_port, self.outside_port

    def seconds(self, receiver):
        out = []
        for _, line in list(self.ends[receiver].lines):
            j = parse(line)
            if j and j.get("type") == "second":
                out.append(Second(j["time"], j["packets_expected"], j["packets_received"], j["samples"],
                                  j["concealed_samples"], j["payload_kbps"], j["jitter_ms"],
                                  j["gap_max_ms"], j["delay_mean_ms"]))
        return out

    def alive(self):
        return all(end.alive() for end in self.ends.values())

    def stop(self):
        for side in ("inside", "outside"):
            if side in self.ends:
                self.ends[side].stop()
