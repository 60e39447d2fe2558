"""The live page in Chromium against the real callweir-dashboard: first set-up, login, live calls, 2,000 calls, reports, keyboard,
axe, widths, an engine that goes away, a dashboard that is killed. The engine is played, with calls that `analyze` found in a capture.

usage: python3 tests/live/web_page_test.py      (CALLWEIR_BIN: folder of the programs; CALLWEIR_PICTURES: folder for screenshots)
"""
import copy
import gzip
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from appliance import binaries
from cli_test import capture
from dashboard import Dashboard
from engine_stand_in import EngineStandIn
from netlab import LabError
from web_page import PageError, WebPage

SKIPPED = 77
NAME, PASSWORD = "anna", "a sentence is long and easy to keep"
PAST_SECONDS = 900
CALLS_A_SECOND = 500  # that the engine tells of, in turn
INTERACTIVE_MS = 1_000
BYTES_MOST = 80_000
WIDTHS = ((360, 740), (768, 1024), (1280, 800), (1920, 1080), (3840, 2160))
HOSTILE = "<img src=x onerror=alert(1)>\u202e\u0645\u062d\u0627\u062f\u062b\u0629-" + "long-" * 30


class Failure(Exception):
    pass


def check(good, what):
    if not good:
        raise Failure(what)
    print(f"  ok: {what}")


def call_of_capture(folder):
    """The call record that `analyze` makes of two people talking."""
    path = folder / "call.pcap"
    path.write_bytes(capture())
    done = subprocess.run([binaries() / "callweir", "analyze", path, "--format", "json"], capture_output=True, text=True, timeout=60)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    calls = [one for one in records if one["type"] == "call"]
    if not calls:
        raise Failure(f"analyze found no call: {done.stderr}")
    return calls[0]


class Traffic(threading.Thread):
    """Tells of `calls` (by id) and of throughput each second, as the engine does."""

    def __init__(self, engine, pattern):
        super().__init__(daemon=True)
        self.engine, self.pattern, self.calls, self.made = engine, pattern, {}, 0
        self.quiet, self.ends = False, threading.Event()

    def add(self, count, degraded=True, **more):
        for _ in range(count):
            number = self.made
            self.made += 1
            one = copy.deepcopy(self.pattern)
            one.update(id=f"page-{number}", parties=[f"10.1.{number // 250}.{number % 250 + 1}", "192.0.2.7"], start=time.time() - 5, ended=False)
            one.update(mos_before=[4.2, 4.1], mos=[4.2, 4.1])
            if degraded:
                one.update(mos=[1.8, 1.7], inflicted_loss=[0.06, 0.06], added_delay_ms=[250, 250],
                           actions=[{"policy": "softphones", "action": "degrade", "flows": [], "since": time.time()}])
            one.update(more)
            self.calls[one["id"]] = one
            if number < 10:
                self.engine.keep(one)

    def end(self, name):
        one = self.calls.pop(name)
        self.engine.tell({**one, "end": time.time(), "ended": True})

    def second(self, at):
        degraded = sum(1 for one in self.calls.values() if one["actions"])
        return {"type": "second", "at": at, "link": "uplink", "bytes": [[125_000, 125_000], [1_250_000, 12_500_000]],
                "packets": [[50, 50], [1_000, 9_000]], "dropped": 3 * degraded, "delayed": 40 * degraded, "calls": len(self.calls),
                "degraded": degraded}

    def run(self):
        next_one, told = 0, int(time.time()) - 2
        while not self.ends.wait(1):
            if self.quiet:
                told = int(time.time()) - 1
                continue
            while told < int(time.time()) - 1:
                told += 1
                self.engine.keep(self.second(told))
                self.engine.tell(self.second(told))
            turn = list(self.calls.values())
            turn = (turn + turn)[next_one:next_one + min(CALLS_A_SECOND, len(turn))] if turn else []
            next_one = (next_one + len(turn)) % max(1, len(self.calls))
            for one in turn:
                one["end"] = time.time()
                self.engine.tell(one)


