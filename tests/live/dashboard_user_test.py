"""Started by `callweir run` as root, the dashboard is the user `callweir`: without capabilities and groups, its store its own, the
sockets within reach, rewriting policies not; it ends with its parent. The user exists in this test's own mount namespace only.

usage: sudo python3 tests/live/dashboard_user_test.py      (CALLWEIR_BIN: folder of the programs)
"""
import json
import os
import pathlib
import signal
import stat
import subprocess
import sys
import time

from appliance import Appliance, binaries
from netlab import NetLab
from scenario import main

UID = 64_871
INSIDE = "CALLWEIR_TEST_HAS_USER"
ASK = ("import json, ssl, sys, urllib.request as u\n"
       "c = ssl.create_default_context(); c.check_hostname = False; c.verify_mode = ssl.CERT_NONE\n"
       "print(u.urlopen(sys.argv[1], context=c, timeout=5).read().decode())")
PORT = 8443


class Wrong(Exception):
    pass


def check(good, what):
    if not good:
        raise Wrong(what)
    print(f"  ok: {what}", flush=True)


def with_user():
    """Again, where /etc/passwd and /etc/group know the user."""
    script = ("set -e; mount --make-rprivate /; d=$(mktemp -d); for f in passwd group; do cp /etc/$f $d/$f; done\n"
              f"echo callweir:x:{UID}:{UID}::/nonexistent:/usr/sbin/nologin >>$d/passwd; echo callweir:x:{UID}: >>$d/group\n"
              'for f in passwd group; do mount --bind $d/$f /etc/$f; done; set +e; "$@"; r=$?\n'
              "umount /etc/passwd /etc/group; rm -r $d; exit $r")
    return subprocess.run(["unshare", "-m", "bash", "-c", script, "bash", sys.executable, *sys.argv], check=False,
                          env={**os.environ, INSIDE: "1"}).returncode


def fields(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def ask(lab, path):
    done = subprocess.run(["ip", "netns", "exec", lab.box, sys.executable, "-c", ASK, f"https://127.0.0.1:{PORT}{path}"],
                          capture_output=True, text=True, timeout=20)
    return json.loads(done.stdout) if done.returncode == 0 else {}


def soon(what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.2)
    return None


def as_service(appliance, *words):
    return subprocess.run([appliance.program, *words, "--socket", appliance.socket], user=UID, group=UID, extra_groups=[],
                          capture_output=True, text=True, timeout=20)


def looks(lab, appliance, folder):
    store = folder / "store"
    pid = soon(lambda: appliance.records("status")[0]["pids"].get("dashboard"))
    check(soon(lambda: ask(lab, "/healthz").get("engine") == "connected"), "the dashboard hears the engine")
    about = fields(pid)
    check(set(about["Uid"].split() + about["Gid"].split()) == {str(UID)} and not about["Groups"].strip(), "it is the user callweir, in no other group")
    check(all(int(about[key], 16) == 0 for key in ("CapEff", "CapPrm", "CapInh", "CapAmb")) and about["NoNewPrivs"] == "1", "it has no capability, and gets none")
    owners = {path.name: path.stat().st_uid for path in [store, *store.iterdir()]}
    check(set(owners.values()) == {UID}, f"what it keeps is its own: {sorted(owners)}")
    for name in ("control.sock", "records.sock"):
        about = (folder / name).stat()
        check((about.st_uid, about.st_gid, stat.S_IMODE(about.st_mode)) == (0, UID, 0o660), f"{name} is root's, for its group")
    added = subprocess.run([appliance.program, "user", "add", "anna", "--role", "admin", "-c", appliance.files["observe"]],
                           input="a sentence is long\n", capture_output=True, text=True, timeout=20)
    check(added.returncode == 0 and ask(lab, "/api/v1/setup") == {"needed": False}, "an account that root adds counts at once")
    check(as_service(appliance, "bypass", "status").returncode == 0, "it may ask for the bypass")
    refused = as_service(appliance, "policy", "rollback")
    check(refused.returncode == 2 and "not for the dashboard" in refused.stderr, "it may not change policies")
    return pid


def scenario(folder):
    folder = pathlib.Path(folder)
    folder.chmod(0o755)
    (folder / "store").mkdir()
    (folder / "store" / "setup-code").write_text("of an earlier life, root's\n", encoding="utf-8")
    extra = f'store: {{ sqlite: {folder}/store/callweir.db }}\ndashboard: {{ listen: "127.0.0.1:{PORT}", tls: auto }}\n'
    with NetLab() as lab:
        appliance = Appliance(lab, binaries(), folder, extra, dashboard=True)
        try:
            appliance.start("observe")
            pid = looks(lab, appliance, folder)
            os.kill(pid, signal.SIGKILL)
            again = soon(lambda: (now := appliance.records("status")[0]["pids"].get("dashboard")) not in (0, None, pid) and now)
            check(again and soon(lambda: ask(lab, "/healthz").get("engine") == "connected"), "started again, it finds everything its own")
            os.kill(appliance.records("status")[0]["pids"]["supervisor"], signal.SIGKILL)
            check(soon(lambda: not pathlib.Path(f"/proc/{again}").exists()), "it ends with its parent")
        except Wrong as why:
            print(f"FAILED: {why}\n{appliance.said(30)}")
            return 1
        finally:
            appliance.stop()
    return 0


if __name__ == "__main__":
    if os.geteuid() == 0 and INSIDE not in os.environ:
        sys.exit(with_user())
    sys.exit(main("user", scenario))
