"""The demo: four kinds of traffic through the appliance, one policy, and what each of them noticed.

Ends with a report of it and names the dashboard, which shows it while it happens.

usage: sudo scripts/demo [--keep]
"""
import argparse
import functools
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from appliance import Appliance, binaries  # noqa: E402
from clients.lines import ClientError  # noqa: E402
from dashboard import Dashboard, free_port  # noqa: E402
from netlab import INSIDE_ADDRESS, OUTSIDE_ADDRESS, LabError, NetLab  # noqa: E402
from quality import WINDOW_S  # noqa: E402
from traffic import SIDES, CallWatch, Finding, Traffic  # noqa: E402

BEFORE_S = 22
RAMP_S = 15
AFTER_S = 30  # the report judges calls that were held for ramp and window, from records at most ten seconds old
KEEP_S = 3600
LOOK_S = 120
REPORTS = pathlib.Path(__file__).resolve().parents[2] / "build" / "demo"
# A busy machine may be further off than the tests allow.
TARGET_MOS, TOLERANCE, AUTHORISED_TOLERANCE = 1.8, 0.5, 0.1
BOLD, PLAIN = ("\033[1m", "\033[0m") if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else ("", "")


def say(what):
    print(f"{BOLD}demo:{PLAIN} {what}", flush=True)


def wait(seconds, what):
    """A progress line on a terminal, a plain one elsewhere."""
    if not sys.stdout.isatty():
        say(f"{what} ({seconds:.0f} s)")
        time.sleep(seconds)
        return
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        print(f"\r{BOLD}demo:{PLAIN} {what}: {left:3.0f} s ", end="", flush=True)
        time.sleep(min(1.0, left))
    print(f"\r{BOLD}demo:{PLAIN} {what}: done ", flush=True)


def pair(values, form="{:.2f}"):
    return " / ".join("-" if v is None else form.format(v) for v in values)


def call_row(call, traffic, finding, before, after):
    flow = finding.flow or {}
    first = traffic.first_media(call)
    stands = f"{finding.seen - first:.1f}" if finding.seen and first else "-"
    notes = []
    if after["inside"].concealed is not None:
        notes.append("concealed " + pair((100 * after[s].concealed for s in SIDES), "{:.0f} %"))
    else:
        notes.append("lost " + pair((100 * after[s].network_loss for s in SIDES), "{:.1f} %"))
    notes.append("delay " + pair((after[s].added_delay_ms for s in SIDES), "+{:.0f} ms"))
    return [call.name, "yes" if call.authorised else "no", finding.app,
            f"{flow.get('decided_packet') or '-'}",
            f"{flow['decided_s']:.2f}" if flow.get("decided_s") is not None else "-", stands,
            pair(before[s].mos for s in SIDES), pair(after[s].mos for s in SIDES), ", ".join(notes)]


def surprise(call, finding, before, after):
    """What did not come out as the policy says; "" where it did."""
    low, high = min(after[s].mos for s in SIDES), max(after[s].mos for s in SIDES)
    if call.authorised:
        kept = all(after[s].mos >= before[s].mos - AUTHORISED_TOLERANCE for s in SIDES)
        return "" if kept else f"{call.name} is authorised and got worse"
    if finding.record is None:
        return f"{call.name} was not found"
    held = TARGET_MOS - TOLERANCE <= low and high <= TARGET_MOS + TOLERANCE
    return "" if held else f"{call.name} is not at MOS {TARGET_MOS}"


def table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def report(traffic, appliance, watch, times):
    began, enforced, ended = times
    rows = [["traffic", "authorised", "found as", "packets", "decided s", "in `calls` after s",
             "MOS before (in/out)", "MOS now (in/out)", "the receivers say"]]
    surprises = []
    for call in traffic.calls:
        heard = {side: traffic.heard(call, side) for side in SIDES}
        before = {side: heard[side].window(enforced - WINDOW_S) for side in SIDES}
        after = {side: heard[side].window(ended - WINDOW_S) for side in SIDES}
        finding = Finding(appliance, call, watch)
        rows.append(call_row(call, traffic, finding, before, after))
        if what := surprise(call, finding, before, after):
            surprises.append((what, finding))
    was, now = traffic.rate(began, enforced), traffic.rate(enforced + 1, ended)
    rows.append([f"TCP ({traffic.transfer.name})", "-", "-", "-", "-", "-", "-", "-",
                 f"{was:.0f} Mbit/s before, {now:.0f} now"])
    print("\n" + table(rows) + "\n", flush=True)
    print("packets, decided s: of the flow, until it was known for sure. MOS by the E-model from each receiver's own\n"
          "statistics and the delay measured on the wire (in: what the inside hears).\n", flush=True)
    for what, finding in surprises:
        say(f"not as expected: {what}")
        if finding.flow:
            print(appliance.ask("explain", (finding.record or finding.flow)["id"]), flush=True)
    if surprises:
        print(appliance.ask("status"), flush=True)
    return not surprises


