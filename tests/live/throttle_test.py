"""The main job on live traffic: unauthorised calls turn bad, everything else stays as it was, and it all comes back.

Two softphone calls, an authorised SIP call and a capped TCP transfer run between the same two addresses through
`callweir run`. Quality is computed from what the receivers themselves count and from delays measured on the wire.
usage: sudo python3 tests/live/throttle_test.py      (CALLWEIR_BIN: folder of the programs)
"""
import bisect
import os
import signal
import statistics
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from appliance import Appliance, binaries  # noqa: E402
from clients.lines import ClientError  # noqa: E402
from netlab import LabError, NetLab  # noqa: E402
from quality import WINDOW_S  # noqa: E402
from traffic import CallWatch, Finding, Traffic  # noqa: E402

SKIPPED = 77
TARGET_MOS = 1.8
TARGET_TOLERANCE = 0.3
RECOVERY_TOLERANCE = 0.2
AUTHORISED_TOLERANCE = 0.1
DETECTION_S = 3.0
BEFORE_S = 25.0              # observe
FIRST_WINDOW_S, LAST_WINDOW_S = 15, 55
QUIET_AFTER_S = 5.0          # after this much standing down nothing is touched any more
UNTOUCHED_DELAY_MS = 30.0    # longer needs a reason ...
STALLED_MS = 10.0            # ... an authorised packet, one every 20 ms, was held up as much at the same moment
UNTOUCHED_MEDIAN_MS = 2.0    # a delay line holds every packet
SECONDS_MIN = WINDOW_S - 2   # of a window must be told by the receiver
GAP_S_MAX = 1.0
PAIRS, PHASE_S, SETTLE_S = 5, 6.0, 1.5
BULK_SHARE_MIN = 0.95


class Verdict:
    """Collects what holds and what does not."""

    def __init__(self):
        self.failed = []

    def check(self, holds, what):
        print(("ok    " if holds else "FAIL  ") + what, flush=True)
        if not holds:
            self.failed.append(what)


def say(what):
    print(f"{time.strftime('%H:%M:%S')} {what}", flush=True)


def check_detection(verdict, traffic, appliance, watch):
    for call in traffic.unauthorised:
        finding, first = Finding(appliance, call, watch), traffic.first_media(call)
        took = finding.seen - first if finding.seen and first else None
        verdict.check(took is not None and took <= DETECTION_S,
                      f"{call.name}: found as {finding.app}, confidence {finding.confidence}, "
                      f"{'never' if took is None else f'{took:.2f} s'} after its first media packet")
    sip = Finding(appliance, traffic.sip)
    verdict.check(sip.app == "SIP", f"{traffic.sip.name}: found as {sip.app}")


def check_windows(verdict, heard, enforced):
    """Every 20 s window of each direction of each unauthorised call."""
    for (call, side), what in heard.items():
        windows = [what.window(enforced + at) for at in range(FIRST_WINDOW_S, LAST_WINDOW_S + 1)]
        off = [w for w in windows if abs(w.mos - TARGET_MOS) > TARGET_TOLERANCE]
        scores = [w.mos for w in windows]
        told = min(w.seconds for w in windows)
        verdict.check(not off and told >= SECONDS_MIN,
                      f"{call.name} heard {side}: MOS {min(scores):.2f} to {max(scores):.2f} in "
                               f"{len(windows)} windows, {len(off)} of them off; at 30 s {windows[15]}")
        verdict.check(all(w.connected for w in windows), f"{call.name} heard {side}: stays connected")


def check_alive(verdict, heard, begin, end):
    """At least half of the media arrives and nothing is silent for a second."""
    for (call, side), what in heard.items():
        hops = [h for h in what.hops if begin <= h.sent < end]
        arrived = sorted(h.arrived for h in hops if h.arrived is not None)
        share = len(arrived) / max(1, len(hops))
        marks = [begin, *arrived, end]
        gap = max(b - a for a, b in zip(marks, marks[1:]))
        verdict.check(share >= 0.5 and gap <= GAP_S_MAX,
                      f"{call.name} heard {side}: {100 * share:.1f} % of the media arrives, longest gap "
                      f"{1000 * gap:.0f} ms")


def stalls(authorised):
    """When packets that no policy touches came out late: moments at which the machine itself stood still.

    Such a pause of UNTOUCHED_DELAY_MS or more holds up a packet of the authorised call, too, sent within the next
    20 ms, and lets both go together.
    """
    return sorted(h.arrived for what in authorised.values() for h in what.hops
                  if h.delay_ms is not None and h.delay_ms > STALLED_MS)


def excused(hop, moments):
    at = bisect.bisect_left(moments, hop.arrived - STALLED_MS / 1000)
    return at < len(moments) and moments[at] <= hop.arrived + STALLED_MS / 1000


