"""The live page in Chromium on the real thing: `callweir run` inspects a replayed call and starts the dashboard; the page shows the call,
what is done to it, bypass and a crash of the engine. (web_page_test.py has the states that take too long to bring about.)

usage: sudo python3 tests/live/web_live_test.py      (CALLWEIR_BIN: folder of the programs; CALLWEIR_PICTURES: folder for screenshots)
"""
import os
import pathlib
import re
import signal
import sys
import time

from appliance import Appliance, binaries
from cli_test import capture
from netlab import NetLab
from replay import Replay
from scenario import main
from web_page import PageError, WebPage
from web_page_test import NAME, PASSWORD, Failure, check, clean, no_complaints, picture

PORT = 8443
CALL_SECONDS = 170
OVER_SECONDS = 70
SERVICES = """store: { sqlite: STORE }
dashboard: { listen: "127.0.0.1:PORT", tls: auto }
"""


def soon(what, seconds, says):
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            raise Failure(f"not within {seconds} s: {says}")
        time.sleep(0.5)
    check(True, says)


def mos_now(page):
    """Of the first call, both ways; none known is none good."""
    return [float(one) for one in re.findall(r"now\n(\d\.\d)", page.do("text", at=".calls tbody tr")[0])] or [0.0]


def configured(lab, folder):
    """Acts on every call of the capture's hosts: who signalled it was not seen."""
    (folder / "store").mkdir()
    extra = SERVICES.replace("STORE", str(folder / "store" / "callweir.db")).replace("PORT", str(PORT))
    appliance = Appliance(lab, binaries(), folder, extra, dashboard=True)
    for path in appliance.files.values():
        text = path.read_text(encoding="utf-8").replace("10.77.0.1/32", "10.0.0.0/8").replace("voip: true, p2p: true", "voip: true")
        path.write_text(text, encoding="utf-8")
    return appliance


def logged_in(page, folder):
    code = folder / "store" / "setup-code"
    end = time.monotonic() + 20
    while not code.exists() and time.monotonic() < end:
        time.sleep(0.1)
    page.do("goto", url=f"https://127.0.0.1:{PORT}/#/setup")
    page.do("wait", at="#code")
    for field, text in (("#code", code.read_text(encoding="utf-8").strip()), ("#name", NAME), ("#password", PASSWORD)):
        page.do("fill", at=field, text=text)
    page.do("press", key="Enter")
    page.do("wait", at="main.live")
    page.do("wait_text", at=".pill", text="Inspecting")


def observed(page):
    page.do("wait_text", at=".calls tbody tr", text="10.0.0.5")
    row = page.do("text", at=".calls tbody tr")[0]
    check("192.0.2.7" in row and "degraded" not in row, f"the call is on the page, untouched: {row!r}")
    page.do("wait_text", at=".figure", text="kbit/s")
    check(page.do("count", at=".figure") >= 6, "and what the link carries")
    clean(page, "on a real call")


def enforced(page, appliance):
    appliance.apply("enforce")
    page.do("wait_text", at=".calls tbody tr", text="degraded")
    page.do("wait_text", at=".policies tbody tr", text="softphones")
    soon(lambda: all(1.5 < mos < 2.1 for mos in mos_now(page)), 60, "the call comes down to its target")
    row = page.do("text", at=".calls tbody tr")[0]
    check("softphones" in row, f"by the line that says so: {row!r}")
    picture(page, "real-degraded")
    kept = page.do("evaluate", script="fetch('/api/v1/calls?last=15m').then(a => a.json()).then(c => c.calls.length)")
    check(kept >= 1, "the store has it, too")


def bypassed(page, appliance):
    page.do("click", at=".bypass button")
    page.do("click", at="text=Yes, switch bypass on")
    page.do("wait_text", at=".pill", text="Bypass")
    check(appliance.state() == "bypass", "the page switches the appliance's bypass on")
    page.do("click", at=".bypass button")
    page.do("click", at="text=Yes, switch bypass off")
    page.do("wait_text", at=".pill", text="Inspecting")
    check(appliance.state() == "inspecting", "and off")
    asked = "fetch('/api/v1/audit?last=1h').then(a => a.json()).then(c => c.audit.map(a => a.who + ' ' + a.what).join('; '))"
    soon(lambda: f"user {NAME} from 127.0.0.1 bypass on" in page.do("evaluate", script=asked), 10, "the audit log says who it was")


def crashed(page, appliance):
    os.kill(appliance.records("status")[0]["pids"]["engine"], signal.SIGKILL)
    page.do("wait_text", at=".notice", text="crash")
    check(True, "a crash of the engine is told")
    page.do("wait_text", at=".calls tbody tr", text="10.0.0.5")
    check(True, "and the next engine finds the call again")


def scenario(folder):
    folder = pathlib.Path(folder)
    with NetLab() as lab:
        appliance = configured(lab, folder)
        replay = Replay(lab, capture(CALL_SECONDS), bytes([10]))
        try:
            appliance.start("observe")
            replay.start()
            with WebPage(namespace=lab.box) as page:
                try:
                    logged_in(page, folder)
                    observed(page)
                    enforced(page, appliance)
                    bypassed(page, appliance)
                    crashed(page, appliance)
                    replay.end()
                    soon(lambda: page.do("count", at=".calls .empty") == 1, OVER_SECONDS, "a call that is over leaves the page")
                    no_complaints(page, "on the real thing", but=("503", "Failed to load", "ERR_"))
                except (Failure, PageError):
                    picture(page, "real-failed", full=True)
                    raise
        except (Failure, PageError) as why:
            print(f"FAILED: {why}\n{appliance.said(30)}")
            return 1
        finally:
            replay.end()
            appliance.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main("web", scenario))
