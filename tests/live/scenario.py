"""The frame of a scenario in a lab of its own: a folder for files, exit codes, a running appliance."""
import contextlib
import tempfile

from appliance import Appliance, binaries
from netlab import LabError, NetLab

SKIPPED = 77


@contextlib.contextmanager
def inspected(folder):
    """(lab, appliance): it inspects, enforces nothing, and inside reaches outside."""
    with NetLab() as lab:
        appliance = Appliance(lab, binaries(), folder)
        appliance.start("observe")
        lab.reach()
        yield lab, appliance
        appliance.stop()


def main(name, scenario):
    """The exit code of `scenario(folder)`; 77 where root or a program is missing."""
    with tempfile.TemporaryDirectory(prefix=f"callweir-{name}-") as folder:
        try:
            return scenario(folder)
        except LabError as why:
            print(why)
            return SKIPPED if "needs root" in str(why) or "not installed" in str(why) else 1
