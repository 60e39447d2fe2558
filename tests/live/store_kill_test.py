"""A process that writes to the store is killed 200 times at random instants: nothing committed is ever missing.

usage: python3 tests/live/store_kill_test.py [ROUNDS]     (CALLWEIR_BIN: folder of the programs)
"""
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 200
PROGRAM = pathlib.Path(os.environ.get("CALLWEIR_BIN", "build/dev/bin")) / "callweir-store_writer"


def one_life(database, seconds):
    """(records found at the start, records told committed, what was wrong): starts, waits, kills."""
    with subprocess.Popen([PROGRAM, database, "40"], stdout=subprocess.PIPE, text=True) as writer:
        try:
            first = writer.stdout.readline().split(maxsplit=1)
            if not first or first[0] != "opened":
                return 0, 0, " ".join(first) or "it ended at once"
            time.sleep(seconds)
        finally:
            writer.kill()
        lines = writer.stdout.read().split("\n")[:-1]  # the last one may be torn
    committed = [int(line.split()[1]) for line in lines if line.startswith("committed ")]
    return int(first[1]), (committed or [int(first[1])])[-1], ""


def main():
    chance = random.Random(2026)
    told = lives = 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="callweir-kill-") as folder:
        for lives in range(1, ROUNDS + 1):
            found, committed, wrong = one_life(str(pathlib.Path(folder) / "callweir.db"), chance.uniform(0, 0.05))
            if wrong or found < told:
                print(f"life {lives}: {wrong or f'{told} were committed, {found} were found'}")
                return 1
            told = committed
    print(f"{lives} kills in {time.monotonic() - began:.0f} s, {told} records committed: "
          "each time the database opened, and rows and position agreed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
