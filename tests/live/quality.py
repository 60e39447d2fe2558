"""MOS by the project's definition, written a second time from the recommendations, to judge the appliance by.

G.107 for G.711, G.107.2 for Opus (rows by codec payload rate). Nothing here comes from the appliance: loss or
concealment and payload rate are the receiver's own, the delay is measured on the wire at both ends.
"""
import math

BASE_DELAY_MS = 80.0
WINDOW_S = 20.0
# kbit/s: (Ie, Bpl for bursty loss), super-wideband Opus (Alahmadi), held at the ends.
OPUS_ROWS = ((14, 38.1, 9.1), (16, 30.2, 10.1), (22, 20.2, 8.6), (25, 20.2, 9.2), (31, 16.8, 8.8), (40, 10.7, 8.0))
G711_PLC_BPL = 25.1


def delay_impairment(one_way_ms):
    """Idd of G.107 7.4 with sT = 1, mT = 100 ms."""
    if one_way_ms <= 100:
        return 0.0
    x = math.log2(one_way_ms / 100)
    return 25 * ((1 + x ** 6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2)


def mos_of_rating(r):
    if r <= 0:
        return 1.0
    if r >= 100:
        return 4.5
    return max(1.0, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)


def opus_row(kbps):
    kbps = min(max(kbps, OPUS_ROWS[0][0]), OPUS_ROWS[-1][0])
    for (low, ie_low, bpl_low), (high, ie_high, bpl_high) in zip(OPUS_ROWS, OPUS_ROWS[1:]):
        if kbps <= high:
            part = (kbps - low) / (high - low)
            return ie_low + part * (ie_high - ie_low), bpl_low + part * (bpl_high - bpl_low)
    raise AssertionError("the rows cover every rate")


def mos(codec, loss, delay_ms, payload_kbps):
    """`loss` 0 to 1; `delay_ms` is one way, all in."""
    percent = 100 * loss
    if codec == "g711_plc":
        return mos_of_rating(93.2 - delay_impairment(delay_ms) - 95 * percent / (percent + G711_PLC_BPL))
    if codec != "opus_fb":
        raise ValueError(f"no row for {codec}")
    ie, bpl = opus_row(payload_kbps)
    effective = ie + (132 - ie) * percent / (percent + bpl)
    return mos_of_rating((148 - 1.48 * delay_impairment(delay_ms) - effective) / 1.48)


class Window:
    """One direction of one call over [begin, begin + length)."""

    def __init__(self, codec, seconds, hops, begin, length=WINDOW_S):
        inside = [s for s in seconds if begin < s.time <= begin + length]
        self.begin, self.seconds = begin, len(inside)
        samples = sum(s.samples for s in inside)
        expected = sum(s.expected for s in inside)
        received = sum(s.received for s in inside)
        self.network_loss = max(0.0, 1 - received / expected) if expected else 1.0
        self.concealed = sum(s.concealed for s in inside) / samples if samples else None
        self.loss = self.network_loss if self.concealed is None else self.concealed
        self.payload_kbps = (sum(s.payload_kbps * s.received for s in inside) / received) if received else 0.0
        self.connected = all(s.connected for s in inside)
        arrived = [h.delay_ms for h in hops if begin <= h.sent < begin + length and h.delay_ms is not None]
        self.added_delay_ms = sum(arrived) / len(arrived) if arrived else 0.0
        self.mos = mos(codec, self.loss, BASE_DELAY_MS + self.added_delay_ms, self.payload_kbps) \
            if received else 1.0

    def __str__(self):
        concealed = "-" if self.concealed is None else f"{100 * self.concealed:.1f} %"
        return (f"MOS {self.mos:.2f} (lost {100 * self.network_loss:.1f} %, concealed {concealed}, "
                f"+{self.added_delay_ms:.0f} ms, {self.payload_kbps:.1f} kbit/s, {self.seconds} s)")
