"""A picture of the live page of a running dashboard.

usage: CALLWEIR_PASSWORD=… python3 tests/live/web_screenshot.py --address https://127.0.0.1:8443/ --user NAME -o PICTURE.png
           [--size 1280x800] [--dark] [--full] [--after SECONDS] [--calls-only]
"""
import argparse
import os
import sys
import time

from netlab import LabError
from web_page import PageError, WebPage


def take(page, output, size=(1280, 800), dark=False, full=False, after=3.0, calls_only=False):
    """`page` is logged in."""
    page.do("size", width=size[0], height=size[1])
    page.do("media", scheme="dark" if dark else "light", motion="reduce")
    if calls_only:
        page.do("click", at=".throughput .choice label:has-text('Calls only')")
    time.sleep(after)
    page.do("screenshot", path=str(output), full=full)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--address", default="https://127.0.0.1:8443/")
    options.add_argument("--user", required=True)
    options.add_argument("-o", "--output", required=True)
    options.add_argument("--size", default="1280x800")
    options.add_argument("--after", type=float, default=3.0, help="seconds to wait before the picture is taken")
    for flag in ("dark", "full", "calls-only"):
        options.add_argument(f"--{flag}", action="store_true")
    wanted = options.parse_args()
    password = os.environ.get("CALLWEIR_PASSWORD")
    if not password:
        options.error("the password is expected in CALLWEIR_PASSWORD")
    size = tuple(int(one) for one in wanted.size.split("x"))
    try:
        with WebPage() as page:
            page.log_in(wanted.address, wanted.user, password)
            take(page, wanted.output, size, wanted.dark, wanted.full, wanted.after, wanted.calls_only)
    except (LabError, PageError) as why:
        print(f"web_screenshot: {why}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
