"""`callweir report` over a store that a program filled: all formats, periods, errors, a missing WeasyPrint, pseudonyms.

usage: python3 tests/live/report_test.py      (CALLWEIR_BIN: folder of the programs)
"""
import csv
import io
import json
import os
import pathlib
import pty
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("CALLWEIR_BIN", ROOT / "build" / "dev" / "bin"))
BEGIN = 1790805600  # 1 October 2026, 00:00, of Berlin
CONFIGURATION = """site: hq-berlin
timezone: {zone}
links:
  - {{ name: uplink, inside: {{ kernel: a }}, outside: {{ kernel: b }}, inside_networks: [10.0.0.0/8] }}
policies:
  - {{ name: rest, match: {{}}, action: allow }}
store: {{ sqlite: {store} }}
privacy: {{ pseudonymise: {hidden} }}
"""
ADDRESS = re.compile(rb"\b(10|198)\.\d+\.\d+\.\d+\b")


class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="callweir-report-")
        cls.path = pathlib.Path(cls.folder.name)
        store = cls.path / "store.db"
        subprocess.run([BIN / "callweir-fill_store", store, "--hosts", "40", "--calls", "400", "--days", "2", "--from",
                        str(BEGIN)], check=True, capture_output=True, timeout=60)
        cls.configuration("plain.yaml", store)
        cls.configuration("hidden.yaml", store, hidden="true")
        cls.configuration("nowhere.yaml", cls.path / "none.db")
        cls.configuration("mars.yaml", store, zone="Mars/Olympus")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def configuration(cls, name, store, zone="Europe/Berlin", hidden="false"):
        (cls.path / name).write_text(CONFIGURATION.format(store=store, zone=zone, hidden=hidden))

    def report(self, *arguments, config="plain.yaml", code=0, environment=None):
        done = subprocess.run([BIN / "callweir", "report", "-c", self.path / config, *map(str, arguments)],
                              capture_output=True, timeout=120, env=environment)
        self.assertEqual(done.returncode, code, done.stderr.decode())
        if code:
            self.assertEqual(len(done.stderr.decode().strip().splitlines()), 1, done.stderr.decode())
        return done.stderr.decode() if code else done.stdout

    def days(self, *more, **how):
        return self.report("--from", "2026-10-01", "--to", "2026-10-03", *more, **how)

    def test_of_a_backup_says_the_same(self):
        copy, period = self.path / "copy.db", ("--from", "2026-10-01", "--to", "2026-10-03", "--format", "json")
        backup = [BIN / "callweir-dashboard", "-c", self.path / "plain.yaml", "backup", copy]
        subprocess.run(backup, check=True, capture_output=True, timeout=60)
        self.configuration("copy.yaml", copy)
        was, now = (json.loads(self.report(*period, config=name)) for name in ("plain.yaml", "copy.yaml"))
        for each in (was, now):
            each.pop("made", None)
        self.assertEqual(was, now)
        again = subprocess.run(backup, capture_output=True, text=True, timeout=60)
        self.assertEqual(again.returncode, 1)
        self.assertIn("copy.db", again.stderr)

    def test_json_and_csv_tell_of_the_same_calls(self):
        tree = json.loads(self.days("--format", "json"))
        self.assertEqual((tree["from"], tree["to"]), (BEGIN, BEGIN + 2 * 86400))
        rows = list(csv.DictReader(io.StringIO(self.days("--format", "csv").decode())))
        self.assertEqual(len(rows), tree["calls"]["count"])
        self.assertGreater(len(rows), 300)
        degraded = sum(row["treatment"] == "degraded" for row in rows)
        self.assertEqual(degraded, tree["calls"]["degraded"])
        listed = {call["id"] for call in tree["calls"]["throttled"] + tree["calls"]["left_alone"]}
        self.assertEqual(listed, {row["id"] for row in rows})

    def test_html_is_written_to_a_file_and_to_a_pipe(self):
        out = self.path / "page.html"
        self.assertEqual(self.days("-o", out), b"")
        page = out.read_bytes()
        self.assertTrue(page.startswith(b"<!DOCTYPE html>"))
        self.assertIn(b"<h1>1 to 2 October 2026</h1>", page)
        strip = re.compile(rb"Made [^<]*<")
        self.assertEqual(strip.sub(b"", self.days()), strip.sub(b"", page))

    @unittest.skipUnless(shutil.which("weasyprint"), "the package weasyprint is not installed")
    def test_pdf(self):
        out = self.path / "page.pdf"
        self.days("-o", out)
        self.assertTrue(out.read_bytes().startswith(b"%PDF-"))

    def test_a_missing_weasyprint_is_told_and_leaves_the_old_file(self):
        out = self.path / "old.pdf"
        out.write_bytes(b"old")
        said = self.days("-o", out, code=1, environment={"PATH": "/nonexistent"})
        self.assertIn("apt-get install weasyprint", said)
        self.assertEqual(out.read_bytes(), b"old")

    def test_pseudonyms_leave_no_address_and_stay_the_same(self):
        first = self.days("--format", "csv", config="hidden.yaml")
        self.assertIsNone(ADDRESS.search(first))
        self.assertIn(b"addr-", first)
        self.assertEqual(self.days("--format", "csv", config="hidden.yaml"), first)
        self.assertIsNotNone(ADDRESS.search(self.days("--format", "csv")))
        self.assertEqual((self.path / "store.db.pseudonym-key").stat().st_mode & 0o777, 0o600)

    def test_periods_without_anything_are_reports_too(self):
        for begin, end in (("2020-01-01", "2020-01-02"), ("2100-01-01", "2100-02-01")):
            tree = json.loads(self.report("--from", begin, "--to", end, "--format", "json"))
            self.assertEqual(tree["calls"]["count"], 0)
            self.assertTrue(tree["notes"])

    def test_errors_say_what_and_how_to_mend(self):
        self.assertIn("no period is named", self.report(code=2))
        self.assertIn("not a time", self.report("--from", "yesterday", code=2))
        self.assertIn("ends before it begins", self.report("--from", "2026-10-02", "--to", "2026-10-01", code=2))
        self.assertIn("skipped", self.report("--from", "2026-03-29T02:30", code=2))
        self.assertIn("Mars/Olympus", self.report("--last", "day", config="mars.yaml", code=2))
        self.assertIn("none.db", self.report("--last", "day", config="nowhere.yaml", code=1))
        self.assertIn("absent.yaml", self.report("--last", "day", config="absent.yaml", code=2))
        self.report("--last", "year", code=2)
        self.report("--last", "day", "--from", "2026-10-01", code=2)
        self.assertIn("cannot", self.days("-o", self.path / "no" / "such" / "folder.html", code=1))

    def test_a_page_does_not_go_to_a_terminal(self):
        ours, theirs = pty.openpty()
        done = subprocess.run([BIN / "callweir", "report", "-c", self.path / "plain.yaml", "--from", "2026-10-01"],
                              stdout=theirs, stderr=subprocess.PIPE, timeout=30)
        os.close(theirs)
        os.close(ours)
        self.assertEqual(done.returncode, 2)
        self.assertIn(b"-o", done.stderr)


if __name__ == "__main__":
    unittest.main()
