#!/usr/bin/env python3
"""Frames leave byte for byte as they came: every kind, both ways, inspected, bypassed and with the engine dead; with
and without a bridge in front of a port, and at several MTUs."""
import os
import signal
import sys
import time

import frames
import wire

# A Linux bridge itself never forwards these, whatever its mask; the last is eaten by its netfilter.
BRIDGE_EATS = {"STP", "PAUSE", "LACP", "slow protocol OAM", "lying ip header"}


def exchange(w, sent, tell, ordered=True):
    """Sends every frame both ways, returns what went wrong."""
    wrong = []
    ends = {"out": ("l", w.far, "r", "r0"), "in": ("r", "r0", "l", w.far)}
    for way, (from_ns, from_if, to_ns, to_if) in ends.items():
        source, sink = w.socket(from_ns, from_if), w.socket(to_ns, to_if)
        for name, frame in sent:
            try:
                source.send(frame)
            except OSError as e:  # the sending interface itself takes no such frame
                wrong.append(f"{tell}, {way}: {name}: not sent: {e}")
            time.sleep(0.001)
        got = wire.drain(sink, 0.5)
        for name, frame in sent:
            copies = got.count(frame)
            if copies != 1:
                near = [g for g in got if g[-20:] == frame[-20:] and g != frame]
                wrong.append(f"{tell}, {way}: {name}: {copies} copies" +
                             (f"\n   sent {frame[:40].hex()}\n   came {near[0][:40].hex()}" if near else ""))
        known = {f for _, f in sent}
        wrong += [f"{tell}, {way}: not sent by us: {g[:40].hex()}" for g in got if g not in known]
        order = [g for g in got if g in known]
        if ordered and order != [f for _, f in sent if f in order]:
            wrong.append(f"{tell}, {way}: order changed")
        source.close()
        sink.close()
    return wrong


def scenario(mtu, bridge, queues=1, workers=1, mode="forward"):
    wrong = []
    with wire.Wire("frm", mtu=mtu, queues=queues, bridge=bridge) as w:
        sent = [(n, f) for n, f in frames.all_frames(mtu) if not (bridge and n in BRIDGE_EATS)]
        title = f"MTU {mtu}{', bridge' if bridge else ''}, {queues} queue(s), {workers} worker(s), {mode}"
        alone = queues == workers == 1  # otherwise only frames of one flow keep their order
        f = wire.Forward(w, workers=workers, mode=mode)
        try:
            engine = f.inspecting()["engine"]
            time.sleep(0.1)
            before = f.status()["received"]
            wrong += exchange(w, sent, f"{title}: inspected", alone)
            time.sleep(0.1)
            seen = [b - a for a, b in zip(before, f.status()["received"])]
            if seen != [len(sent), len(sent)]:
                wrong.append(f"{title}: the engine saw {seen} of {len(sent)} frames each way")
            os.kill(engine, signal.SIGUSR1)
            f.wait(lambda s: s["state"] == "bypass")
            wrong += exchange(w, sent, f"{title}: bypassed", alone)
            f.stop()
            wrong += exchange(w, sent, f"{title}: engine dead")
            print(f"{title}: {len(sent)} kinds of frames, three ways, {len(wrong)} wrong", flush=True)
        finally:
            f.kill()
    return wrong


if __name__ == "__main__":
    wire.need_root()
    problems = scenario(1500, False)
    problems += scenario(1500, True)
    problems += scenario(3498, False)
    problems += scenario(1280, False, queues=2)
    problems += scenario(1500, False, workers=2)
    problems += scenario(1500, False, mode="first")
    print("\n".join(problems) or "ok")
    sys.exit(1 if problems else 0)
