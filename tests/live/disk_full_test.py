"""A full disk, where socket, log and applied policies lie: no packet is lost, the appliance goes on inspecting.

usage: sudo python3 tests/live/disk_full_test.py      (CALLWEIR_BIN: folder of the programs)
"""
import pathlib
import sys
import tempfile

from netlab import LabError
from scenario import inspected, main
from small_disk import small_disk
from stream_lab import Stream

RATE_PPS = 1000
SECONDS = 8
SIZE = "2m"


def fill(folder):
    """Writes until nothing more fits."""
    with open(pathlib.Path(folder) / "ballast", "wb", buffering=0) as out:
        for size in (1 << 16, 1 << 9, 1):
            try:
                while True:
                    out.write(bytes(size))
            except OSError:
                continue


def scenario(folder):
    with inspected(folder) as (lab, appliance):
        fill(folder)
        stream = Stream(lab, tempfile.gettempdir(), RATE_PPS, 200, SECONDS)
        try:
            appliance.apply("enforce")
            answer = "taken"
        except LabError as why:
            answer = f"refused: {why}"
        sent, arrived = stream.result()
        pathlib.Path(stream.path).unlink()
        state = appliance.state()
    lost = sent - len({number for number, _ in arrived})
    print(f"disk full at {RATE_PPS} packets/s: {lost} of {sent} packets lost, state {state}, a new policy was {answer}")
    return 0 if (lost, state) == (0, "inspecting") and sent >= RATE_PPS * SECONDS else 1


def on_a_small_disk(folder):
    with small_disk(folder, SIZE):
        return scenario(folder)


if __name__ == "__main__":
    sys.exit(main("full", on_a_small_disk))
