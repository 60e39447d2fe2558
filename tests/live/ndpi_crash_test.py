"""Packets that crash nDPI: the engine starts again, from the third crash on without nDPI, and packets pass all the
while. The bug is planted by a library that is preloaded (tests/shims); the product has none and no switch for one.

usage: sudo python3 tests/live/ndpi_crash_test.py      (CALLWEIR_BIN: folder of the programs)
"""
import os
import pathlib
import sys
import time

from appliance import Appliance, binaries
from netlab import OUTSIDE_ADDRESS, LabError, NetLab
from scenario import main
from stream_lab import Stream, outages

MAGIC = "callweir test: nDPI crashes here"
SHIM = "libcallweir_ndpi_crash.so"
RATE_PPS, SECONDS = 1000, 14
OUTAGE_MS = 20      # of each crash and each restart, as when it is killed
CRASHES = 3         # the third in a row is laid to nDPI
QUIET_S = 4         # so long the packets go on after the last crash, in vain
ATTACK = f"""
import socket, time
end = time.monotonic() + {SECONDS - 3}
while time.monotonic() < end:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # another port: another flow
    for _ in range(3):
        s.sendto({MAGIC!r}.encode() + bytes(range(40)), ("{OUTSIDE_ADDRESS}", 40007))
    s.close()
    time.sleep(0.05)
"""


def status(appliance):
    try:
        return appliance.records("status")[0]
    except (LabError, IndexError):
        return None


def follow(appliance, seconds):
    """Status as it changes: (seconds, state, restarts, alarms)."""
    begin, seen = time.monotonic(), []
    while time.monotonic() - begin < seconds:
        now = status(appliance)
        if now:
            what = (now["state"], now["restarts"], sorted(now["alarms"]))
            if not seen or seen[-1][1:] != what:
                seen.append((round(time.monotonic() - begin, 2), *what))
                print(*seen[-1], flush=True)
        time.sleep(0.02)
    return seen


def scenario(folder):
    shim = pathlib.Path(binaries()).parent / "lib" / SHIM
    if not shim.exists():
        raise LabError(f"{SHIM} is not installed beside the programs")
    failed = []
    with NetLab() as lab:
        appliance = Appliance(lab, binaries(), folder)
        os.environ["LD_PRELOAD"] = str(shim)
        try:
            appliance.start("observe")
        finally:
            del os.environ["LD_PRELOAD"]
        lab.reach()
        if status(appliance)["restarts"] != 0:
            failed.append("the engine crashed before the attack")
        stream = Stream(lab, folder, RATE_PPS, 200, SECONDS)
        time.sleep(1)
        attack = lab.spawn(lab.inside, sys.executable, "-c", ATTACK)
        seen = follow(appliance, SECONDS - 2)
        attack.wait(20)
        sent, arrived = stream.result()
        last = status(appliance)
        said = appliance.said(12)
        appliance.stop()
    found = outages(sent, arrived)
    print(f"{sent - len(arrived)} of {sent} lost, outages of {found[:4]} ms, {last['restarts']} restarts, alarms "
          f"{last['alarms']}")
    steps = [restarts for _, _, restarts, _ in seen]
    calm_since = next((at for at, state, restarts, _ in seen if restarts == CRASHES and state == "inspecting"), None)
    checks = [
        (last["restarts"] == CRASHES, f"{CRASHES} crashes and no more: {last['restarts']}"),
        (steps == sorted(steps) and steps[-1] == CRASHES, "one rung of the ladder after the other"),
        (calm_since is not None and calm_since <= SECONDS - 2 - QUIET_S, f"calm from {calm_since} s on"),
        (last["state"] == "inspecting", "it inspects, though without nDPI"),
        ({"engine_crashed", "without_ndpi"} <= set(last["alarms"]), "alarms say so"),
        ("restarting without nDPI" in said, "the log says so"),
        (sent >= RATE_PPS * SECONDS and (found or [0])[0] <= OUTAGE_MS, f"no outage above {OUTAGE_MS} ms"),
    ]
    failed += [what for holds, what in checks if not holds]
    print(said)
    print("failed: " + "; ".join(failed) if failed else "ok")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main("ndpi-crash", scenario))
