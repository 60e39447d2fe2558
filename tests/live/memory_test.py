"""What `check --dump` announces is an upper bound: an engine under a flood of flows and of calls, with policies replaced
again and again and clients that ask for everything and read nothing, never takes more.

usage: sudo python3 tests/live/memory_test.py      (CALLWEIR_BIN: folder of the programs)
"""
import json
import pathlib
import re
import socket
import struct
import subprocess
import sys
import time

from appliance import Appliance, binaries
from netlab import NetLab
from scenario import main

WORKERS = 2
STREAMS, PACKETS_A_STREAM = 1500, 60
SINGLES = 60_000
APPLIES = 30
CLIENTS = 24
FLOOD = f"""
import random, socket, struct, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
s.bind(("eth0", 0x800))
def frame(a, b, sport, dport, body):
    ip = struct.pack("!BBHHHBBHII", 0x45, 0, 28 + len(body), 1, 0, 64, 17, 0, a, b)
    return bytes.fromhex("02770000000202770000000108" "00") + ip + struct.pack("!HHHH", sport, dport, 8 + len(body), 0) + body
r = random.Random(7)
streams = [(0x0a4d0000 + r.randrange(1, 65000), 0xc6336400 + i % 250, 20000 + i, 30000 + i, r.getrandbits(32))
           for i in range({STREAMS})]
begin = time.monotonic()
for n in range({PACKETS_A_STREAM}):
    for a, b, sport, dport, ssrc in streams:
        rtp = struct.pack("!BBHII", 0x80, 0, n, n * 160, ssrc) + r.randbytes(160)
        s.send(frame(a, b, sport, dport, rtp))
        s.send(frame(b, a, dport, sport, rtp)) if n % 4 == 0 else None
    for _ in range({SINGLES // PACKETS_A_STREAM}):
        s.send(frame(r.getrandbits(32), r.getrandbits(32), r.getrandbits(16), r.getrandbits(16), b"x" * 40))
    time.sleep(max(0, begin + 0.1 * n - time.monotonic()))
"""


def announced(appliance, lab):
    """Bytes, as `check` says inside the box, where the interfaces are."""
    said = subprocess.run(["ip", "netns", "exec", lab.box, appliance.program, "check", "-c", appliance.files["observe"],
                           "--dump"], capture_output=True, text=True, timeout=20, check=True).stdout
    return float(re.search(r"in all\s+([0-9.]+) MB", said).group(1)) * 1e6


def taken(pid):
    """The most that the process has had so far, bytes, hugepages included."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return sum(int(re.search(rf"{key}:\s+(\d+) kB", status).group(1)) * 1024 for key in ("VmHWM", "HugetlbPages"))


def ask_and_not_read(path):
    s = socket.socket(socket.AF_UNIX)
    s.connect(str(path))
    body = json.dumps({"verb": "flows", "limit": 0}).encode()
    s.sendall(struct.pack("!I", len(body)) + body)
    return s


def scenario(folder):
    with NetLab() as lab:
        appliance = Appliance(lab, binaries(), folder, f"engine: {{ workers: {WORKERS}, flows: 100k }}\n")
        most = announced(appliance, lab)
        appliance.start("enforce")
        pid = appliance.records("status")[0]["pids"]["engine"]
        at_start = taken(pid)
        flood = lab.spawn(lab.inside, sys.executable, "-c", FLOOD)
        for n in range(APPLIES):
            appliance.apply(("observe", "enforce")[n % 2])
        flood.wait(60)
        waiting = [ask_and_not_read(appliance.socket) for _ in range(CLIENTS)]
        time.sleep(2)
        for client in waiting:
            client.close()
        time.sleep(1)
        calls, counters = len(appliance.records("calls")), appliance.records("status")[0]["counters"]
        same = appliance.records("status")[0]["pids"]["engine"] == pid
        at_end = taken(pid)
        appliance.stop()
    print(f"announced {most / 1e6:.0f} MB; taken {at_start / 1e6:.0f} MB at the start, {at_end / 1e6:.0f} MB with "
          f"{counters['flows_opened']} flows opened, {counters['flows_booked']} in the book, {calls} calls, {APPLIES} "
          f"changes of policy, {CLIENTS} clients that do not read")
    return 0 if same and at_end <= most and counters["flows_opened"] > SINGLES / 2 else 1


if __name__ == "__main__":
    sys.exit(main("memory", scenario))
