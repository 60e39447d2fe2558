"""The appliance in the box of a lab: configuration, start, questions, stop."""
import json
import os
import pathlib
import subprocess
import time

from netlab import LabError, stop

LINK = """site: lab
timezone: UTC
links:
  - name: uplink
    inside:  { kernel: eth1 }
    outside: { kernel: eth2 }
    inside_networks: [10.77.0.1/32]
"""
# The company's SIP calls are told from others as calls; both ends have the same addresses as the softphones.
POLICIES = """policies:
  - { name: company-calls, match: { app: [SIP] }, action: allow }
  - { name: softphones, match: { voip: true, p2p: true }, action: { degrade: { mos: 1.8, ramp: 10s } }, mode: MODE }
  - { name: rest, match: {}, action: allow }
"""


class Appliance:
    """Runs `callweir run`; `mode` of the line that degrades: "observe" or "enforce". With `dashboard` it starts that, too:
    `extra` should say where it keeps and listens."""

    def __init__(self, lab, binaries, folder, extra="", dashboard=False):
        self.lab, self.folder = lab, pathlib.Path(folder)
        self.options = [] if dashboard else ["--no-dashboard"]
        self.program = pathlib.Path(binaries) / "callweir"
        self.socket = self.folder / "control.sock"  # its own, so that it meets no appliance of the machine
        self.files = {}
        for mode in ("observe", "enforce"):
            self.files[mode] = self.folder / f"{mode}.yaml"
            self.files[mode].write_text(LINK + extra + POLICIES.replace("MODE", mode), encoding="utf-8")
        self.log = None
        self.process = None

    def start(self, mode="observe", seconds=30):
        self.log = open(self.folder / "callweir.log", "w", encoding="utf-8")
        self.process = self.lab.spawn(self.lab.box, self.program, "run", "-c", self.files[mode], *self.options,
                                      "--socket", self.socket, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise LabError(f"callweir run ended with {self.process.returncode}:\n{self.said()}")
            if self.state() == "inspecting":
                return
            time.sleep(0.2)
        raise LabError(f"callweir does not inspect after {seconds} s:\n{self.said()}")

    def said(self, lines=15):
        text = (self.folder / "callweir.log").read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def ask(self, *verb, timeout=15):
        done = subprocess.run([self.program, verb[0], "--socket", self.socket, *verb[1:]], capture_output=True,
                              text=True, timeout=timeout)
        if done.returncode != 0:
            raise LabError(f"callweir {' '.join(map(str, verb))}: {done.stderr.strip()}")
        return done.stdout

    def records(self, *verb):
        return [json.loads(line) for line in self.ask(*verb, "--json").splitlines() if line.startswith("{")]

    def state(self):
        try:
            return self.records("status")[0]["state"]
        except (LabError, IndexError, KeyError, ValueError):
            return None

    def apply(self, mode):
        """Returns the time at which the running appliance had taken it."""
        self.ask("policy", "apply", self.files[mode])
        return time.time()

    def flow_of(self, ports):
        """The newest UDP flow record between these ports (inside, outside), either way round; None."""
        found = [f for f in self.records("flows") if f.get("type") == "flow" and f["proto"] == "udp" and
                 {f["sport"], f["dport"]} == set(ports)]
        return max(found, key=lambda f: f["last"]) if found else None

    def stop(self):
        if self.process:
            stop(self.process, grace=10)
        if self.log:
            self.log.close()


def binaries():
    """The folder of the programs under test."""
    root = pathlib.Path(__file__).resolve().parents[2]
    return pathlib.Path(os.environ.get("CALLWEIR_BIN", root / "build" / "release" / "bin"))
