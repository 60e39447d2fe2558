#!/usr/bin/env python3
"""Fails open: what a stream of 1,000 frames/s loses when the engine is killed, restarted, stopped, the supervisor is
killed, and the engine crashes again and again."""
import os
import signal
import sys
import time

import stream
import wire


def measure(s, what, seconds, act, limit_ms):
    s.collect(0.5)
    begin = time.time()
    act()
    s.collect(seconds)
    lost, ms = s.outage(begin - 0.2)
    print(f"{what}: {lost} lost, outage {ms:.1f} ms (at most {limit_ms})", flush=True)
    return [] if ms <= limit_ms else [what]


def steady(s):
    s.collect(1.5)
    lost, ms = s.outage()
    print(f"undisturbed: {lost} lost, longest delay {ms:.1f} ms", flush=True)
    return [] if lost == 0 else ["undisturbed"]


def crashes(megabytes, env):
    """kill -9 and the restart after it, then a hang, with a table of that size."""
    failures = []
    with wire.Wire("fail") as w:
        f = wire.Forward(w, megabytes=megabytes, env=env)
        s = None
        try:
            now = f.inspecting()
            s = stream.Stream(w.socket("l", "l0"), w.socket("r", "r0"))
            print(f"engine with {megabytes} MB on {'4 KiB' if env else now['memory']} pages")
            failures += steady(s)
            # The kill and the restart that follows are told apart by when the next engine says it forwards.
            begin = time.time()
            os.kill(now["engine"], signal.SIGKILL)
            s.collect(0.06)
            lost, ms = s.outage(begin - 0.2)
            print(f"kill -9, first 60 ms: {lost} lost, outage {ms:.1f} ms (at most 20)", flush=True)
            failures += [] if ms <= 20 else ["kill"]
            s.collect(5)
            again = f.inspecting(now["engine"])
            s.collect(1)
            lost, ms = s.outage(begin + 0.06)
            print(f"restart: {lost} lost, outage {ms:.1f} ms (at most 20)", flush=True)
            failures += [] if ms <= 20 else ["restart"]
            failures += measure(s, "SIGSTOP", 6, lambda: os.kill(again["engine"], signal.SIGSTOP), 500)
            third = f.inspecting(again["engine"])
            assert third["alarms"] & 3 == 3, third
            begin = time.time()
            f.stop()
            s.collect(1)
            lost, ms = s.outage(begin - 0.2)
            print(f"SIGTERM: {lost} lost, outage {ms:.1f} ms", flush=True)
            failures += [] if lost == 0 else ["SIGTERM"]
        finally:
            if s:
                s.stop()
            f.kill()
    return failures


def supervisor_killed():
    with wire.Wire("fail") as w:
        f = wire.Forward(w)
        s = None
        try:
            engine = f.inspecting()["engine"]
            s = stream.Stream(w.socket("l", "l0"), w.socket("r", "r0"))
            s.collect(1)
            os.kill(f.status()["supervisor"], signal.SIGKILL)
            s.collect(2)
            lost, ms = s.outage()
            print(f"supervisor killed: {lost} lost, longest delay {ms:.1f} ms")
            assert not os.path.exists(f"/proc/{engine}"), "the engine goes on without a supervisor"
            # A new supervisor takes over, with nothing lost either.
            f2 = wire.Forward(w)
            try:
                f2.inspecting()
                s.collect(1)
                lost, ms = s.outage()
                print(f"and started anew: {lost} lost, longest delay {ms:.1f} ms")
            finally:
                f2.stop()
            return [] if lost == 0 else ["supervisor"]
        finally:
            if s:
                s.stop()
            f.kill()


def stalled():
    """A worker that is kept from running for a second: the frames go round it, and it goes on with them afterwards."""
    with wire.Wire("fail") as w:
        f = wire.Forward(w)
        s = None
        try:
            engine = f.inspecting()["engine"]
            s = stream.Stream(w.socket("l", "l0"), w.socket("r", "r0"))
            failures = steady(s)
            os.kill(engine, signal.SIGSTOP)
            begin = time.time()
            s.collect(1)
            os.kill(engine, signal.SIGCONT)
            resumed = time.time()
            f.wait(lambda now: now["state"] == "inspecting" and now["received"][0] > 0, 3)
            s.collect(1)
            before = f.status()["received"][0]
            s.collect(1)
            after = f.status()
            lost, _ = s.outage(begin - 0.2)
            # What lay in the worker's ring arrives when it resumes, behind newer frames: silence is what counts.
            came = sorted(arrived for sent, arrived in s.rows.values() if sent > begin - 0.2)
            ms = max(b - a for a, b in zip(came, came[1:])) * 1000
            late_lost, _ = s.outage(resumed + 0.5)
            print(f"stalled for 1 s: {lost} lost, silent for {ms:.1f} ms (at most 500), afterwards {late_lost} lost, "
                  f"{after['received'][0] - before} frames seen in 1 s", flush=True)
            if ms > 500 or late_lost or after["received"][0] - before < 800:
                failures.append("stalled")
            if after["engine"] != engine or after["restarts"]:
                failures.append("stalled: a healthy engine was restarted")
            return failures
        finally:
            if s:
                s.stop()
            f.kill()


def reborn():
    """An interface is deleted, the engine dies of it, the interface is made anew under its name: frames pass and are
    seen again, and nDPI is not suspected."""
    with wire.Wire("fail") as w:
        f = wire.Forward(w)
        s = None
        try:
            engine = f.inspecting()["engine"]
            w.run("c", "ip", "link", "del", "in0")
            os.kill(engine, signal.SIGKILL)
            time.sleep(3)  # crashes enough to be started without nDPI, were they nDPI's
            wire.sh("ip", "link", "add", "in0", "netns", w.names["c"], "type", "veth",
                    "peer", "name", "l0", "netns", w.names["l"])
            w.quiet("l", "l0")
            alarms = f.inspecting(engine)["alarms"]
            time.sleep(1)  # the other port, held down meanwhile, is let up
            s = stream.Stream(w.socket("l", "l0"), w.socket("r", "r0"))
            failures = steady(s)
            seen = f.status()["received"][0]
            print(f"interface made anew: {len(s.rows)} frames arrived, {seen} seen", flush=True)
            f.stop()
            if alarms & 4:
                failures.append("interface made anew: started without nDPI")
            return failures + ([] if len(s.rows) > 1000 and seen > 1000 else ["interface made anew"])
        finally:
            if s:
                s.stop()
            f.kill()


def crash_loop():
    with wire.Wire("fail") as w:
        f = wire.Forward(w, mode="die")
        s = stream.Stream(w.socket("l", "l0"), w.socket("r", "r0"))
        try:
            until = time.monotonic() + 60
            while f.status().get("state") != "pass-through" and time.monotonic() < until:
                s.collect(0.2)
            now = f.status()
            assert now["state"] == "pass-through" and now["alarms"] & 8, now
            begin = time.time()
            s.collect(2)
            lost, ms = s.outage(begin)
            print(f"crash loop: pass-through after {now['restarts']} crashes, then {lost} lost")
            f.stop()
            return [] if lost == 0 else ["crash loop"]
        finally:
            s.stop()
            f.kill()


if __name__ == "__main__":
    wire.need_root()
    failed = []
    failed += crashes(200, {})
    failed += crashes(200, {"CWL_SMALL_PAGES": "1"})
    failed += supervisor_killed()
    failed += stalled()
    failed += reborn()
    failed += crash_loop()
    print("failed: " + ", ".join(failed) if failed else "ok")
    sys.exit(1 if failed else 0)