def status():
    return {"type": "status", "state": "inspecting", "pids": {"supervisor": 1, "engine": 2, "dashboard": 3}, "links": [{"name": "uplink", "state": "up"}],
            "alarms": [], "restarts": 0, "stalls": 0, "workers": 2, "drops": {"degrade_burst": 812, "port_refused": 0}, "records_lost": 0,
            "policy_generation": 1, "counters": {}}


def policy(name, action, mode="enforce", **counts):
    return {"type": "policy", "name": name, "match": "voip: true", "action": action, "mode": mode, "flows": 7, "packets": 4_000, "bytes": 800_000,
            "dropped": 812, "delayed": 3_000, **counts}


def picture(page, name, full=False):
    folder = os.environ.get("CALLWEIR_PICTURES")
    if folder:
        page.do("screenshot", path=str(pathlib.Path(folder) / f"{name}.png"), full=full)


def no_complaints(page, what, but=()):
    told = [one for one in page.do("complaints") if not any(words in one for words in but)]
    check(not told, f"the browser complains of nothing {what} {told or ''}")


def clean(page, what):
    found = page.do("axe")
    check(not found, f"axe finds nothing {what} {found or ''}")


def logging_in(page, box):
    code = (box.store.parent / "setup-code").read_text(encoding="utf-8").strip()
    page.do("goto", url=box.address)
    page.do("wait", at="#name")
    clean(page, "on the first page")
    if not page.do("count", at="#code"):
        page.do("goto", url=box.address + "#/setup")
    page.do("wait", at="#code")
    for field, text in (("#code", "0000-0000-0000-0000-0000"), ("#name", NAME), ("#password", PASSWORD)):
        page.do("fill", at=field, text=text)
    page.do("press", key="Enter")
    page.do("wait", at=".refused:not(:empty)")
    check(page.do("count", at="main.live") == 0, "a wrong set-up code is refused")
    page.do("fill", at="#code", text=code)
    page.do("press", key="Enter")
    page.do("wait", at="main.live")
    check(True, "the one-time code makes the first account")
    page.do("click", at="header .disclosure:last-child button")
    page.do("click", at="text=Log out")
    page.do("wait", at="#name")
    time.sleep(1.5)
    page.do("fill", at="#name", text=NAME)
    page.do("fill", at="#password", text="not the password")
    page.do("press", key="Enter")
    page.do("wait", at=".refused:not(:empty)")
    check(True, "a wrong password is refused: " + page.do("text", at=".refused")[0])
    picture(page, "refused")
    time.sleep(2.5)
    page.do("fill", at="#password", text=PASSWORD)
    page.do("press", key="Enter")
    page.do("wait", at="main.live")
    no_complaints(page, "but of refusals", but=("401", "403", "429"))


