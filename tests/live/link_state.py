#!/usr/bin/env python3
"""Link state goes from one port to the other and comes back, a held port is let up when the engine dies or stops, and
the two ports never hold each other down."""
import os
import signal
import sys
import time

import wire


def carrier(w, ns, interface):
    return "LOWER_UP" in w.run(ns, "ip", "link", "show", interface)


def until(what, condition, seconds):
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() - begin < seconds, f"{what}: not within {seconds} s"
        time.sleep(0.02)
    print(f"{what}: {time.monotonic() - begin:.2f} s", flush=True)


def passes(w):
    source, sink = w.socket("l", "l0"), w.socket("r", "r0")
    source.send(b"\xff" * 6 + b"\x02" * 6 + b"\x88\xb5" + b"p" * 60)
    good = len(wire.drain(sink, 0.2)) == 1
    source.close()
    sink.close()
    return good


def main():
    wire.need_root()
    with wire.Wire("lnk") as w:
        f = wire.Forward(w)
        try:
            first = f.inspecting()["engine"]
            time.sleep(6.5)  # ports are excused while they may still negotiate
            for near, near_if, far, far_if in (("l", "l0", "r", "r0"), ("r", "r0", "l", "l0")):
                w.run(near, "ip", "link", "set", near_if, "down")
                until(f"{far_if} sees that {near_if} is down", lambda: not carrier(w, far, far_if), 2)
                assert f.status()["alarms"] & 16
                time.sleep(1)
                w.run(near, "ip", "link", "set", near_if, "up")
                until(f"{far_if} is back", lambda: carrier(w, far, far_if), 3)
                until("frames pass", lambda: passes(w), 2)
                time.sleep(6.5)
            # Both lost at once, then both back.
            for ns, i in (("l", "l0"), ("r", "r0")):
                w.run(ns, "ip", "link", "set", i, "down")
            time.sleep(1)
            for ns, i in (("l", "l0"), ("r", "r0")):
                w.run(ns, "ip", "link", "set", i, "up")
            until("both back", lambda: carrier(w, "l", "l0") and carrier(w, "r", "r0") and passes(w), 5)
            time.sleep(6.5)
            # Held down at the moment of a kill: the supervisor lets it up.
            w.run("l", "ip", "link", "set", "l0", "down")
            until("r0 is held down", lambda: not carrier(w, "r", "r0"), 2)
            os.kill(first, signal.SIGKILL)
            until("r0 is let up after kill -9", lambda: carrier(w, "r", "r0"), 2)
            f.inspecting(first)
            time.sleep(6.5)
            until("r0 is held down again", lambda: not carrier(w, "r", "r0"), 3)
            w.run("l", "ip", "link", "set", "l0", "up")
            until("r0 is let up", lambda: carrier(w, "r", "r0"), 3)
            # Taken down by somebody else: a crash of ours does not let it up.
            now = f.status()["engine"]
            w.run("c", "ip", "link", "set", "in0", "down")
            until("r0 is held down", lambda: not carrier(w, "r", "r0"), 8)
            os.kill(now, signal.SIGKILL)
            until("r0 is let up after kill -9", lambda: carrier(w, "r", "r0"), 2)
            f.inspecting(now)
            assert ",UP" not in w.run("c", "ip", "link", "show", "in0"), "in0 was let up"
            time.sleep(6.5)
            until("r0 is held down again", lambda: not carrier(w, "r", "r0"), 3)
            f.stop()
            until("r0 is let up at the end", lambda: carrier(w, "r", "r0"), 1)
        finally:
            f.kill()
    print("ok")


if __name__ == "__main__":
    main()
