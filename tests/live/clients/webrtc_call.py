"""An unauthorised call: WebRTC audio between two headless Chromium, signalled out of band, host candidates only."""
import json
import pathlib
import shutil

from clients.lines import ClientError, LineProgram, parse
from clients.samples import Call, Second
from clients.speech import make_speech

HERE = pathlib.Path(__file__).parent
FRAME_MS = 20  # what Chromium sends, also under loss (facts of the project)


class WebRtcCall(Call):
    name = "WebRTC (Chromium)"

    def __init__(self, lab, folder, seconds=600):
        if not (HERE / "node_modules" / "playwright-core").is_dir():
            raise ClientError("playwright-core is not installed; scripts/setup installs it")
        self.lab, self.seconds_max = lab, seconds
        self.speech = {side: make_speech(folder, side) for side in ("inside", "outside")}
        self.ends = {}

    def start(self):
        chromium = shutil.which("chromium") or "/usr/bin/chromium"
        for side, namespace in (("outside", self.lab.outside), ("inside", self.lab.inside)):
            self.ends[side] = LineProgram(self.lab, namespace, f"Chromium {side}", "node",
                                          HERE / "browser_end.mjs", self.speech[side],
                                          self.seconds_max, chromium)
        for end in self.ends.values():
            end.wait_json(lambda j: j["type"] == "ready", 60)
        offer = self._ask("inside", "offer")
        answer = self._ask("outside", "answer", offer)
        self._tell("inside", "accept", answer)
        for end in self.ends.values():
            end.wait_json(lambda j: j["type"] == "second" and j["received"] > 0, 30)

    def _tell(self, side, what, sdp=None):
        self.ends[side].say(json.dumps({"do": what, "sdp": sdp}))

    def _ask(self, side, what, sdp=None):
        self._tell(side, what, sdp)
        said = self.ends[side].wait_json(lambda j: j["type"] in (what, "error"), 30)
        if said["type"] == "error":
            raise self.ends[side].failure(said["what"])
        return said["sdp"]

    def _raw(self, side):
        lines = (parse(line) for _, line in list(self.ends[side].lines))
        return [j for j in lines if j and j["type"] == "second"]

    def ports(self):
        last = self._raw("inside")[-1]
        return last["local_port"], last["remote_port"]

    def seconds(self, receiver):
        raw, out = self._raw(receiver), []
        for before, now in zip(raw, raw[1:]):
            received = now["received"] - before["received"]
            expected = max(0, received + now["lost"] - before["lost"])
            media_ms = received * FRAME_MS
            out.append(Second(
                now["time"], expected, received, now["samples"] - before["samples"],
                now["concealed"] - before["concealed"],
                (now["bytes"] - before["bytes"]) * 8 / media_ms if media_ms else 0.0, now["jitter_ms"],
                connected=now["ice"] in ("connected", "completed") and now["connection"] == "connected"))
        return out

    def alive(self):
        return all(end.alive() for end in self.ends.values())

    def stop(self):
        for end in self.ends.values():
            end.stop(grace=8)
