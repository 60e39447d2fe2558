"""scripts/setup and its callers on a bare machine, played with stand-ins for apt, dpkg and id: nothing is installed.

usage: python3 tests/live/setup_test.py
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SETUP = (ROOT / "scripts" / "setup").read_text(encoding="utf-8")
PACKAGES = re.search(r"build=\((.*?)\)\nchecks=\((.*?)\)\nclients=\((.*?)\)\nreports=\((.*?)\)", SETUP, re.S)
ALL = " ".join(PACKAGES.groups()).split() + ["nodejs", "npm"]


class Setup(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="callweir-setup-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.tools = self.root / "tools"
        (self.root / "scripts").mkdir()
        self.tools.mkdir()
        for name in ("setup", "demo", "test"):
            shutil.copy(ROOT / "scripts" / name, self.root / "scripts" / name)
        for tool in ("bash", "env", "dirname", "sed", "tr", "cat", "grep", "cmp"):
            (self.tools / tool).symlink_to(shutil.which(tool))

    def tool(self, name, script):
        path = self.tools / name
        path.write_text("#!/bin/bash\n" + script, encoding="utf-8")
        path.chmod(0o755)

    def machine(self, installed, user=0, apt="exit 0"):
        lines = "\n".join(f"ii {package}" for package in installed)
        self.tool("dpkg-query", f"cat <<'END'\n{lines}\nrc removed-once\nEND\n")
        self.tool("apt-get", f'echo "$DEBIAN_FRONTEND: $*" >>"{self.root}/apt.log"\n'
                             f'{apt}\n')
        self.tool("id", f"echo {user}")
        self.tool("promtool", "exit 0")

    def run_script(self, name="setup", *arguments):
        done = subprocess.run(["bash", self.root / "scripts" / name, *arguments], capture_output=True, text=True,
                              timeout=20, env={"PATH": str(self.tools), "LANG": "C"}, stdin=subprocess.DEVNULL)
        log = self.root / "apt.log"
        return done, log.read_text(encoding="utf-8").splitlines() if log.exists() else []

    def test_a_bare_machine_gets_everything_and_is_asked_nothing(self):
        self.machine([])
        done, apt = self.run_script()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(apt), 2, apt)
        self.assertTrue(all(line.startswith("noninteractive: ") for line in apt))
        install = apt[1].split()
        self.assertEqual([p for p in ALL if p not in install], [])
        self.assertIn("-y", install)
        self.assertNotIn("\033", done.stdout)

    def test_a_machine_that_has_everything_is_left_alone(self):
        self.machine(ALL, user=1000)
        for tool in ("node", "npm"):
            self.tool(tool, "exit 0")
        done, apt = self.run_script()
        self.assertEqual((done.returncode, apt), (0, []), done.stderr)

    def test_only_what_is_missing_is_installed(self):
        self.machine([p for p in ALL if p != "cmake"])
        for tool in ("node", "npm"):
            self.tool(tool, "exit 0")
        _, apt = self.run_script()
        self.assertEqual(apt[1].split()[-1], "cmake")
        self.assertNotIn("g++", apt[1])

    def test_without_root_it_says_so_and_tries_nothing(self):
        self.machine([], user=1000)
        done, apt = self.run_script()
        self.assertEqual((done.returncode, apt), (2, []))
        self.assertIn("sudo scripts/setup", done.stderr)

    def test_what_fails_is_said(self):
        self.machine([], apt='[[ $* == *update* ]] && exit 100 || exit 0')
        done, apt = self.run_script()
        self.assertEqual((done.returncode, len(apt)), (1, 1))
        self.assertIn("proxy", done.stderr)
        self.machine([], apt='[[ $* == *install* ]] && exit 100 || exit 0')
        done, _ = self.run_script()
        self.assertEqual(done.returncode, 1)
        self.assertIn("Debian 12", done.stderr)

    def test_another_system_is_told(self):
        done, _ = self.run_script()
        self.assertEqual(done.returncode, 2)
        self.assertIn("Debian 12", done.stderr)

    def test_callers_refuse_what_they_do_not_know(self):
        self.machine([], user=1000)
        for name, word, says in (("demo", "--kepe", "--help"), ("demo", "", "--help"), ("test", "al", "quick or all"),
                                 ("demo", "--keep", "needs root")):
            done, apt = self.run_script(name, word)
            self.assertEqual((done.returncode, apt), (2, []), (name, word))
            self.assertIn(says, done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=1, argv=sys.argv)
