"""A second `run` by mistake is refused and takes nothing from the first: its policies outlive a crash of its engine.

usage: sudo python3 tests/live/second_run_test.py      (CALLWEIR_BIN: folder of the programs)
"""
import os
import signal
import sys
import time

from appliance import Appliance, binaries
from netlab import NetLab
from scenario import main

BACK_S = 15


def refused(lab, appliance, socket):
    process = lab.spawn(lab.box, appliance.program, "run", "--no-dashboard", "-c", appliance.files["observe"], "--socket", socket)
    return process.wait(20) == 2


def lines_of(appliance):
    """The policies in force, without the file that they came from."""
    return appliance.ask("policy", "list").splitlines()[1:]


def scenario(folder):
    wrong = []
    with NetLab() as lab:
        appliance = Appliance(lab, binaries(), folder)
        appliance.start("observe")
        listed = lines_of(appliance)
        appliance.apply("enforce")
        applied = lines_of(appliance)
        if applied == listed:
            wrong.append("'policy list' does not show what was applied")
        for socket in (appliance.socket, appliance.folder / "other.sock"):
            if not refused(lab, appliance, socket):
                wrong.append(f"a second run with socket {socket.name} was not refused")
        engine = appliance.records("status")[0]["pids"]["engine"]
        os.kill(engine, signal.SIGKILL)
        end = time.monotonic() + BACK_S
        while time.monotonic() < end:
            time.sleep(0.2)
            if appliance.state() == "inspecting" and appliance.records("status")[0]["pids"]["engine"] != engine:
                break
        else:
            wrong.append("no engine after the kill")
        if lines_of(appliance) != applied:
            wrong.append("the applied policies are gone")
        appliance.stop()
    print("\n".join(wrong) or "refused twice, the applied policies are still in force")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main("second", scenario))