def live(page, traffic, engine):
    traffic.add(3)
    traffic.add(2, degraded=False)
    page.do("wait", at=".calls tbody tr:nth-child(5)")
    rows = page.do("text", at=".calls tbody tr")
    check("1.8" in rows[0] and "degraded" in rows[0] and "softphones" in rows[0] and "250" in rows[0], f"a degraded call says what is done: {rows[0]!r}")
    check(page.do("text", at=".pill") == ["Inspecting"], "the state is shown")
    page.do("wait_text", at=".figure", text="11.0")
    check("101" in " ".join(page.do("text", at=".figure")), "throughput is shown, each way")
    for one in traffic.calls.values():
        if one["id"] == "page-0":
            one.update(mos=[2.9, 2.8])
    page.do("wait_text", at=".calls tbody tr", text="2.9")
    check(True, "quality changes while one looks")
    traffic.end("page-0")
    page.do("wait", at=".calls tbody tr:nth-child(5)", gone=True)
    check(page.do("count", at=".calls tbody tr") == 4, "a call that ended is gone")
    engine.policies = [policy("softphones", "degrade { mos: 1.8 }"), policy(HOSTILE, "allow", mode="observe")]
    page.do("wait_text", at=".policies tbody tr", text="observe")
    check(page.do("evaluate", script="document.querySelectorAll('main img').length") == 0, "markup in a name stays text")
    check(page.do("evaluate", script="document.querySelector('.policies bdi').innerText") == "softphones", "policies are in their order")
    page.do("wait_text", at=".health", text="loss burst")
    check(True, "drops have their reasons in words")
    engine.status = {**status(), "alarms": ["port_down"], "links": [{"name": "uplink", "state": "outside down"}]}
    page.do("wait_text", at=".notice", text="A port has no carrier.")
    engine.status = status()
    page.do("wait", at=".notice", gone=True)
    check(True, "an alarm comes and goes with its sentence")
    bypass(page, engine)
    no_complaints(page, "on the live page")


def bypass(page, engine):
    page.do("click", at=".bypass button")
    page.do("wait", at="#bypass-question")
    clean(page, "where bypass is asked for")
    picture(page, "bypass")
    page.do("press", key="Escape")
    page.do("wait", at="#bypass-question", gone=True)
    check(engine.status["state"] == "inspecting", "bypass is not switched without a yes")
    page.do("click", at=".bypass button")
    page.do("click", at="text=Yes, switch bypass on")
    page.do("wait_text", at=".bypass .told", text="untouched")
    page.do("wait_text", at=".pill", text="ypass")
    page.do("click", at="text=Switch bypass off")
    page.do("click", at="text=Yes, switch bypass off")
    page.do("wait_text", at=".pill", text="Inspecting")
    check(True, "bypass is switched on and off from the page, each after a question")


def ranges(page):
    page.do("click", at="text=Table")
    for name, label in (("live", "5 min"), ("an hour", "1 h")):
        page.do("click", at=f".throughput label:has-text('{label}')")
        page.do("wait_text", at=".throughput table.data tbody", text="Mbit/s")
        rows = [row.split("\t") for row in page.do("text", at=".throughput table.data tbody tr")]
        told = [row for row in rows if "11.0" in row[3] and "101" in row[4] and "1.00" in row[1]]
        check(len(told) >= 3, f"{name} of throughput comes from the store, with whole steps ({len(told)} of {len(rows)} rows)")
        odd = [row for row in rows if row not in told and row[3].strip() != "\u2013"]
        check(len(odd) == 0, f"no step of it is cut short {odd or ''}")
    page.do("click", at=".throughput label:has-text('24 h')")
    time.sleep(1)
    page.do("click", at="text=Table")
    picture(page, "day")
    page.do("click", at=".throughput label:has-text('5 min')")
    no_complaints(page, "on other ranges")


def session_ends(page, box):
    page.do("evaluate", script="fetch('/api/v1/session').then(a => a.json()).then(s => fetch('/api/v1/session', { method: 'DELETE',"
                               " headers: { 'X-CSRF-Token': s.csrf } })).then(a => a.status)")
    box.process.kill()
    page.do("wait", at="#name, .notice")
    box.stop()
    box.start()
    page.do("wait", at="#name")
    check("session has ended" in page.do("text", at=".told")[0], "a session that ended leads to the login, and says so")


def interactive(page):
    """Milliseconds from navigation to the first drawn data, on loopback."""
    marks = []
    for _ in range(5):
        page.do("reload")
        page.do("wait", at=".calls tbody tr")
        marks.append(page.do("evaluate", script="performance.getEntriesByName('callweir-data')[0].startTime"))
    check(statistics.median(marks) < INTERACTIVE_MS, f"interactive after {statistics.median(marks):.0f} ms, the slowest of five {max(marks):.0f} ms")


