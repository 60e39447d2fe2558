#!/usr/bin/env python3
"""Labelled captures: recall, false alarms and dated decisions of `callweir analyze` must not get worse.

The captures and their scorer are data beside the project, found through CALLWEIR_CORPUS. Skipped (77) without.
"""
import json
import os
import subprocess
import sys
import tempfile

# What the engine must reach at least (or at most), by the scorer's own names.
AT_LEAST = {"media_recall_pct": 85.0, "probe_recall_pct": 80.0, "p2p_right_pct": 95.0}
AT_MOST = {"captures_with_problems": 0, "innocent_absent": 31, "false_alarms": 5, "false_alarms_long_udp": 0,
           "undated_decisions": 0}


def main():
    corpus = os.environ.get("CALLWEIR_CORPUS")
    if not corpus or not os.path.exists(os.path.join(corpus, "score.py")):
        print("skipped: CALLWEIR_CORPUS does not name a folder with score.py")
        sys.exit(77)
    binary = os.path.join(os.environ["CALLWEIR_BIN"], "callweir")
    with tempfile.TemporaryDirectory() as folder:
        figures = os.path.join(folder, "figures.json")
        run = subprocess.run([sys.executable, os.path.join(corpus, "score.py"), "--callweir", binary, "--json", figures],
                             text=True, capture_output=True)
        print(run.stdout, run.stderr)
        if run.returncode != 0:
            sys.exit(1)
        with open(figures, encoding="utf-8") as text:
            got = json.load(text)
    short = [f"{name} is {got[name]}, at least {least} wanted" for name, least in AT_LEAST.items() if not got[name] >= least]
    short += [f"{name} is {got[name]}, at most {most} allowed" for name, most in AT_MOST.items() if not got[name] <= most]
    print("\n".join(short) or "all figures hold")
    sys.exit(1 if short else 0)


if __name__ == "__main__":
    main()
