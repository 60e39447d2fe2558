"""A numbered UDP stream at a steady rate, and what of it arrives. As a program (inside a namespace):

    udp_stream.py send ADDRESS PORT RATE_PPS PAYLOAD_BYTES SECONDS
    udp_stream.py receive ADDRESS PORT SECONDS FILE      one line a packet: number, arrival time
"""
import socket
import struct
import sys
import time

HEADER = struct.Struct("!Q")


def send(address, port, rate_pps, payload_bytes, seconds):
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    out.connect((address, port))
    padding = bytes(payload_bytes - HEADER.size)
    begin, total = time.monotonic(), int(rate_pps * seconds)
    for number in range(total):
        wait = begin + number / rate_pps - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        out.send(HEADER.pack(number) + padding)
    print(total, flush=True)


def receive(address, port, seconds, path):
    inlet = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    inlet.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    inlet.bind((address, port))
    inlet.settimeout(0.5)
    print("ready", flush=True)
    end, arrived = time.monotonic() + seconds, []
    while time.monotonic() < end:
        try:
            datagram = inlet.recv(2048)
        except TimeoutError:
            continue
        arrived.append((HEADER.unpack_from(datagram)[0], time.time()))
    with open(path, "w", encoding="ascii") as out:
        out.writelines(f"{number} {at:.6f}\n" for number, at in arrived)


def arrivals(path):
    """[(number, time)] in order of arrival."""
    with open(path, encoding="ascii") as text:
        return [(int(number), float(at)) for number, at in (line.split() for line in text)]


if __name__ == "__main__":
    verb, host, to = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if verb == "send":
        send(host, to, float(sys.argv[4]), int(sys.argv[5]), float(sys.argv[6]))
    else:
        receive(host, to, float(sys.argv[4]), sys.argv[5])
