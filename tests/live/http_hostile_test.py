"""Hostile clients against the real callweir-dashboard, while a good one goes on asking: requests drop by drop, too large,
malformed, smuggled, 1,000 connections, garbage instead of TLS, half-closed ones, a flood of logins, bodies that never end, answers that
nobody takes.
The good client's answers stay below 100 ms (p99), the process below 150 MB, and everything that was opened is closed again.

usage: python3 tests/live/http_hostile_test.py      (CALLWEIR_BIN: folder of the programs)
"""
import contextlib
import functools
import json
import multiprocessing
import os
import socket
import ssl
import statistics
import sys
import tempfile
import threading
import time

from appliance import binaries
from dashboard import Dashboard
from netlab import LabError

SKIPPED = 77
P99_MS = 100
RSS_MB = 150
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Failure(Exception):
    pass


def check(good, what):
    if not good:
        raise Failure(what)
    print(f"  ok: {what}", flush=True)


@functools.cache
def trusting():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def raw(port, source="127.0.0.1", timeout=15):
    return socket.create_connection(("127.0.0.1", port), timeout=timeout, source_address=(source, 0))


def tls(port, source="127.0.0.1", timeout=15):
    link = raw(port, source, timeout)
    try:
        return trusting().wrap_socket(link)
    except BaseException:
        link.close()
        raise


def drain(link):
    """All that still comes, until the server ends the connection (or, wrongly, says nothing more)."""
    said = b""
    with contextlib.suppress(ssl.SSLError, ConnectionError, TimeoutError):
        while piece := link.recv(65536):
            said += piece
    return said


def status(said):
    return int(said[9:12]) if said.startswith(b"HTTP/1.1 ") else 0


def answer(link):
    """(status, body) of one answer on a connection that stays open."""
    said = b""
    while b"\r\n\r\n" not in said:
        piece = link.recv(65536)
        if not piece:
            raise Failure("the connection ended instead of an answer")
        said += piece
    head, body = said.split(b"\r\n\r\n", 1)
    length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += link.recv(65536)
    return status(head), body


def refused(port, request):
    """Status of the answer to what must end the connection."""
    with tls(port, "127.0.0.9") as link:
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            link.sendall(request)
        return status(drain(link))


def good_client(port, ends, results):
    """Asks every 10 ms, every tenth time over a new connection; milliseconds of each answer, and how many failed."""
    kept, times, failures, turn = tls(port), [], 0, 0
    while not ends.is_set():
        turn += 1
        begun = time.monotonic()
        try:
            if turn % 10 == 0:
                with tls(port) as fresh:
                    fresh.sendall(GET)
                    good = answer(fresh)[0] in (200, 503)
            else:
                kept.sendall(GET)
                good = answer(kept)[0] in (200, 503)
            failures += not good
        except (OSError, Failure):
            failures += 1
            with contextlib.suppress(OSError):
                kept = tls(port)
        times.append((time.monotonic() - begun) * 1000)
        time.sleep(0.01)
    results.put((times, failures))


class GoodClient:
    """In a process of its own, so that it measures the server and not this one's attacks."""

    def __init__(self, port):
        self.ends, self.results = multiprocessing.Event(), multiprocessing.Queue()
        self.process = multiprocessing.Process(target=good_client, args=(port, self.ends, self.results), daemon=True)

    def __enter__(self):
        self.process.start()
        return self

    def __exit__(self, *_):
        self.ends.set()
        self.process.join(20)

    def verdict(self):
        self.ends.set()
        return self.results.get(timeout=20)


def rss_mb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmRSS"))


def sockets_of(pid, port):
    """Connections of the process to the port that are established."""
    with open(f"/proc/{pid}/net/tcp", encoding="ascii") as lines:
        return sum(1 for line in lines if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "01")


