"""A program that writes JSON Lines or text: reads it in a thread, so that nobody blocks on a pipe."""
import collections
import json
import queue
import subprocess
import threading
import time

from netlab import stop

LINES_KEPT = 5000


class ClientError(Exception):
    """A client did not do what it should; the text says which and how."""


class LineProgram:
    """Runs `command` in `namespace` of `lab`; `lines` holds (time, line), the newest LINES_KEPT."""

    def __init__(self, lab, namespace, name, *command, **options):
        self.name = name
        self.lines = collections.deque(maxlen=LINES_KEPT)
        self.errors = collections.deque(maxlen=50)
        self._fresh = queue.SimpleQueue()
        self.process = lab.spawn(namespace, *command, stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                 errors="replace", bufsize=1, **options)
        for stream, take in ((self.process.stdout, self._take), (self.process.stderr, self._complain)):
            threading.Thread(target=self._read, args=(stream, take), daemon=True).start()

    @staticmethod
    def _read(stream, take):
        try:
            for line in stream:
                take(line.rstrip("\n"))
        except (OSError, ValueError):
            pass  # closed by stop()

    def _take(self, line):
        stamped = (time.time(), line)
        self.lines.append(stamped)
        self._fresh.put(stamped)

    def _complain(self, line):
        self.errors.append(line)

    def wait_line(self, wanted, timeout):
        """The first new line for which `wanted(line)` is true. Raises ClientError with what was said."""
        end = time.monotonic() + timeout
        while True:
            try:
                _, line = self._fresh.get(timeout=max(0.0, min(0.5, end - time.monotonic())))
                if wanted(line):
                    return line
            except queue.Empty:
                if self.process.poll() is not None:
                    raise self.failure(f"ended early with {self.process.returncode}") from None
                if time.monotonic() >= end:
                    raise self.failure(f"said nothing expected within {timeout:.0f} s") from None

    def wait_json(self, wanted, timeout):
        def fits(line):
            parsed = parse(line)
            return parsed is not None and wanted(parsed)
        return parse(self.wait_line(fits, timeout))

    def say(self, line):
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except (OSError, ValueError) as why:
            raise self.failure(f"takes no input ({why})") from None

    def failure(self, what):
        said = "\n  ".join([*list(self.errors)[-8:], *(l for _, l in list(self.lines)[-4:])])
        return ClientError(f"{self.name}: {what}\n  {said}")

    def alive(self):
        return self.process.poll() is None

    def stop(self, grace=5, **options):
        return stop(self.process, grace, **options)


def parse(line):
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
