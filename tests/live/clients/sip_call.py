"""An authorised call: SIP and G.711 between two baresip, dialled directly, without registrar."""
import pathlib
import sys

from netlab import INSIDE_ADDRESS, OUTSIDE_ADDRESS

from clients.lines import LineProgram, parse
from clients.samples import Call, Second
from clients.speech import make_speech

HERE = pathlib.Path(__file__).parent
PAYLOAD_KBPS = 64.0


class SipCall(Call):
    name = "SIP (baresip)"
    codec = "g711_plc"
    authorised = True

    def __init__(self, lab, folder, seconds=600):
        self.lab, self.seconds_max = lab, seconds
        self.speech = {side: make_speech(folder, side, 8000, seconds + 30)
                       for side in ("inside", "outside")}
        self.sip = {"inside": lab.port(), "outside": lab.port()}
        self.rtp = {"inside": lab.port(), "outside": lab.port()}
        self.ends = {}

    def start(self):
        self._run("outside", self.lab.outside, OUTSIDE_ADDRESS, "answer")
        self.ends["outside"].wait_json(lambda j: j["type"] == "ready", 15)
        self._run("inside", self.lab.inside, INSIDE_ADDRESS, "dial",
                  f"sip:callweir@{OUTSIDE_ADDRESS}:{self.sip['outside']}")
        self.ends["inside"].wait_json(lambda j: j["type"] == "established", 20)

    def _run(self, side, namespace, address, *what):
        self.ends[side] = LineProgram(self.lab, namespace, f"baresip {side}", sys.executable,
                                      HERE / "sip_end.py", address, self.sip[side], self.rtp[side],
                                      self.speech[side], self.seconds_max, *what)

    def ports(self):
        return self.rtp["inside"], self.rtp["outside"]

    def seconds(self, receiver):
        lines = (parse(line) for _, line in list(self.ends[receiver].lines))
        raw = [j for j in lines if j and j["type"] == "second"]
        out = []
        for before, now in zip(raw, raw[1:]):
            received = now["received"] - before["received"]
            out.append(Second(now["time"], max(0, received + now["lost"] - before["lost"]), received,
                              payload_kbps=PAYLOAD_KBPS, jitter_ms=now["jitter_ms"]))
        return out

    def alive(self):
        return all(end.alive() for end in self.ends.values())

    def stop(self):
        for side in ("inside", "outside"):
            if side in self.ends:
                self.ends[side].stop(grace=6)