def malformed(port):
    host = b"Host: h\r\n"
    cases = [
        ("nonsense", b"hello\r\n\r\n", 400),
        ("an address of 60 kB", b"GET /" + b"a" * 60_000, 414),
        ("a header of 60 kB", b"GET / HTTP/1.1\r\n" + host + b"X: " + b"a" * 60_000, 431),
        ("200 headers", b"GET / HTTP/1.1\r\n" + host + b"X: y\r\n" * 200 + b"\r\n", 431),
        ("a body of 1 MB", b"POST / HTTP/1.1\r\n" + host + b"Content-Length: 1000000\r\n\r\n" + b"a" * 1_000_000, 413),
        ("Content-Length and chunks", b"POST / HTTP/1.1\r\n" + host + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /evil", 400),
        ("two lengths", b"POST / HTTP/1.1\r\n" + host + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
        ("a chunk that lies", b"POST / HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n", 400),
        ("chunks beyond the bound", b"POST / HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\nffffff\r\n", 413),
        ("a folded header", b"GET / HTTP/1.1\r\n" + host + b"X: a\r\n b\r\n\r\n", 400),
        ("a NUL", b"GET / HTTP/1.1\r\n" + host + b"X: a\0b\r\n\r\n", 400),
        ("a path that climbs", b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" + host + b"\r\n", 400),
        ("an overlong slash", b"GET /%c0%af HTTP/1.1\r\n" + host + b"\r\n", 400),
        ("no host", b"GET / HTTP/1.1\r\n\r\n", 400),
        ("HTTP/2 without leave", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        ("an unknown method", b"BREW / HTTP/1.1\r\n" + host + b"\r\n", 501),
    ]
    for what, request, wanted in cases:
        got = refused(port, request)
        if got != wanted:
            raise Failure(f"{what}: {got} instead of {wanted}")
    check(True, f"{len(cases)} malformed requests are refused, each by its status")


def polite_oddities(port):
    with tls(port) as link:
        link.sendall(GET * 100)
        said, end = b"", time.monotonic() + 15
        while said.count(b"HTTP/1.1 ") < 100 and time.monotonic() < end:
            said += link.recv(65536)
        check(said.count(b"HTTP/1.1 ") == 100, "100 pipelined requests have 100 answers")
    with tls(port) as link:
        link.sendall(b"POST /nothing HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n")
        check(400 <= answer(link)[0] < 500, "a chunked body is read")
        link.sendall(GET)
        check(answer(link)[0] in (200, 503), "and the next request after it")
    with tls(port) as link:
        link.sendall(GET)
        socket.socket.shutdown(link, socket.SHUT_WR)  # the wrapper's own would forget TLS
        check(status(drain(link)) in (200, 503), "a half-closed client has its answer")


def no_tls(port):
    with raw(port, "127.0.0.8") as link:
        link.sendall(GET)
        check(b"HTTPS" in drain(link), "a client without TLS is told so")
    links = [raw(port, "127.0.0.8") for _ in range(50)]
    for number, link in enumerate(links):
        link.sendall(bytes([number * 5 % 256]) * 500)
    ended = 0
    for link in links:
        begun = time.monotonic()
        drain(link)
        ended += time.monotonic() - begun < 10
        link.close()
    check(ended == 50, "50 clients with garbage instead of TLS are put out")


def slow_loris(port):
    """100 clients that send one byte of a header every half second: gone after 10 s, the others unharmed."""
    links = [tls(port, f"127.0.1.{number % 4 + 1}") for number in range(100)]
    request, begun, alive = GET[:-4] + b"\r\nX: " + b"a" * 100, time.monotonic(), list(links)
    for position in range(60):
        for link in list(alive):
            try:
                link.sendall(request[position:position + 1])
            except OSError:
                alive.remove(link)
        if not alive:
            break
        time.sleep(0.5)
    seconds = time.monotonic() - begun
    for link in links:
        link.close()
    check(not alive and 9 < seconds < 20, f"100 slow-loris clients were put out after {seconds:.1f} s")


def bodies_that_never_end(port, pid):
    links = []
    for number in range(100):
        link = tls(port, f"127.0.2.{number % 4 + 1}")
        link.sendall(b"POST /api/v1/session HTTP/1.1\r\nHost: h\r\nContent-Length: 65536\r\n\r\n" + b"a" * 65_000)
        links.append(link)
    check(rss_mb(pid) < RSS_MB, f"100 bodies that never end: {rss_mb(pid):.0f} MB")
    return links


def answers_nobody_takes(port, pid):
    links = []
    for number in range(100):
        link = socket.socket()
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        link.bind((f"127.0.3.{number % 4 + 1}", 0))
        link.settimeout(15)
        link.connect(("127.0.0.1", port))
        link = trusting().wrap_socket(link)
        link.sendall(GET * 100)
        links.append(link)
    time.sleep(1)
    check(rss_mb(pid) < RSS_MB, f"100 clients that take no answer: {rss_mb(pid):.0f} MB")
    return links


def a_thousand(port, pid):
    """1,000 connections from eight addresses, half of them with a handshake."""
    links, out = [], 0
    for number in range(1000):
        source = f"127.0.4.{number % 8 + 1}"
        try:
            links.append(tls(port, source) if number % 2 else raw(port, source))
        except OSError:
            out += 1
    time.sleep(0.5)
    check(rss_mb(pid) < RSS_MB, f"1,000 connections ({out} found no place, {sockets_of(pid, port)} held): {rss_mb(pid):.0f} MB")
    with tls(port) as link:
        link.sendall(GET)
        check(answer(link)[0] in (200, 503), "one more client from another address is served")
    return links


def login_flood(port, pid):
    """40 addresses that try passwords, as fast as they are answered: hashing must keep no question waiting."""
    ends, counts, most_mb = time.monotonic() + 4, {}, 0.0

    def tries(number):
        with tls(port, f"127.0.5.{number + 1}") as link:
            while time.monotonic() < ends:
                body = json.dumps({"name": f"user{number}", "password": "not the right one"}).encode()
                link.sendall(b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                             b"Content-Length: %d\r\n\r\n" % len(body) + body)
                got = answer(link)[0]
                counts[got] = counts.get(got, 0) + 1

    threads = [threading.Thread(target=tries, args=(number,), daemon=True) for number in range(40)]
    for one in threads:
        one.start()
    while time.monotonic() < ends:
        most_mb = max(most_mb, rss_mb(pid))
        time.sleep(0.05)
    for one in threads:
        one.join(20)
    check(most_mb < RSS_MB, f"logins without a pause take {most_mb:.0f} MB")
    check(set(counts) <= {401, 429, 503}, f"a flood of logins is refused: {dict(sorted(counts.items()))}")


def attack(port, pid):
    malformed(port)
    polite_oddities(port)
    no_tls(port)
    login_flood(port, pid)
    held = bodies_that_never_end(port, pid)
    held += answers_nobody_takes(port, pid)
    slow_loris(port)
    for link in held:
        link.close()
    for link in a_thousand(port, pid):
        link.close()


def scenario(folder):
    with Dashboard(binaries(), folder) as dashboard:
        port, pid = dashboard.port, dashboard.process.pid
        before = rss_mb(pid)
        with GoodClient(port) as good:
            os.nice(10)  # attackers have machines of their own; here they must not take the server's
            attack(port, pid)
            times, failures = good.verdict()
        times.sort()
        p99 = times[int(len(times) * 0.99)]
        print(f"  the good client: {len(times)} answers, median {statistics.median(times):.1f} ms, p99 {p99:.1f} ms, "
              f"slowest {times[-1]:.0f} ms; memory {before:.0f} MB before, {rss_mb(pid):.0f} MB after")
        check(failures == 0, "not one request of the good client failed")
        check(p99 < P99_MS, f"its p99 of {p99:.1f} ms is below {P99_MS} ms")
        end = time.monotonic() + 5
        while sockets_of(pid, port) > 0 and time.monotonic() < end:
            time.sleep(0.1)
        check(sockets_of(pid, port) == 0, "every connection is closed again")
        check(dashboard.process.poll() is None, "the dashboard is alive")
    return 0


def main():
    if not (binaries() / "callweir-dashboard").exists():
        print("callweir-dashboard is not built")
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="callweir-hostile-") as folder:
        try:
            return scenario(folder)
        except LabError as why:
            print(why)
            return 1
        except Failure as why:
            print(f"FAILED: {why}")
            return 1


if __name__ == "__main__":
    sys.exit(main())
