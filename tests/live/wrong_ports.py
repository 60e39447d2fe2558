#!/usr/bin/env python3
"""A port that cannot be used: exit 2, the port named, the pass-through of what is there up."""
import subprocess
import sys
import time

import wire


def attempt(w, ports, words, passes=True):
    """Runs until it ends by itself; `words` must stand on stderr."""
    file = f"/tmp/{w.names['c']}.status"
    done = subprocess.run(["ip", "netns", "exec", w.names["c"], f"{wire.BIN}/callweir-forward", "run", file, *ports],
                          capture_output=True, text=True, timeout=20)
    said = " ".join(done.stderr.split())
    wrong = []
    if done.returncode != 2:
        wrong.append(f"{ports}: exit code {done.returncode}: {said}")
    wrong += [f"{ports}: no '{word}' in: {said}" for word in words if word not in said]
    if passes:
        source, sink = w.socket("l", "l0"), w.socket("r", "r0")
        frame = b"\xff" * 6 + b"\x02" * 6 + b"\x88\xb5" + str(ports).encode().ljust(60)
        source.send(frame)
        if wire.drain(sink, 0.2).count(frame) != 1:
            wrong.append(f"{ports}: the pass-through is not up")
        source.close()
        sink.close()
    print(f"{words[0]}: {'; '.join(wrong) or said}", flush=True)
    return wrong


def redirected(w, *ports):
    """Ports that a refused run must not have touched, but has."""
    return [f"{port}: redirected by a run that refused it" for port in ports
            if "Redirect" in w.run("c", "tc", "filter", "show", "dev", port, "ingress")]


def second_run(w):
    first = wire.Forward(w)
    try:
        first.inspecting()
        wrong = attempt(w, ("in0", "out0"), ("in0", "already joined"))
        time.sleep(0.1)
        if first.status()["state"] != "inspecting":
            wrong.append("the first run was disturbed")
        first.stop()
        return wrong
    finally:
        first.kill()


def main():
    wire.need_root()
    wrong = []
    with wire.Wire("bad") as w:
        wrong += attempt(w, ("in0", "nope0"), ("nope0", "no interface"), passes=False)
        wrong += attempt(w, ("in0", "in0"), ("in0", "twice"), passes=False)
        wrong += attempt(w, ("lo", "out0"), ("lo", "loopback"), passes=False)
        wrong += redirected(w, "lo", "out0")
        w.run("c", "ip", "link", "add", "br7", "type", "bridge")
        w.run("c", "ip", "link", "set", "in0", "master", "br7")
        wrong += attempt(w, ("in0", "out0"), ("in0", "member of 'br7'", "nomaster"), passes=False)
        wrong += redirected(w, "in0", "out0")
        w.run("c", "ip", "link", "del", "br7")
        wrong += attempt(w, ("net_null0,size=64", "net_bad0,x=1"), ("net_bad0",), passes=False)
        w.run("c", "ip", "link", "set", "out0", "mtu", 1400)
        wrong += attempt(w, ("in0", "out0"), ("MTU 1500 and 1400", "out0"))
        for port in ("in0", "out0"):
            w.run("c", "ip", "link", "set", port, "mtu", 9000)
        wrong += attempt(w, ("in0", "out0"), ("9000", "in0", "mtu 3498"))
    with wire.Wire("bad") as w:
        # The far end takes larger frames than AF_XDP does: the kernel says so when the program is attached.
        w.run("l", "ip", "link", "set", "l0", "mtu", 9000)
        wrong += attempt(w, ("in0", "out0"), ("inside", "in0"))
    with wire.Wire("bad") as w:
        wrong += second_run(w)
    print("\n".join(wrong) or "ok")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
