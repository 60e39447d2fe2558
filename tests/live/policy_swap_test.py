"""A running policy is replaced again and again under load: no packet is lost, none overtakes another.

usage: sudo python3 tests/live/policy_swap_test.py      (CALLWEIR_BIN: folder of the programs)
"""
import sys

from scenario import inspected, main
from stream_lab import Stream

SWAPS = 100
RATE_PPS = 1000
SECONDS_MAX = 60


def scenario(folder):
    with inspected(folder) as (lab, appliance):
        stream = Stream(lab, folder, RATE_PPS, 200, SECONDS_MAX)
        swaps = 0
        while swaps < SWAPS and stream.sending():
            appliance.apply(("enforce", "observe")[swaps % 2])
            swaps += 1
        under_load = stream.sending()
        sent, arrived = stream.result()
        state = appliance.state()
    numbers = [number for number, _ in arrived]
    lost, reordered = sent - len(set(numbers)), sum(b < a for a, b in zip(numbers, numbers[1:]))
    print(f"{swaps} policies applied at {RATE_PPS} packets/s: {lost} of {sent} packets lost, {reordered} reordered, "
          f"state {state}")
    return 0 if (swaps, lost, reordered, state, under_load) == (SWAPS, 0, 0, "inspecting", True) else 1


if __name__ == "__main__":
    sys.exit(main("swap", scenario))
