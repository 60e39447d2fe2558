"""callweir-peer on the loopback: a short call, a graceful end, and errors that say what, where and how to mend."""
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import wave

PROGRAM = pathlib.Path(os.environ["CALLWEIR_BIN"]) / "callweir-peer"
failures = []


def check(holds, what):
    print(("ok    " if holds else "FAIL  ") + what)
    if not holds:
        failures.append(what)


def peer(*arguments, **options):
    return subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def write_wave(path, rate_hz):
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(b"".join(struct.pack("<h", (i * 97) % 8000 - 4000) for i in range(rate_hz)))


def refused(what, *arguments, saying, code=2):
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=30)
    check(done.returncode == code and all(part in done.stderr for part in saying),
          f"{what}: exit {done.returncode}, {done.stderr.strip().splitlines()[-1:]}")


def short_call(speech):
    node = peer("node", "--listen", "127.0.0.1", "--speech", speech, "--seconds", "30")
    address = json.loads(node.stdout.readline())["listen"]
    done = subprocess.run([PROGRAM, "call", address, "--listen", "127.0.0.1", "--seconds", "3.2", "--speech", speech],
                          capture_output=True, text=True, timeout=30)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    seconds = [line for line in lines if line["type"] == "second"]
    check(done.returncode == 0 and lines[-1]["type"] == "ended" and lines[-1]["why"] == "hung up", "a call ends by itself")
    check(len(seconds) == 3 and seconds[-1]["packets_received"] >= 45 and seconds[-1]["mos"] > 1,
          f"statistics each second ({len(seconds)})")
    node.send_signal(signal.SIGINT)
    said = node.communicate(timeout=10)[0].splitlines()
    check(node.returncode == 0 and "peer hung up" in said[-1], "the node heard the goodbye and stops on SIGINT")


def broken_pipe(speech):
    """Whoever reads the statistics may go away."""
    node = peer("node", "--listen", "127.0.0.1", "--speech", speech, "--seconds", "1")
    node.stdout.close()
    check(node.wait(10) in (0, -signal.SIGPIPE), "a reader that goes away ends nothing badly")


def main():
    with tempfile.TemporaryDirectory() as folder:
        speech, odd = pathlib.Path(folder) / "speech.wav", pathlib.Path(folder) / "odd.wav"
        write_wave(speech, 16000)
        write_wave(odd, 22050)
        short_call(speech)
        broken_pipe(speech)
        refused("no such verb", "ring", saying=["subcommand"])
        refused("no verb", saying=["subcommand"])
        refused("bad address", "call", "here", saying=["here", "ADDRESS:PORT"])
        refused("bad own address", "node", "--listen", "1.2.3", saying=["--listen", "1.2.3"])
        refused("families", "call", "[::1]:9", "--listen", "127.0.0.1", saying=["IPv4 and IPv6"])
        refused("foreign address", "node", "--listen", "192.0.2.1", saying=["192.0.2.1", "address of this machine"])
        refused("no speech", "node", "--speech", "nothing.wav", saying=["nothing.wav", "espeak-ng"])
        refused("speech of a folder", "node", "--speech", folder, saying=["cannot read", folder])
        refused("full disk", "node", "--listen", "127.0.0.1", "--seconds", "5", "--stats", "/dev/full",
                saying=["--stats /dev/full", "No space left"], code=1)
        refused("odd speech", "node", "--speech", odd, saying=["odd.wav", "16000 Hz", "sox"])
        refused("no folder", "node", "--listen", "127.0.0.1", "--stats", "/nonexistent/x", saying=["/nonexistent/x"])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", 0))
            refused("port in use", "node", "--listen", f"127.0.0.1:{taken.getsockname()[1]}", saying=["another port"])
            refused("nobody answers", "call", f"127.0.0.1:{taken.getsockname()[1]}", "--listen", "127.0.0.1",
                    "--patience", "1", saying=["no answer", "--network"], code=1)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
