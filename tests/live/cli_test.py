"""The command line of callweir without root: usage errors, check, analyze in all formats, damaged captures, help.

usage: python3 tests/live/cli_test.py      (CALLWEIR_BIN: folder of the programs)
"""
import csv
import gzip
import io
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("CALLWEIR_BIN", ROOT / "build" / "dev" / "bin")) / "callweir"
CONFIGURATION = """site: cli
timezone: UTC
links:
  - { name: uplink, inside: { kernel: a }, outside: { kernel: b }, inside_networks: [10.0.0.0/8] }
policies:
  - { name: calls, match: { voip: true }, action: { degrade: { mos: 1.8 } } }
  - { name: rest, match: {}, action: allow }
"""


def run(*arguments, stdin=None):
    return subprocess.run([PROGRAM, *map(str, arguments)], input=stdin, capture_output=True, timeout=30)


def frame(source, destination, sport, dport, payload):
    udp = struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, socket.inet_aton(source),
                     socket.inet_aton(destination))
    return b"\x02\0\0\0\0\1\x02\0\0\0\0\2\x08\0" + ip + udp


def capture(seconds=8):
    """Two people talking with G.711 over RTP, 20 ms frames, as a classic pcap."""
    out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)]
    for i in range(seconds * 50):
        for way, (src, dst, sport, dport) in enumerate((("10.0.0.5", "192.0.2.7", 40000, 50000),
                                                        ("192.0.2.7", "10.0.0.5", 50000, 40000))):
            rtp = struct.pack(">BBHII", 0x80, 8, i + 100, i * 160, 0x1234 + way)
            data = frame(src, dst, sport, dport, rtp + bytes((i * 7 + j * 13 + way) & 255 for j in range(160)))
            micros = i * 20000 + way * 5000
            out.append(struct.pack("<IIII", 1700000000 + micros // 1000000, micros % 1000000, len(data), len(data)))
            out.append(data)
    return b"".join(out)


class CommandLine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="callweir-cli-")
        cls.path = pathlib.Path(cls.folder.name)
        (cls.path / "call.pcap").write_bytes(capture())
        (cls.path / "good.yaml").write_text(CONFIGURATION, encoding="utf-8")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def refuses(self, code, *arguments, says):
        done = run(*arguments)
        self.assertEqual(done.returncode, code, (arguments, done.stderr))
        lines = done.stderr.decode().splitlines()
        self.assertEqual(len(lines), 1, lines)
        self.assertIn(says, lines[0])

    def test_usage_errors_are_one_line_and_exit_2(self):
        self.refuses(2, "analize", says="did you mean 'analyze'?")
        self.refuses(2, "policy", "aply", says="did you mean 'apply'?")
        self.refuses(2, "analyze", "--formt", "json", "x", says="did you mean '--format'?")
        self.refuses(2, "analyze", "--format", "xml", "x", says="--format")
        self.refuses(2, "analyze", says="PCAP")
        self.refuses(2, "analyze", self.path / "call.pcap", "--inside", "10.0.0.0/99", says="prefix length")
        self.refuses(2, "bypass", "maybe", says="MODE")
        self.refuses(2, "policy", "apply", self.path / "good.yaml", "--confirm", "soon", says="60s")
        self.refuses(2, "flows", "--limit", "0", says="--limit")

    def test_without_an_appliance_the_verbs_say_so(self):
        nobody = self.path / "nobody.sock"
        for verb in (["status"], ["calls"], ["flows"], ["hosts"], ["top"], ["explain", "c1"], ["bypass", "status"],
                     ["policy", "list"], ["policy", "confirm"]):
            self.refuses(1, *verb, "--socket", nobody, says="nobody serves the control socket")

    def test_run_beside_a_running_appliance_touches_nothing_of_it(self):
        name = self.path / "served.sock"
        applied = self.path / "served.sock.applied.yaml"
        applied.write_text("kept for the next engine", encoding="utf-8")
        with socket.socket(socket.AF_UNIX) as served:
            served.bind(str(name))
            served.listen(4)
            self.refuses(2, "run", "-c", self.path / "good.yaml", "--socket", name, says="another appliance runs")
        self.assertTrue(applied.exists())

    @unittest.skipUnless(os.geteuid() == 0, "needs root to give it up")
    def test_run_without_root_says_so(self):
        nobody = 65534
        self.path.chmod(0o755)
        try:
            done = subprocess.run([PROGRAM, "run", "-c", self.path / "good.yaml", "--socket", self.path / "n.sock"],
                                  capture_output=True, timeout=30, user=nobody, group=nobody, extra_groups=[])
        except PermissionError:
            self.skipTest("the programs lie where only root may go")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("run it as root", done.stderr.decode())

    def test_every_verb_has_help_with_examples(self):
        verbs = [line.split()[0] for line in run("--help").stdout.decode().split("Subcommands:")[1].splitlines()
                 if line.startswith("  ") and not line.startswith("   ")]
        self.assertGreaterEqual(len(verbs), 12)
        for verb in verbs:
            done = run(verb, "--help")
            self.assertEqual(done.returncode, 0)
            self.assertIn("Examples:", done.stdout.decode(), verb)

    def test_completion_and_manual_know_all_verbs(self):
        for arguments in (["--completion", "bash"], ["--completion", "zsh"], ["--manual"]):
            text = run(*arguments).stdout.decode()
            for verb in ("analyze", "policy", "doctor", "explain"):
                self.assertIn(verb, text)
            self.assertNotIn("shared-fd", text)
            self.assertTrue(text.isascii())

    def completed(self, *line):
        """What bash offers for the last word."""
        script = self.path / "completion.bash"
        script.write_bytes(run("--completion", "bash").stdout)
        ask = 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _callweir; printf "%s\\n" "${COMPREPLY[@]}"'
        done = subprocess.run(["bash", "-c", ask, script, "callweir", *line], capture_output=True, text=True,
                              cwd=self.path, timeout=30)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.splitlines()

    def test_completion_offers_what_fits(self):
        (self.path / "two words.pcap").write_bytes(b"")
        self.assertEqual(self.completed("an"), ["analyze"])
        self.assertEqual(self.completed("policy", "ap"), ["apply"])
        self.assertEqual(self.completed("policy", "apply", "--con"), ["--confirm"])
        self.assertEqual(self.completed("policy", "apply", "--soc"), ["--socket"])
        self.assertEqual(self.completed("policy", "apply", "good"), ["good.yaml"])
        self.assertEqual(self.completed("policy", "list", "good"), [""])
        self.assertEqual(self.completed("analyze", "two"), ["two words.pcap"])
        self.assertEqual(self.completed("analyze", "--format", "j"), ["json"])
        self.assertEqual(self.completed("--completion", "z"), ["zsh"])
        self.assertEqual(self.completed("bypass", "o"), ["on", "off"])

    def test_check(self):
        done = run("check", "-c", self.path / "good.yaml")
        self.assertEqual(done.returncode, 0, done.stderr)
        dump = run("check", "-c", self.path / "good.yaml", "--dump").stdout.decode()
        self.assertIn("in all", dump)
        (self.path / "dumped.yaml").write_text(dump, encoding="utf-8")
        self.assertEqual(run("check", "-c", self.path / "dumped.yaml").returncode, 0)
        (self.path / "bad.yaml").write_text(CONFIGURATION.replace("voip", "viop"), encoding="utf-8")
        self.refuses(2, "check", "-c", self.path / "bad.yaml", says="bad.yaml:6:")
        self.refuses(2, "analyze", self.path / "call.pcap", "-c", self.path / "bad.yaml", says="voip")

    def test_analyze_json(self):
        done = run("analyze", "--format", "json", self.path / "call.pcap", "-c", self.path / "good.yaml")
        self.assertEqual(done.returncode, 0, done.stderr)
        records = [json.loads(line) for line in done.stdout.decode().splitlines()]
        flows = [r for r in records if r["type"] == "flow"]
        self.assertEqual([r["type"] for r in records].count("summary"), 1)
        self.assertEqual(len(flows), 1)
        flow = flows[0]
        self.assertEqual(list(flow), ["type", "id", "file", "link", "src", "sport", "dst", "dport", "proto", "vlan",
                                      "tunnel", "app", "voip", "role", "p2p", "confidence", "reasons", "ndpi", "first",
                                      "last", "packets", "bytes", "decided_packet", "decided_s", "call", "policy",
                                      "action"])
        self.assertEqual((flow["src"], flow["sport"], flow["packets"], flow["voip"]), ("10.0.0.5", 40000, [400, 400], True))
        self.assertEqual(flow["bytes"], [400 * 200, 400 * 200])
        self.assertEqual((flow["policy"], flow["action"]), ("calls", "degrade"))
        self.assertEqual([r["id"] for r in records if r["type"] == "call"], [flow["call"]])

    def test_analyze_other_formats(self):
        text = run("analyze", self.path / "call.pcap").stdout.decode()
        self.assertIn("CALL", text)
        rows = list(csv.DictReader(io.StringIO(run("analyze", "--format", "csv", self.path / "call.pcap").stdout.decode())))
        self.assertEqual((len(rows), rows[0]["dst"], rows[0]["packets_back"]), (1, "192.0.2.7", "400"))
        page = self.path / "out.html"
        self.assertEqual(run("analyze", "--format", "html", "-o", page, self.path / "call.pcap").returncode, 0)
        self.assertTrue(page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>"))

    def test_analyze_reads_a_pipe_and_several_files(self):
        data = (self.path / "call.pcap").read_bytes()
        self.assertEqual(run("analyze", "--format", "json", "-", stdin=data).returncode, 0)
        both = run("analyze", "--format", "json", "--separate", self.path / "call.pcap", self.path / "call.pcap")
        self.assertEqual(sum('"type":"flow"' in line for line in both.stdout.decode().splitlines()), 2)

    def test_a_damaged_capture_is_reported_up_to_the_damage(self):
        damaged = self.path / "damaged.pcap"
        damaged.write_bytes((self.path / "call.pcap").read_bytes()[:100_000])
        done = run("analyze", "--format", "json", damaged)
        self.assertEqual(done.returncode, 1)
        self.assertIn('"type":"flow"', done.stdout.decode())
        self.assertIn("damaged.pcap", done.stderr.decode())
        (self.path / "text.pcap").write_text("no capture at all", encoding="utf-8")
        self.refuses(1, "analyze", self.path / "text.pcap", says="text.pcap")
        self.refuses(2, "analyze", self.path / "call.pcap", "-o", "/nonexistent/x", says="/nonexistent/x")

    def test_names_that_cannot_be_meant_are_bad_usage(self):
        call = self.path / "call.pcap"
        self.refuses(2, "analyze", self.path / "absent.pcap", says="absent.pcap: cannot open the capture")
        self.refuses(2, "analyze", call, self.path / "absent.pcap", says="absent.pcap")
        self.refuses(2, "analyze", "", says="''")
        self.refuses(2, "analyze", self.path, says="is a directory")
        self.refuses(2, "analyze", "-", "-", says="twice")

    def test_analyze_overwrites_no_capture_and_nothing_before_it_has_a_result(self):
        call, earlier = self.path / "again.pcap", self.path / "earlier.txt"
        call.write_bytes(capture(2))
        (self.path / "link.pcap").symlink_to(call)
        for name in (call, self.path / "link.pcap"):
            self.refuses(2, "analyze", call, "-o", name, says="would be overwritten")
            self.assertEqual(call.read_bytes(), capture(2))
        earlier.write_text("a report " * 10_000, encoding="utf-8")
        (self.path / "void.pcap").write_bytes(b"")
        self.refuses(1, "analyze", self.path / "void.pcap", "-o", earlier, says="void.pcap: is empty")
        self.assertTrue(earlier.read_text(encoding="utf-8").startswith("a report"))
        self.assertEqual(run("analyze", call, "-o", earlier).returncode, 0)
        self.assertNotIn("a report", earlier.read_text(encoding="utf-8"))

    def test_a_file_that_is_no_capture_does_not_hide_the_others(self):
        (self.path / "packed.pcap.gz").write_bytes(gzip.compress(capture(1)))
        for apart in ([], ["--separate"]):
            done = run("analyze", "--format", "json", self.path / "packed.pcap.gz", self.path / "call.pcap", *apart)
            self.assertEqual(done.returncode, 1)
            flows = [json.loads(line) for line in done.stdout.decode().splitlines() if '"type":"flow"' in line]
            self.assertEqual([flow["file"] for flow in flows], ["call.pcap"])
            self.assertIn("packed.pcap.gz: is compressed; unpack it first", done.stderr.decode())

    def test_a_full_disk_is_no_success(self):
        for arguments in (["--help"], ["--manual"], ["check", "-c", self.path / "good.yaml"],
                          ["analyze", self.path / "call.pcap"]):
            with open("/dev/full", "wb") as full:
                done = subprocess.run([PROGRAM, *arguments], stdout=full, stderr=subprocess.PIPE, timeout=30)
            self.assertEqual(done.returncode, 1, arguments)
            self.assertIn("No space left", done.stderr.decode())

    def test_doctor_names_what_to_change(self):
        done = run("doctor", "--json", "-c", self.path / "good.yaml")
        found = [json.loads(line) for line in done.stdout.decode().splitlines()]
        self.assertEqual(done.returncode, 1)   # no interface a, no interface b
        missing = [f for f in found if f["level"] == "change" and "port a" in f["what"]]
        self.assertTrue(missing and missing[0]["mend"])


if __name__ == "__main__":
    unittest.main(verbosity=1, argv=sys.argv)
