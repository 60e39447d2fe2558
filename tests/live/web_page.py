"""The live page in Debian's Chromium: one step after the other, and how to log in."""
import json
import pathlib
import shutil
import subprocess
import threading

from netlab import LabError, stop

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLIENTS = ROOT / "tests" / "live" / "clients"
STEP_SECONDS = 40


class PageError(Exception):
    """A step of the browser failed; the text says which and why."""


class WebPage:
    """`page.do("click", at="button")`; see clients/page_end.mjs for the steps."""

    def __init__(self, seconds=300, namespace=None):
        node, chromium = shutil.which("node"), shutil.which("chromium")
        if not node or not chromium:
            raise LabError("node or chromium is not installed: run scripts/setup")
        if not (CLIENTS / "node_modules" / "playwright-core").is_dir():
            raise LabError("the browser driver is not installed: run scripts/setup")
        there = ["ip", "netns", "exec", namespace] if namespace else []
        self.process = subprocess.Popen([*there, node, CLIENTS / "page_end.mjs", str(seconds), chromium], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, bufsize=1)
        self._answer("start")

    def _answer(self, what):
        watch = threading.Timer(STEP_SECONDS, self.process.kill)
        watch.start()
        try:
            line = self.process.stdout.readline()
        finally:
            watch.cancel()
        if not line:
            raise PageError(f"{what}: the browser ended")
        answer = json.loads(line)
        if answer["type"] == "error":
            raise PageError(f"{what}: {answer['what']}")
        return answer.get("value")

    def do(self, step, **arguments):
        self.process.stdin.write(json.dumps({"do": step, **arguments}) + "\n")
        self.process.stdin.flush()
        return self._answer(f"{step} {arguments}")

    def log_in(self, address, name, password):
        self.do("goto", url=address)
        self.do("fill", at="#name", text=name)
        self.do("fill", at="#password", text=password)
        self.do("press", key="Enter")
        self.do("wait", at="main.live")

    def stop(self):
        stop(self.process, grace=8)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
