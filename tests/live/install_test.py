"""What `cmake --install` puts where: below DESTDIR only, a unit that names the programs, no configuration overwritten.

usage: python3 tests/live/install_test.py      (CALLWEIR_BIN: folder of the programs, bin/ of the build tree)
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

BUILD = pathlib.Path(os.environ["CALLWEIR_BIN"]).resolve().parent


class Install(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="callweir-install-")
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def install(self, prefix):
        done = subprocess.run(["cmake", "--install", BUILD, "--prefix", prefix], capture_output=True, text=True, timeout=50,
                              env={**os.environ, "DESTDIR": str(self.root)})
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_everything_lands_below_the_prefix_and_works_there(self):
        self.install("/opt/weir")
        home = self.root / "opt" / "weir"
        for name in ("bin/callweir", "bin/callweir-dashboard", "bin/callweir-peer", "share/man/man1/callweir.1",
                     "share/bash-completion/completions/callweir", "lib/systemd/system/callweir.service",
                     "lib/systemd/system/callweir-dashboard.service", "lib/sysusers.d/callweir.conf"):
            self.assertTrue((home / name).is_file(), name)
        unit = (home / "lib/systemd/system/callweir.service").read_text(encoding="utf-8")
        self.assertIn("ExecStart=/opt/weir/bin/callweir run", unit)
        self.assertNotIn("@", unit)
        self.assertEqual(sorted(p.name for p in self.root.iterdir()), ["etc", "opt"])

    def test_the_dashboard_is_linked_with_neither_dpdk_nor_ndpi(self):
        libraries = {name: subprocess.run(["ldd", BUILD / "bin" / name], capture_output=True, text=True, check=True,
                                          timeout=20).stdout for name in ("callweir", "callweir-dashboard")}
        for library in ("librte_", "libndpi", "libxdp"):
            self.assertIn(library, libraries["callweir"])
            self.assertNotIn(library, libraries["callweir-dashboard"])

    def test_the_first_configuration_is_valid_only_observes_and_is_never_overwritten(self):
        self.install("/usr")
        path = self.root / "etc" / "callweir" / "callweir.yaml"
        checked = subprocess.run([self.root / "usr/bin/callweir", "check", "-c", path], capture_output=True, timeout=20)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        text = "".join(line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
        self.assertEqual(text.count("degrade:"), text.count("mode: observe"))
        path.write_text("site: mine\n", encoding="utf-8")
        self.install("/usr")
        self.assertEqual(path.read_text(encoding="utf-8"), "site: mine\n")


if __name__ == "__main__":
    unittest.main(verbosity=1, argv=sys.argv)