def keyboard(page):
    page.do("reload")
    page.do("wait", at=".calls tbody tr")
    page.do("press", key="Tab")
    check(page.do("evaluate", script="document.activeElement.className") == "skip", "the first stop is the skip link")
    page.do("press", key="Enter")
    check(page.do("evaluate", script="document.activeElement.id") == "main", "it leads to the content")
    page.do("reload")
    page.do("wait", at=".calls tbody tr")
    stops, ringed = [], True
    for _ in range(40):
        page.do("press", key="Tab")
        what = page.do("evaluate", script="(() => { const a = document.activeElement, s = getComputedStyle(a.matches('.choice input') ? a.nextElementSibling : a);"
                                          " return [a.tagName, a.getAttribute('aria-label') ?? a.type ?? '', s.outlineStyle !== 'none' || a.tagName === 'BODY']; })()")
        if what[0] == "BODY":
            break
        stops.append(what[:2])
        ringed = ringed and what[2]
    names = [label for _, label in stops]
    check("Download a report" in names and "search" in names and "Policy lines" in names, f"{len(stops)} stops, everything is reached")
    check(ringed, "each of them shows its focus")
    page.do("evaluate", script="document.querySelector('header .disclosure button').focus()")
    page.do("press", key="Enter")
    page.do("wait", at=".panel .downloads")
    page.do("press", key="Escape")
    check(page.do("count", at=".panel .downloads") == 0 and page.do("evaluate", script="document.activeElement.getAttribute('aria-label')")
          == "Download a report", "Escape closes a panel and the focus is back")


def looks(page):
    for scheme in ("light", "dark"):
        page.do("media", scheme=scheme, motion="reduce")
        clean(page, f"when {scheme}")
        picture(page, f"busy-{scheme}", full=True)
    page.do("media", scheme="light", motion="reduce")
    for width, height in WIDTHS:
        page.do("size", width=width, height=height)
        time.sleep(0.5)
        wide = page.do("evaluate", script="document.documentElement.scrollWidth")
        check(wide <= width, f"nothing sticks out at {width} px")
        picture(page, f"width-{width}", full=width < 1000)
    page.do("size", width=360, height=740)
    clean(page, "at 360 px")
    page.do("size", width=1280, height=800)
    page.do("evaluate", script="document.documentElement.dir = 'rtl'")
    wide = page.do("evaluate", script="document.documentElement.scrollWidth")
    picture(page, "rtl")
    page.do("evaluate", script="document.documentElement.dir = 'ltr'")
    check(wide <= 1280, "nothing sticks out from right to left")


def details_and_report(page, folder):
    page.do("click", at=".calls tbody tr a")
    page.do("wait", at=".one-call section")
    check("Why it is taken for a call" in page.do("text", at=".one-call")[0], "a call has a page with its reasons")
    clean(page, "on a call's page")
    picture(page, "call")
    page.do("click", at="text=All active calls")
    page.do("click", at="header button[aria-label='Download a report']")
    name = page.do("download", at="[aria-label='Yesterday as JSON']", path=str(folder / "report.json"))
    json.loads((folder / "report.json").read_text(encoding="utf-8"))
    check(name.endswith(".json"), f"a report is downloaded as {name}")
    page.do("press", key="Escape")


