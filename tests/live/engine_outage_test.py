"""The whole engine dies, comes back, hangs: how long the line is silent, by consecutive packets lost at 1,000/s.

usage: sudo python3 tests/live/engine_outage_test.py      (CALLWEIR_BIN: folder of the programs)
"""
import os
import signal
import sys
import time

from netlab import LabError
from scenario import inspected, main
from stream_lab import Stream, outages

RATE_PPS = 1000
SECONDS = 9
BACK_S = 10
# (what, signal, longest outage allowed in ms): one stream sees the death and the restart after it
CASES = (("kill -9 and restart", signal.SIGKILL, 20), ("SIGSTOP and restart", signal.SIGSTOP, 500))


def measure(lab, appliance, folder, what, sign, most_ms):
    if appliance.state() != "inspecting":
        raise LabError(f"not inspecting before {what}")
    engine = appliance.records("status")[0]["pids"]["engine"]
    stream = Stream(lab, folder, RATE_PPS, 200, SECONDS)
    time.sleep(1.5)
    os.kill(engine, sign)
    struck, back = time.monotonic(), None
    while back is None and time.monotonic() - struck < BACK_S:
        time.sleep(0.1)
        records = appliance.records("status") if appliance.state() == "inspecting" else []
        if records and records[0]["pids"]["engine"] not in (None, engine):
            back = time.monotonic() - struck
    sent, arrived = stream.result()
    found = outages(sent, arrived)
    print(f"{what}: outages of {found[:4]} ms, {sum(found)} of {sent} lost, inspecting again after "
          f"{'never' if back is None else f'{back:.1f} s'}", flush=True)
    # A stream that did not flow proves nothing.
    return back is not None and sent >= RATE_PPS * SECONDS and (found or [0])[0] <= most_ms


def scenario(folder):
    with inspected(folder) as (lab, appliance):
        good = []
        for case in CASES:
            good.append(measure(lab, appliance, folder, *case))
            time.sleep(2)
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main("outage", scenario))
