"""The dashboard process under test: its configuration, start, accounts, questions over HTTPS, stop."""
import http.client
import json
import pathlib
import secrets
import socket
import ssl
import subprocess
import time

from netlab import LabError, stop

SERVICES = """site: lab
timezone: UTC
links: []
store: { sqlite: STORE }
dashboard: { listen: "127.0.0.1:PORT", tls: auto }
policies: []
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Dashboard:
    """Runs `callweir-dashboard` on loopback beside `control_socket` (of an appliance, or of nobody).

    `configuration`: a file of the caller's whose store and dashboard.listen are repeated in `store` and `port`;
    without it one is written into `folder`."""

    def __init__(self, binaries, folder, control_socket=None, configuration=None, store=None, port=None):
        self.binaries, self.folder = pathlib.Path(binaries), pathlib.Path(folder)
        self.port = port or free_port()
        self.store = pathlib.Path(store or self.folder / "store" / "callweir.db")
        self.socket = control_socket or self.folder / "control.sock"
        self.configuration = configuration or self.folder / "dashboard.yaml"
        self.store.parent.mkdir(exist_ok=True)
        if configuration is None:
            text = SERVICES.replace("STORE", str(self.store)).replace("PORT", str(self.port))
            self.configuration.write_text(text, encoding="utf-8")
        self.process = self.log = None

    @property
    def address(self):
        return f"https://127.0.0.1:{self.port}/"

    def start(self, seconds=30):
        self.log = open(self.folder / "dashboard.log", "a", encoding="utf-8")
        self.process = subprocess.Popen([self.binaries / "callweir-dashboard", "-c", self.configuration, "--socket", self.socket],
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise LabError(f"callweir-dashboard ended with {self.process.returncode}:\n{self.said()}")
            try:
                if self.ask("GET", "/healthz")[0] in (200, 503):
                    return self
            except OSError:
                time.sleep(0.05)
        raise LabError(f"callweir-dashboard does not answer after {seconds} s:\n{self.said()}")

    def said(self, lines=15):
        text = (self.folder / "dashboard.log").read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def add_user(self, name, role="viewer", password=None):
        """Returns the password."""
        password = password or secrets.token_urlsafe(12)
        done = subprocess.run([self.binaries / "callweir", "user", "add", name, "--role", role, "-c", self.configuration],
                              input=password + "\n", capture_output=True, text=True, timeout=30)
        if done.returncode != 0:
            raise LabError(f"callweir user add: {done.stderr.strip()}")
        return password

    def ask(self, method, path, body=None, headers=None, timeout=10):
        """Status, headers (lower case), body as bytes."""
        trust = ssl.create_default_context()
        trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
        link = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout, context=trust)
        try:
            link.request(method, path, body=json.dumps(body) if body is not None else None,
                         headers={"Content-Type": "application/json", **(headers or {})})
            answer = link.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            link.close()

    def stop(self):
        if self.process:
            stop(self.process, grace=10)
            self.process = None
        if self.log:
            self.log.close()
            self.log = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
