"""One end of a SIP call: runs baresip and drives it over its control port, inside its namespace.

usage: sip_end.py ADDRESS SIP_PORT RTP_PORT SPEECH.wav SECONDS answer|dial [sip:USER@ADDRESS:PORT]
Prints JSON Lines: ready, established, and each second what RTCP says of both directions.
"""
import ctypes
import json
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

MODULES = "/usr/lib/baresip/modules"
CONTROL_PORT = 4444  # on the loopback of a namespace of its own
MEMBER = re.compile(r"member 0x[0-9a-f]+: lost=(-?\d+) Jitter=([\d.]+)ms RTT=([\d.]+)ms\s+IP=\S+ psent=(\d+) rcvd=(\d+)")
PR_SET_PDEATHSIG = 1

CONFIG = """poll_method epoll
sip_listen {address}:{sip_port}
call_local_timeout 120
call_max_calls 2
audio_player aubridge,sink
audio_source aufile,{speech}
audio_alert aubridge,alert
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
audio_level no
rtp_ports {rtp_port}-{rtp_end}
rtp_stats yes
jitter_buffer_type fixed
jitter_buffer_delay 5-10
net_interface eth0
module_path {modules}
module g711.so
module aufile.so
module aubridge.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
"""


def say(**message):
    print(json.dumps(message), flush=True)


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Control:
    """ctrl_tcp: JSON in netstrings."""

    def __init__(self):
        end = time.monotonic() + 10
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", CONTROL_PORT), timeout=1)
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)
        self.buffer = b""

    def command(self, name, parameters=""):
        body = json.dumps({"command": name, "params": parameters, "token": name}).encode()
        self.socket.sendall(b"%d:%s," % (len(body), body))

    def messages(self, seconds):
        """Everything that comes within `seconds`."""
        end = time.monotonic() + seconds
        while True:
            head, colon, rest = self.buffer.partition(b":")
            if colon and len(rest) > int(head):
                length = int(head)
                self.buffer = rest[length + 1:]
                yield json.loads(rest[:length])
                continue
            left = end - time.monotonic()
            if left <= 0:
                return
            self.socket.settimeout(left)
            try:
                more = self.socket.recv(65536)
            except TimeoutError:
                return
            if not more:
                raise ConnectionError("baresip has ended")
            self.buffer += more


def write_config(folder, address, sip_port, rtp_port, speech, answering):
    (folder / "config").write_text(CONFIG.format(
        address=address, sip_port=sip_port, rtp_port=rtp_port, rtp_end=int(rtp_port) + 2,
        speech=speech, modules=MODULES, control=CONTROL_PORT))
    mode = ";answermode=auto" if answering else ""
    (folder / "accounts").write_text(f"<sip:callweir@{address}:{sip_port}>;regint=0{mode}\n")
    (folder / "contacts").write_text("")


def follow(control, seconds):
    """Asks each second and tells what RTCP says until the time is up or the call ends."""
    end = time.monotonic() + seconds
    due = time.monotonic()
    while time.monotonic() < end:
        due += 1
        control.command("audio_debug")
        for message in control.messages(max(0.0, due - time.monotonic())):
            if message.get("type") == "CALL_ESTABLISHED":
                say(type="established")
            elif message.get("type") == "CALL_CLOSED":
                say(type="closed", why=message.get("param", ""))
                return
            elif message.get("token") == "audio_debug":
                found = MEMBER.search(message.get("data", ""))
                if found:
                    lost, jitter, rtt, _, received = found.groups()
                    say(type="second", time=time.time(), lost=int(lost), received=int(received),
                        jitter_ms=float(jitter), rtt_ms=float(rtt))


def main():
    address, sip_port, rtp_port, speech, seconds, what = sys.argv[1:7]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="callweir-sip-") as folder:
        write_config(pathlib.Path(folder), address, sip_port, rtp_port, speech, what == "answer")
        baresip = subprocess.Popen(["baresip", "-f", folder], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   preexec_fn=die_with_parent)
        control = None
        try:
            control = Control()
            say(type="ready")
            if what == "dial":
                control.command("dial", sys.argv[7])
            follow(control, float(seconds))
        finally:
            if control is not None and baresip.poll() is None:
                try:
                    control.command("hangup")
                    time.sleep(0.3)
                except OSError:
                    pass
            baresip.terminate()
            try:
                baresip.wait(3)
            except subprocess.TimeoutExpired:
                baresip.kill()
                baresip.wait()


if __name__ == "__main__":
    main()
