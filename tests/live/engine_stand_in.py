"""Plays the engine to a dashboard: its control socket and its stream of records (base/record_stream.hpp), nothing else."""
import contextlib
import json
import multiprocessing
import os
import secrets
import socket
import struct
import threading
import time


def frame(body):
    data = json.dumps(body, separators=(",", ":")).encode()  # the end of a reply is known by its bytes
    return struct.pack(">I", len(data)) + data


def read_frame(link):
    head = link.recv(4, socket.MSG_WAITALL)
    if len(head) < 4:
        return None
    size = struct.unpack(">I", head)[0]
    if size > 1 << 20:
        raise ValueError("the frame is too long")
    body = link.recv(size, socket.MSG_WAITALL)
    return json.loads(body) if len(body) == size else None


def _pour(link, pattern, first, rate, seconds):
    slices, begun, number = 20, time.monotonic(), first  # a second
    for turn in range(int(seconds * slices)):
        bodies = []
        for _ in range(rate // slices):
            bodies.append(frame({"n": number, "record": {**pattern, "id": f"p{number}"}}))
            number += 1
        link.sendall(b"".join(bodies))
        time.sleep(max(0.0, begun + (turn + 1) / slices - time.monotonic()))


class EngineStandIn:
    """`tell(record)` for the moment, `keep(record)` durable and numbered. `status` and `policies` answer the verbs."""

    def __init__(self, folder, site="lab", timezone="UTC", links=("uplink",)):
        self.control_path, self.records_path = str(folder / "control.sock"), str(folder / "records.sock")
        self.site, self.timezone, self.links = site, timezone, list(links)
        self.status, self.policies = {"type": "status", "state": "inspecting"}, []
        self.name = secrets.token_hex(8)
        self.kept = []
        self._readers, self._open, self._lock = [], [], threading.Lock()

    def hello(self):
        return {"type": "hello", "version": 1, "engine": self.name, "oldest": 1, "next": len(self.kept) + 1, "site": self.site,
                "timezone": self.timezone, "pseudonymise": False, "links": self.links}

    def start(self):
        for path, serve in ((self.control_path, self._control), (self.records_path, self._records)):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(path)
            listener.listen(8)
            self._open.append(listener)
            threading.Thread(target=self._accept, args=(listener, serve), daemon=True).start()
        return self

    def _accept(self, listener, serve):
        while True:
            try:
                link, _ = listener.accept()
            except OSError:
                return
            self._open.append(link)
            threading.Thread(target=self._guarded, args=(serve, link), daemon=True).start()

    @staticmethod
    def _guarded(serve, link):
        with contextlib.suppress(OSError, ValueError):
            serve(link)

    def _control(self, link):
        while (asked := read_frame(link)) is not None:
            if asked.get("verb") == "bypass":
                self.status = {**self.status, "state": "bypass" if asked.get("mode") == "on" else "inspecting"}
                link.sendall(frame({"type": "bypass", "on": self.status["state"] == "bypass"}))
            records = {"status": [self.status],
                       "policy-list": [{"type": "policies", "generation": 1, "rolls_back_in_s": None}, *self.policies]}
            for record in records.get(asked.get("verb"), []):
                link.sendall(frame(record))
            link.sendall(frame({"type": "done"}))

    def _records(self, link):
        link.sendall(frame(self.hello()))
        asked = read_frame(link)
        if asked is None:
            return
        with self._lock:
            after = asked["after"] if asked["engine"] == self.name else 0
            for number, record in enumerate(self.kept[after:], after + 1):
                link.sendall(frame({"n": number, "record": record}))
            self._readers.append(link)

    def _to_readers(self, body):
        data = frame(body)
        for link in list(self._readers):
            try:
                link.sendall(data)
            except OSError:
                self._readers.remove(link)

    def tell(self, record):
        with self._lock:
            self._to_readers({"live": record})

    def keep(self, record):
        with self._lock:
            self.kept.append(record)
            self._to_readers({"n": len(self.kept), "record": record})

    def pour(self, pattern, rate, seconds):
        """Flow records like `pattern`, `rate` a second, from a process of its own; returns it. keep() waits until it has ended."""
        link, first = self._readers[-1], len(self.kept) + 1
        self.kept += [pattern] * int(rate * seconds)
        pouring = multiprocessing.Process(target=_pour, args=(link, pattern, first, rate, seconds), daemon=True)
        pouring.start()
        return pouring

    def stop(self):
        """Away, as after a crash: sockets gone."""
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open, self._readers = [], []