def check_recovery(verdict, heard, authorised, stood_down, before):
    moments = stalls(authorised)
    for (call, side), what in heard.items():
        hops = [h for h in what.hops if h.sent >= stood_down + QUIET_AFTER_S]
        delays = [h.delay_ms for h in hops if h.delay_ms is not None]
        late = [h for h in hops if h.delay_ms is not None and h.delay_ms > UNTOUCHED_DELAY_MS]
        held = [h for h in late if not excused(h, moments)]
        median = statistics.median(delays) if delays else 0.0
        lost = len(hops) - len(delays)
        verdict.check(hops and lost == 0 and not held and median <= UNTOUCHED_MEDIAN_MS,
                      f"{call.name} heard {side}: {QUIET_AFTER_S:.0f} s after standing down {lost} of {len(hops)} "
                      f"dropped, {len(held)} delayed (and {len(late) - len(held)} with the authorised call's), "
                      f"half within {median:.2f} ms")
        window = what.window(stood_down + 15)
        verdict.check(abs(window.mos - before[call, side].mos) <= RECOVERY_TOLERANCE and window.seconds >= SECONDS_MIN,
                      f"{call.name} heard {side}: 15 s after standing down {window}, before "
                      f"{before[call, side].mos:.2f}")


def check_authorised(verdict, heard, before, enforced, stood_down):
    for (call, side), what in heard.items():
        windows = [what.window(enforced + at) for at in range(int(stood_down - enforced - WINDOW_S) + 1)]
        reference = before[call, side].mos
        worst = max(windows, key=lambda w: abs(w.mos - reference))
        verdict.check(abs(worst.mos - reference) <= AUTHORISED_TOLERANCE and
                      min(w.seconds for w in windows) >= SECONDS_MIN,
                      f"{call.name} heard {side}: {worst} at its worst, before {reference:.2f}")


def check_bulk(verdict, traffic, appliance):
    """Observe and enforce in turn; ratio of medians."""
    rates = {"observe": [], "enforce": []}
    for number in range(PAIRS):
        order = ("observe", "enforce") if number % 2 == 0 else ("enforce", "observe")
        for mode in order:
            begin = appliance.apply(mode) + SETTLE_S
            time.sleep(SETTLE_S + PHASE_S)
            rates[mode].append(traffic.rate(begin, time.time()))
    observe, enforce = (statistics.median(rates[mode]) for mode in ("observe", "enforce"))
    verdict.check(observe > 0 and enforce >= BULK_SHARE_MIN * observe,
                  f"iperf3 keeps {100 * enforce / max(observe, 1e-9):.1f} %: {enforce:.0f} of {observe:.0f} Mbit/s")


def scenario(folder):
    verdict = Verdict()
    with NetLab() as lab:
        appliance = Appliance(lab, binaries(), folder)
        appliance.start("observe")
        say("the appliance inspects")
        lab.reach()
        watch = CallWatch(appliance)
        with Traffic(lab, folder) as traffic:
            traffic.start(lambda what: say(f"starting {what}"))
            began = time.time()
            time.sleep(BEFORE_S)
            watch.stop()
            check_detection(verdict, traffic, appliance, watch)
            before = {key: heard.window(began + BEFORE_S - WINDOW_S)
                      for key, heard in traffic.all_heard().items()}
            for (call, side), window in before.items():
                say(f"before: {call.name} heard {side}: {window}")

            enforced = appliance.apply("enforce")
            say("enforcing")
            time.sleep(LAST_WINDOW_S + WINDOW_S + 2)
            for call in traffic.unauthorised:
                record = Finding(appliance, call).record or {}
                say(f"the appliance says of {call.name}: mos {record.get('mos')}, inflicted loss "
                    f"{record.get('inflicted_loss')}, added delay {record.get('added_delay_ms')}")
                print(appliance.ask("explain", record.get("id", "-")) if record else "no such call", flush=True)
            stood_down = appliance.apply("observe")
            say("standing down")
            time.sleep(15 + WINDOW_S + 3)
            heard = traffic.all_heard(traffic.unauthorised)
            check_windows(verdict, heard, enforced)
            check_alive(verdict, heard, enforced, stood_down)
            authorised = traffic.all_heard([traffic.sip])
            check_recovery(verdict, heard, authorised, stood_down, before)
            check_authorised(verdict, authorised, before, enforced, stood_down)
            verdict.check(all(c.alive() for c in traffic.calls), "no client has ended")
            say("bulk transfer, observe and enforce in turn")
            check_bulk(verdict, traffic, appliance)
        appliance.stop()
    print(f"{len(verdict.failed)} failed")
    return 1 if verdict.failed else 0


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="callweir-throttle-") as folder:
        try:
            return scenario(folder)
        except LabError as why:
            missing = os.geteuid() != 0 or "not installed" in str(why)
            print(("skipped: " if missing else "FAIL  ") + str(why), flush=True)
            return SKIPPED if missing else 1
        except ClientError as why:
            print(f"FAIL  {why}", flush=True)
            return 1


if __name__ == "__main__":
    sys.exit(main())