def services(folder):
    """Keys of the configuration for the dashboard, and what it gets: the store's file and the port."""
    port = 8443
    try:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
    except OSError:
        port = free_port()  # an appliance of this machine has it
    store = pathlib.Path(folder) / "store" / "callweir.db"
    return f'store: {{ sqlite: {store} }}\ndashboard: {{ listen: "127.0.0.1:{port}", tls: auto }}\n', store, port


def how_to_log_in(dashboard, password):
    say(f"the live page: {BOLD}{dashboard.address}{PLAIN}  log in as {BOLD}demo{PLAIN} with {BOLD}{password}{PLAIN}")
    print("      (this machine's own certificate: the browser asks once. From elsewhere: "
          f"ssh -L {dashboard.port}:127.0.0.1:{dashboard.port} THIS-MACHINE)", flush=True)


def write_reports(appliance, dashboard, times):
    """The report of the demo's minutes, as html and, where WeasyPrint is installed, pdf."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    give_to_caller(REPORTS)
    period = ["--from", stamp(times[0]), "--to", stamp(times[2] + 1)]
    for form in ("html", "pdf") if shutil.which("weasyprint") else ("html",):
        target = REPORTS / f"callweir-demo.{form}"
        done = subprocess.run([appliance.program, "report", "-c", dashboard.configuration, *period, "--format", form,
                               "-o", target], capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise LabError(f"callweir report: {done.stderr.strip()}")
        give_to_caller(target)
        say(f"the report: {BOLD}{target}{PLAIN}")


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def give_to_caller(path):
    """Of sudo: the reports lie in a folder of theirs."""
    if "SUDO_UID" in os.environ:
        os.chown(path, int(os.environ["SUDO_UID"]), int(os.environ["SUDO_GID"]))


def keep(appliance, dashboard, password):
    program = appliance.program
    say("all of it keeps running, at most an hour; stop it with Ctrl-C. Meanwhile:")
    how_to_log_in(dashboard, password)
    say("and in another terminal:")
    for verb in ("calls", "flows", "status", "policy list", f"policy apply {appliance.files['observe']}"):
        name, *rest = verb.split(" ")
        print("    sudo", program, name, "--socket", appliance.socket, *rest)
    end = time.monotonic() + KEEP_S
    while time.monotonic() < end:
        time.sleep(1)


def let_look(_, dashboard, password):
    """On a terminal everything runs on until Enter, for a while; elsewhere it ends."""
    how_to_log_in(dashboard, password)
    if not sys.stdin.isatty():
        say("it ends now; scripts/demo --keep leaves it running")
        return
    say("all of it runs on for two minutes: look at the page; Enter ends it")
    select.select([sys.stdin], [], [], LOOK_S)


def main_job(lab, appliance, dashboard, folder, seconds, linger):
    watch = CallWatch(appliance)
    with Traffic(lab, folder, seconds) as traffic:
        say("all traffic runs between these two addresses on random ports")
        traffic.start(lambda what: say(f"starting {what}"))
        began = time.time()
        wait(BEFORE_S, "observing: nothing is touched")
        watch.stop()
        enforced = appliance.apply("enforce")
        say("policy applied: unauthorised peer-to-peer calls down to MOS 1.8 within 10 s")
        wait(RAMP_S + AFTER_S, "enforcing")
        times = (began, enforced, time.time())
        as_expected = report(traffic, appliance, watch, times)
        write_reports(appliance, dashboard, times)
        linger()
        return as_expected


def show(folder, keeps):
    seconds = KEEP_S + 300 if keeps else 300
    extra, store, port = services(folder)
    with NetLab() as lab:
        appliance = Appliance(lab, binaries(), folder, extra)
        say(f"namespaces inside ({INSIDE_ADDRESS}) and outside ({OUTSIDE_ADDRESS}), the appliance between them")
        appliance.start("observe")
        lab.reach()
        # In this machine's own network, so that its browser reaches it; the sockets are files.
        dashboard = Dashboard(binaries(), folder, appliance.socket, appliance.files["observe"], store, port)
        with dashboard:
            password = dashboard.add_user("demo")
            how_to_log_in(dashboard, password)
            linger = functools.partial(keep if keeps else let_look, appliance, dashboard, password)
            as_expected = main_job(lab, appliance, dashboard, folder, seconds, linger)
        appliance.stop()
    return as_expected


def main():
    arguments = argparse.ArgumentParser(prog="scripts/demo", description=__doc__.splitlines()[0])
    arguments.add_argument("--keep", action="store_true", help="leave everything running until Ctrl-C")
    options = arguments.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="callweir-demo-") as folder:
        try:
            return 0 if show(folder, options.keep) else 1
        except KeyboardInterrupt:
            print()
            say("stopped; everything is cleaned up")
            return 0 if options.keep else 1
        except (LabError, ClientError) as why:
            print(f"demo: {why}", file=sys.stderr)
            return 2 if isinstance(why, LabError) and os.geteuid() != 0 else 1


if __name__ == "__main__":
    sys.exit(main())