def two_thousand(page, traffic):
    traffic.add(2_000)
    page.do("wait_text", at="#calls-title", text="2\u202f00")
    rows, nodes = page.do("count", at=".calls tbody tr"), page.do("evaluate", script="document.querySelectorAll('*').length")
    check(rows == 50 and nodes < 4_000, f"2,000 calls are {rows} rows, {nodes} elements")
    check("1\u202f95" in page.do("text", at=".calls .more")[0], "the rest is counted: " + page.do("text", at=".calls .more")[0].split("\n")[0])
    page.do("fill", at=".find input", text="10.1.7.250")
    page.do("wait_text", at=".calls tbody", text="10.1.7.250")
    check(page.do("count", at=".calls tbody tr") == 1, "one of them is found")
    page.do("fill", at=".find input", text="")
    lag = page.do("evaluate", script="new Promise(done => { const t = []; let last = performance.now(); const tick = now => { t.push(now - last); last = now;"
                                     " t.length < 180 ? requestAnimationFrame(tick) : done(Math.max(...t)); }; requestAnimationFrame(tick); })")
    check(lag < 500, f"the page stays alive, longest pause {lag:.0f} ms")
    picture(page, "many")
    for name in list(traffic.calls):
        traffic.end(name)
    page.do("wait_text", at=".calls .empty", text="No calls at present.")
    check(True, "no calls say so")
    picture(page, "empty")


def away_and_lost(page, box, engine, traffic):
    traffic.quiet = True
    engine.stop()
    page.do("wait_text", at=".pill", text="Engine away")
    page.do("wait_text", at=".notice", text="engine is away")
    clean(page, "with the engine away")
    picture(page, "away")
    engine.start()
    page.do("wait_text", at=".pill", text="Inspecting")
    check(True, "the engine goes away and comes back")
    box.process.kill()
    page.do("wait_text", at=".notice", text="connection to the dashboard is lost")
    time.sleep(2)
    told = page.do("text", at=".notice")[0]
    check("old" in told, f"a lost connection says how old the figures are: {told.splitlines()[2]!r}")
    clean(page, "with the connection lost")
    picture(page, "lost")
    box.stop()
    box.start()
    page.do("wait_text", at=".pill", text="Inspecting")
    page.do("wait", at=".notice", gone=True)
    check(True, "the page finds the dashboard again by itself, still logged in")


def served(box):
    """Sizes as served, and the policy that the browser is told."""
    code, headers, body = box.ask("GET", "/")
    check(code == 200 and "default-src 'none'" in headers.get("content-security-policy", "") and "unsafe" not in headers["content-security-policy"],
          "the policy is strict")
    names = [part.split('"')[1].lstrip(".") for part in body.decode().replace("href=", "src=").split("src=")[1:]]
    total = len(gzip.compress(body, 9))
    for name in names:
        code, headers, content = box.ask("GET", name if name.startswith("/") else "/" + name)
        check(code == 200 and "immutable" in headers.get("cache-control", ""), f"{name} is served for good")
        total += len(content if headers.get("content-encoding") == "gzip" else gzip.compress(content, 9))
    check(total <= BYTES_MOST, f"{total} bytes of gzip in all")


def scenario(folder):
    pattern = call_of_capture(folder)
    engine = EngineStandIn(folder, site="lab").start()
    engine.status = status()
    traffic = Traffic(engine, pattern)
    now = int(time.time())
    for at in range(now - PAST_SECONDS, now - 1):
        engine.keep(traffic.second(at))
    traffic.start()
    with Dashboard(binaries(), folder, control_socket=folder / "control.sock") as box, WebPage() as page:
        try:
            served(box)
            logging_in(page, box)
            live(page, traffic, engine)
            ranges(page)
            interactive(page)
            keyboard(page)
            looks(page)
            details_and_report(page, folder)
            two_thousand(page, traffic)
            away_and_lost(page, box, engine, traffic)
            session_ends(page, box)
        except (Failure, PageError):
            picture(page, "failed", full=True)
            print("the dashboard said:\n" + box.said())
            raise
        finally:
            traffic.ends.set()
            engine.stop()
    return 0


def main():
    with tempfile.TemporaryDirectory(prefix="callweir-page-") as folder:
        try:
            return scenario(pathlib.Path(folder))
        except LabError as why:
            print(why)
            return SKIPPED if "not installed" in str(why) else 1
        except (Failure, PageError) as why:
            print(f"FAILED: {why}")
            return 1


if __name__ == "__main__":
    sys.exit(main())
