"""The store on a small disk that somebody else fills: the oldest records go, and writing goes on by itself.

usage: sudo python3 tests/live/store_full_test.py      (CALLWEIR_BIN: folder of the programs)
"""
import os
import pathlib
import subprocess
import sys
import time

from netlab import LabError
from scenario import main
from small_disk import small_disk

PROGRAM = pathlib.Path(os.environ.get("CALLWEIR_BIN", "build/dev/bin")) / "callweir-store_writer"
SIZE = "128m"
BEFORE = 20_000  # records until somebody fills the disk
GOES_ON = 60_000  # records after it was full
SECONDS_MOST = 80


def fill(folder):
    """Writes until nothing more fits."""
    with open(pathlib.Path(folder) / "ballast", "wb", buffering=0) as out:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    out.write(bytes(size))
            except OSError:
                continue


def watch(writer, folder):
    """(records before it was full, records committed, batches refused)."""
    refused, filled, full_at, committed = 0, False, None, 0
    end = time.monotonic() + SECONDS_MOST
    for line in writer.stdout:
        if line.startswith("committed "):
            committed = int(line.split()[1])
        elif line == "full\n":
            refused += 1
            full_at = committed if full_at is None else full_at
        elif line.startswith("failed"):
            raise LabError(line)
        if not filled and committed >= BEFORE:
            filled = True
            fill(folder)
        if full_at is not None and committed >= full_at + GOES_ON:
            return full_at, committed, refused
        if time.monotonic() > end:
            raise LabError(f"{committed} committed, {refused} refused, first full at {full_at}: it does not go on")
    raise LabError("the writer ended")


def scenario(folder):
    command = [PROGRAM, str(pathlib.Path(folder) / "callweir.db"), "500", "10000000000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        try:
            full_at, committed, refused = watch(writer, folder)
        finally:
            writer.kill()
    print(f"full after {full_at} records; {committed - full_at} more were committed on the full disk, "
          f"{refused} batches had to come again")
    # What is there is whole.
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        try:
            first = writer.stdout.readline().split()
        finally:
            writer.kill()
    return 0 if first[0] == "opened" and int(first[1]) >= committed else 1


def on_a_small_disk(folder):
    with small_disk(folder, SIZE):
        return scenario(folder)


if __name__ == "__main__":
    sys.exit(main("store-full", on_a_small_disk))
