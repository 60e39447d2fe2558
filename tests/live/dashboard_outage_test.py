"""The dashboard is killed 100 times while traffic flows and records are made: no packet and no record is lost.

Every second kill of the last forty finds it stopped for a second, as a hung process would be. Records whose number the
test knows are entries of the audit log: each must be in the database once. The rest is shown by the numbers themselves:
where the store stands at the end is where the engine is, and no gap says that records are missing.

usage: sudo python3 tests/live/dashboard_outage_test.py      (CALLWEIR_BIN: folder of the programs)
"""
import json
import os
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import threading
import time

from appliance import Appliance, binaries
from dashboard import free_port
from netlab import NetLab
from scenario import main
from stream_lab import Stream, outages

KILLS, STOPPED = 100, 20
RATE_PPS = 1000
SECONDS = 76
ENTRIES_PER_S = 100  # of the audit log


def frame(body):
    text = json.dumps(body).encode()
    return struct.pack("!I", len(text)) + text


class Entries(threading.Thread):
    """Makes entries of the audit log: `bypass off`, over and over, on one connection."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.link.settimeout(10)
        self.link.connect(str(path))
        self.done, self.made = threading.Event(), 0

    def exactly(self, count):
        got = b""
        while len(got) < count:
            piece = self.link.recv(count - len(got))
            if not piece:
                raise EOFError
            got += piece
        return got

    def run(self):
        while not self.done.is_set():
            self.link.sendall(frame({"verb": "bypass", "mode": "off"}))
            while True:
                body = json.loads(self.exactly(struct.unpack("!I", self.exactly(4))[0]))
                if body["type"] in ("done", "error"):
                    break
            self.made += 1
            time.sleep(1 / ENTRIES_PER_S)


def start_dashboard(program, configuration, appliance, log):
    return subprocess.Popen([program, "-c", configuration, "--socket", appliance.socket], stdin=subprocess.DEVNULL,
                            stdout=log, stderr=log)


def committed(store):
    """(engine, number) of the newest record in the database; None before there is one."""
    try:
        with sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=5) as db:
            return db.execute("SELECT engine, number FROM position").fetchone()
    except sqlite3.Error:
        return None


def kill_over_and_over(program, configuration, appliance, store, log):
    """Returns the numbers that were committed at each death: they must never go back."""
    stands, ends = [], time.monotonic() + SECONDS - 5
    for number in range(KILLS):
        process = start_dashboard(program, configuration, appliance, log)
        time.sleep(0.25 + 0.01 * (number * 7 % 30))  # at other instants of its life
        if number >= KILLS - 2 * STOPPED and number % 2 == 0:
            process.send_signal(signal.SIGSTOP)
            time.sleep(1)
        process.kill()
        process.wait(10)
        stands.append((committed(store) or ("", 0))[1])
    return stands, time.monotonic() < ends


def journal(appliance):
    return appliance.records("status")[0]["counters"]


def catch_up(program, configuration, appliance, store, log):
    """The last dashboard lives until it has what the engine has; returns how far it came and how far that was."""
    process = start_dashboard(program, configuration, appliance, log)
    end, stands, written = time.monotonic() + 20, 0, 0
    while time.monotonic() < end:
        written = journal(appliance)["records_written"]
        time.sleep(0.7)
        stands = (committed(store) or ("", 0))[1]
        if stands >= written:
            break
    process.send_signal(signal.SIGTERM)
    process.wait(15)
    return stands, written


def scenario(folder):
    store = os.path.join(folder, "store.db")
    extra = f'store: {{ sqlite: {store} }}\ndashboard: {{ listen: "127.0.0.1:{free_port()}", tls: auto }}\n'
    program = binaries() / "callweir-dashboard"
    with NetLab() as lab, open(os.path.join(folder, "dashboard.log"), "w", encoding="utf-8") as log:
        appliance = Appliance(lab, binaries(), folder, extra)
        configuration = appliance.files["observe"]
        appliance.start("observe")
        lab.reach()
        stream = Stream(lab, folder, RATE_PPS, 200, SECONDS)
        entries = Entries(appliance.socket)
        entries.start()
        stands, in_time = kill_over_and_over(program, configuration, appliance, store, log)
        sent, arrived = stream.result()
        entries.done.set()
        entries.join(10)
        stood, written = catch_up(program, configuration, appliance, store, log)
        counters = journal(appliance)
        appliance.stop()
    with sqlite3.connect(store) as db:
        sound = db.execute("PRAGMA integrity_check").fetchone()[0]
        kept = db.execute("SELECT count(*) FROM audit WHERE verb = 'bypass'").fetchone()[0]
        gaps = db.execute("SELECT sum(count) FROM gap WHERE what = 'records'").fetchone()[0] or 0
    found = outages(sent, arrived)
    back = sum(1 for a, b in zip(stands, stands[1:]) if b < a)
    print(f"{KILLS} kills, {STOPPED} of them of a stopped process: {sum(found)} of {sent} packets lost; the store stands at "
          f"{stood} of {written} records, went back {back} times, misses {gaps}; {kept} of {entries.made} audit entries are "
          f"in it; integrity {sound}; readers refused {counters['record_readers_refused']}", flush=True)
    if not in_time:
        print("the kills took longer than the stream: the machine is too busy to tell")
    good = (sum(found) == 0 and sent >= RATE_PPS * SECONDS and in_time and stood >= written > 0 and back == 0 and
            gaps == 0 and kept == entries.made > 0 and sound == "ok")
    if not good:
        with open(os.path.join(folder, "dashboard.log"), encoding="utf-8") as text:
            print("".join(text.readlines()[-15:]))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main("dashboard-outage", scenario))
