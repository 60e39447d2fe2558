"""bench/charts: draws what was measured, leaves out what was not, says when there is nothing.

usage: python3 tests/live/charts_test.py
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
MACHINE = {"processor": "Z80 <fast>", "cores": 2, "virtual": True, "memory_gb": 8.0, "hugepages": 0, "kernel": "6.1",
           "compiler": ["g++ 12"], "commit": "0123456789ab", "changed": False, "date": "2026-01-01", "load_before": 0.1}
POINT = {"command": "callweir-bench fastpath", "complaint": None, "flows": 10000, "new_per_s": 1000, "mpps": 5.9,
         "tsc_per_packet": 470, "baseline_tsc_per_packet": 160, "ratio": 2.9, "inspected_share": 0.16, "shed": 0,
         "recall": 1.0, "bytes_per_flow": 182}
LOAD = {"load_pct": 50, "mpps": 2.5, "seconds": 10, "lost": 0, "worker_breaks": 3, "worker_break_ms": 1,
        "generator_breaks": 4} | {prefix + key: 12.5 for prefix in ("", "undisturbed_", "bypass_undisturbed_")
                                  for key in ("p50_us", "p99_us", "p999_us")}
LATENCY = {"command": "callweir-bench latency", "complaint": None, "busy_poll": True, "highest_mpps": 5.0, "loads": [LOAD]}
GROWTH = {"command": "callweir-bench scaling", "complaint": None,
          "rows": [{"what": "calls", "figure": "degraded_packet", "n": n, "tsc": 300 + n, "ratio": 1.0} for n in (1, 20000)]}
FLOOD = {"command": "callweir-bench flood", "complaint": None, "offered_pps": 1000000, "flood_new_per_s": 2000000,
         "mpps_without": 1.0, "mpps_first": 0.9, "mpps_with": 0.997, "kept_share": 0.997, "busy_share_without": 0.1,
         "busy_share_with": 0.4, "established_live": 10000, "established_kept": 9999, "verdicts_kept": 9998,
         "flows_opened": 3000, "flows_evicted": 20, "untracked": 7, "events_lost": 0, "memory_before": 2e8,
         "memory_after": 2e8}
FAILED = {"command": "callweir-bench fastpath --flows 9", "complaint": "callweir-bench: no memory"}


class Charts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="callweir-charts-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, runs):
        (self.folder / (name + ".json")).write_text(json.dumps({"machine": MACHINE, "quick": False, "runs": runs}),
                                                    encoding="utf-8")

    def draw(self):
        return subprocess.run([sys.executable, str(ROOT / "bench" / "charts"), "--folder", str(self.folder)],
                              capture_output=True, text=True, timeout=30)

    def test_every_kind_is_drawn_and_told(self):
        self.write("fastpath", [POINT, FAILED])
        self.write("latency", [LATENCY])
        self.write("scaling", [GROWTH])
        self.write("flood", [FLOOD])
        done = self.draw()
        self.assertEqual(done.returncode, 0, done.stderr)
        for name in ("fastpath", "latency", "scaling", "flood"):
            xml.etree.ElementTree.parse(self.folder / (name + ".svg"))
        text = (self.folder / "README.md").read_text(encoding="utf-8")
        for words in ("5.90", "12.5 / 12.5", "20k", "0123456789ab", "no memory", "![Growth](scaling.svg)", "9999 / 9998 of 10000",
                      "90.0 %"):
            self.assertIn(words, text)

    def test_what_was_not_measured_is_left_out(self):
        self.write("fastpath", [FAILED])
        self.write("scaling", [GROWTH])
        self.assertEqual(self.draw().returncode, 0)
        self.assertFalse((self.folder / "fastpath.svg").exists())
        self.assertIn("Nothing could be measured", (self.folder / "README.md").read_text(encoding="utf-8"))

    def test_without_measurements_it_says_what_to_do(self):
        done = self.draw()
        self.assertEqual(done.returncode, 1)
        self.assertIn("bench/publish", done.stderr)
        (self.folder / "latency.json").write_text("{", encoding="utf-8")
        done = self.draw()
        self.assertEqual(done.returncode, 1)
        self.assertIn("latency.json cannot be read", done.stderr)


if __name__ == "__main__":
    unittest.main()
