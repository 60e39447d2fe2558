"""scripts/bench with stand-in programs: catches what is 30 % slower in one figure, lets an equal pair pass.

usage: python3 tests/live/bench_gate_test.py
"""
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "bench"
# Speaks like callweir-bench. Its figures vary by 8 % either way, as on a machine that is shared.
STAND_IN = """#!{python} -IS
import os, sys
def noisy(value): return value * (0.92 + 0.16 * os.urandom(1)[0] / 255)
slower = {slower!r}
if sys.argv[1] == "fastpath":
    if "fastpath" in {missing!r}: sys.exit(2)
    flows = sys.argv[sys.argv.index("--flows") + 1]
    print('{{"ratio": %f}}' % (noisy(3.0) * slower.get("fastpath " + flows, 1)))
else:
    names = ["decode_v4", "shaper_bind", "shaper_apply"]
    print('{{"benchmarks": [%s]}}' % ",".join(
        '{{"name": "%s", "run_type": "iteration", "cpu_time": %f}}' % (n, noisy(20.0) * slower.get(n, 1))
        for n in names for _ in range(3)))
"""


class Gate(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="callweir-gate-")
        self.addCleanup(self.folder.cleanup)

    def program(self, name, slower=None, missing=()):
        path = pathlib.Path(self.folder.name) / name
        path.write_text(STAND_IN.format(python=sys.executable, slower=slower or {}, missing=list(missing)),
                        encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    def bench(self, *arguments):
        return subprocess.run([sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, timeout=100)

    def compare(self, old, new):
        return self.bench("--programs", old, new)

    def test_an_equal_pair_passes(self):
        done = self.compare(self.program("old"), self.program("new"))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("5 figures, 0 slower", done.stdout)

    def test_a_planted_30_percent_is_caught_wherever_it_is(self):
        for figure, shown in (("fastpath 1000", "fastpath flows 1000"), ("shaper_bind", "shaper_bind")):
            done = self.compare(self.program("old"), self.program("new", {figure: 1.3}))
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
            marked = [line for line in done.stdout.splitlines() if line.endswith("SLOWER")]
            self.assertEqual(len(marked), 1, done.stdout)
            self.assertTrue(marked[0].startswith(shown), marked)

    def test_faster_is_no_fault(self):
        done = self.compare(self.program("old"), self.program("new", {"decode_v4": 0.5}))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_figure_that_the_old_program_lacks_is_left_out(self):
        done = self.compare(self.program("old", missing=["fastpath"]), self.program("new", {"fastpath 1000": 9}))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("3 figures", done.stdout)

    def test_what_cannot_be_measured_is_said(self):
        silent = pathlib.Path(self.folder.name) / "silent"
        silent.write_text("#!/bin/sh\necho broken >&2\nexit 1\n", encoding="utf-8")
        silent.chmod(0o755)
        for program, says in ((str(silent), "broken"), ("/nowhere/callweir-bench", "No such file")):
            done = self.compare(self.program("old"), program)
            self.assertEqual(done.returncode, 1)
            self.assertIn(says, done.stderr)

    def test_usage_errors_say_how_to_mend(self):
        for arguments, says in (([], "name the commit"), (["HEAD", "--pairs", "2"], "fewer than 5"),
                                (["HEAD", "--limit", "0.9"], "above 1")):
            done = self.bench(*arguments)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn(says, done.stderr)
        done = self.bench("no-such-commit")
        self.assertEqual(done.returncode, 1)
        self.assertIn("'no-such-commit' is no commit", done.stderr)
        self.assertEqual(self.bench("--help").returncode, 0)


if __name__ == "__main__":
    unittest.main()
