"""`callweir run` brings the dashboard up beside the engine, starts it again when it dies, and ends it with itself.

usage: sudo python3 tests/live/dashboard_restart_test.py      (CALLWEIR_BIN: folder of the programs)
"""
import os
import signal
import sys
import time

from appliance import Appliance, binaries
from dashboard import free_port
from netlab import NetLab
from scenario import main

PATIENCE_S = 20


def other_pid(appliance, than):
    """The dashboard's process once it is another; None when it never is."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        pid = appliance.records("status")[0]["pids"]["dashboard"]
        if pid not in (None, than):
            return pid
        time.sleep(0.1)
    return None


def reads(appliance):
    """Whether the dashboard comes to read the engine's records."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if appliance.records("status")[0]["counters"]["record_readers"] == 1:
            return True
        time.sleep(0.1)
    return False


def is_there(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def scenario(folder):
    extra = (f"store: {{ sqlite: {os.path.join(folder, 'store.db')} }}\n"
             f'dashboard: {{ listen: "127.0.0.1:{free_port()}", tls: auto }}\n')
    with NetLab() as lab:
        appliance = Appliance(lab, binaries(), folder, extra, dashboard=True)
        appliance.start("observe")
        first = other_pid(appliance, None)
        first_reads = first is not None and reads(appliance)
        killed = time.monotonic()
        if first is not None:
            os.kill(first, signal.SIGKILL)
        second = other_pid(appliance, first)
        back_s = time.monotonic() - killed
        second_reads = second is not None and reads(appliance)
        alarm = "dashboard_down" in appliance.records("status")[0]["alarms"]
        appliance.stop()
        gone = second is not None and not is_there(second)
    print(f"dashboard {first} reads: {first_reads}; killed, back as {second} after {back_s:.1f} s, reads: {second_reads}, "
          f"alarm: {alarm}; ended with the appliance: {gone}", flush=True)
    return 0 if first_reads and second_reads and alarm and gone and back_s < 8 else 1


if __name__ == "__main__":
    sys.exit(main("dashboard-restart", scenario))
