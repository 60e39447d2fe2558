"""All four kinds of traffic between the same two addresses at once, and what was seen of them."""
import statistics
import subprocess
import threading
import time

from appliance import binaries
from clients.iperf import Transfer
from clients.peer_call import PeerCall
from clients.sip_call import SipCall
from clients.webrtc_call import WebRtcCall
from netlab import LabError, require
from quality import Window
from tap import Taps

SIDES = ("inside", "outside")
TOOLS = ("iperf3", "baresip", "chromium", "node", "espeak-ng", "sox")


class Heard:
    """What one side of a call received: the client's seconds, and its media packets on the wire."""

    def __init__(self, codec, seconds, hops):
        self.codec, self.seconds, self.hops = codec, seconds, hops

    def window(self, begin):
        return Window(self.codec, self.seconds, self.hops, begin)


class Traffic:
    """Context manager: two unauthorised calls, an authorised one, a bulk transfer, and taps at both ends."""

    def __init__(self, lab, folder, seconds=600):
        require(*TOOLS)
        self.lab, self.folder = lab, folder
        self.taps = Taps(lab, folder)
        self.peer = PeerCall(lab, binaries(), folder, seconds)
        self.webrtc = WebRtcCall(lab, folder, seconds)
        self.sip = SipCall(lab, folder, seconds)
        self.transfer = Transfer(lab, seconds=seconds)
        self.calls = [self.webrtc, self.peer, self.sip]  # the browsers take longest to settle
        self.unauthorised = [call for call in self.calls if not call.authorised]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for part in (self.transfer, *self.calls, self.taps):
            part.stop()

    def start(self, told=lambda what: None):
        for part in (*self.calls, self.transfer):
            told(part.name)
            part.start()

    def heard(self, call, receiver):
        """One direction of one call as it is known now."""
        hops = self.taps.hops(receiver, call.ports())
        if call is not self.peer:
            hops = [hop for hop in hops if hop.is_rtp]
        return Heard(call.codec, call.seconds(receiver), hops)

    def all_heard(self, calls=None):
        """{(call, receiver): Heard} of all calls, or of some."""
        return {(call, side): self.heard(call, side) for call in calls or self.calls for side in SIDES}

    def first_media(self, call):
        """Time of the call's first media packet, of either side; None before it."""
        first = [heard.hops[0].sent for heard in self.all_heard([call]).values() if heard.hops]
        return min(first) if first else None

    def rate(self, begin, end):
        """Median Mbit/s of the transfer."""
        rates = [rate for at, rate in self.transfer.rates() if begin < at <= end]
        return statistics.median(rates) if rates else 0.0


class CallWatch:
    """Polls `callweir calls --json` as anyone could, and remembers when each call stood there for sure."""

    def __init__(self, appliance, interval_s=0.1, confidence=0.9):
        self.appliance, self.interval_s, self.confidence = appliance, interval_s, confidence
        self.seen = {}     # call id: time of the first answer that named it with this confidence
        self.errors = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._poll, daemon=True)
        self._thread.start()

    def _poll(self):
        while not self._stopping.wait(self.interval_s):
            try:
                records = self.appliance.records("calls")
            except (LabError, ValueError, subprocess.TimeoutExpired) as why:
                self.errors.append(str(why))
                continue
            now = time.time()
            for record in records:
                if record.get("type") == "call" and record["confidence"] >= self.confidence:
                    self.seen.setdefault(record["id"], now)

    def stop(self):
        self._stopping.set()
        self._thread.join(20)


class Finding:
    """What the appliance says of one call now. `record` is None when it does not know it as one."""

    def __init__(self, appliance, call, watch=None):
        self.flow = appliance.flow_of(call.ports())
        self.record, self.seen = None, None
        if self.flow and self.flow.get("call"):
            ids = [c for c in appliance.records("calls") if c.get("id") == self.flow["call"]]
            self.record = ids[0] if ids else None
            self.seen = watch.seen.get(self.flow["call"]) if watch else None

    @property
    def app(self):
        return (self.record or self.flow or {}).get("app", "not found")

    @property
    def confidence(self):
        return max((r.get("confidence") or 0 for r in (self.record, self.flow) if r), default=0)
