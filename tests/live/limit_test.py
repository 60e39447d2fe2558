"""A live rate limit: what passes is within 3 % of the configured rate, counted in L3 bytes after the burst.

usage: sudo python3 tests/live/limit_test.py      (CALLWEIR_BIN: folder of the programs)
"""
import sys

from appliance import LINK
from netlab import OUTSIDE_ADDRESS
from scenario import inspected, main
from stream_lab import Stream

TOLERANCE = 0.03
HEADERS = 28                 # IPv4 and UDP: rates count L3 bytes
# (rate bit/s as written, bit/s, payload bytes, packets/s offered, seconds): 2,000 packets or more pass each
CASES = (("2Mbit", 2e6, 172, 2000, 2.5), ("800kbit", 8e5, 72, 2000, 3.0), ("8Mbit", 8e6, 972, 2000, 3.0))
SETTLE_S = 0.3               # the burst is spent by then


def policy(rate):
    return (LINK + f"policies:\n  - {{ name: cap, match: {{ dst: {OUTSIDE_ADDRESS} }}, "
                   f"action: {{ limit: {{ rate: {rate}, per: flow }} }} }}\n"
                   "  - { name: rest, match: {}, action: allow }\n")


def measure(lab, appliance, folder, rate, bits_per_s, payload, pps, seconds):
    appliance.files["enforce"].write_text(policy(rate), encoding="utf-8")
    appliance.apply("enforce")
    _, arrived = Stream(lab, folder, pps, payload, seconds).result()
    begin = arrived[0][1] + SETTLE_S
    steady = [at for _, at in arrived if at >= begin]
    got = (len(steady) - 1) * (payload + HEADERS) * 8 / (steady[-1] - steady[0])
    off = got / bits_per_s - 1
    print(f"{rate}: {got / 1e3:.1f} kbit/s over {len(steady)} packets, {100 * off:+.2f} %", flush=True)
    return abs(off) <= TOLERANCE and len(steady) >= 2000


def scenario(folder):
    with inspected(folder) as (lab, appliance):
        good = [measure(lab, appliance, folder, *case) for case in CASES]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main("limit", scenario))
