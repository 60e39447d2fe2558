"""Every kind of frame that a wire may carry: name and bytes. Lengths from runts to the MTU, tags stacked, protocols
that bridges eat."""
import struct

STATION_A, STATION_B = b"\x02\0\0\0\0\x0a", b"\x02\0\0\0\0\x0b"


def ethernet(kind, body, to=STATION_B, source=STATION_A):
    return to + source + struct.pack("!H", kind) + body


def group(last):
    return b"\x01\x80\xc2\0\0" + bytes([last])


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(protocol, body, identification=1, flags_offset=0, tos=0, options=b""):
    words = 5 + len(options) // 4
    head = struct.pack("!BBHHHBBH4s4s", 0x40 | words, tos, 4 * words + len(body), identification, flags_offset, 64,
                       protocol, 0, bytes([10, 0, 0, 1]), bytes([192, 0, 2, 7])) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def udp(body, sum_=0xBEEF):  # a checksum that is wrong must stay wrong
    return struct.pack("!HHHH", 40000, 5004, 8 + len(body), sum_) + body


def ipv6(following, body):
    return struct.pack("!IHBB", 0x6B800000, len(body), following, 64) + b"\x20\x01\x0d\xb8" + b"\0" * 12 + \
        b"\x20\x01\x0d\xb8" + b"\0" * 11 + b"\1" + body


def pad(frame):
    return frame.ljust(60, b"\0")


def all_frames(mtu):
    """(name, frame) pairs. Each frame is unlike the others."""
    voice = ipv4(17, udp(b"\x80\0\0\1" + b"v" * 168), tos=0xB8)
    long = ipv4(17, udp(b"f" * 3000))
    piece = 1480 if mtu >= 1500 else 1000
    frames = [
        ("udp", ethernet(0x0800, voice)),
        ("dscp and bad checksum", ethernet(0x0800, ipv4(17, udp(b"x" * 30, 0x1234), tos=0x2E << 2 | 1))),
        ("options", ethernet(0x0800, ipv4(17, udp(b"o" * 30), options=b"\x07\x07\x04\0\0\0\0\0"))),
        ("tcp", ethernet(0x0800, ipv4(6, struct.pack("!HHIIBBHHH", 1, 2, 3, 4, 0x50, 2, 5, 6, 7) + b"t" * 40))),
        ("first fragment", ethernet(0x0800, ipv4(17, long[20:20 + piece], 7, 0x2000))),
        ("middle fragment", ethernet(0x0800, ipv4(17, long[20 + piece:20 + 2 * piece], 7, 0x2000 | piece // 8))),
        ("last fragment", ethernet(0x0800, ipv4(17, long[20 + 2 * piece:], 7, 2 * piece // 8))),
        ("orphan fragment", ethernet(0x0800, ipv4(17, b"z" * 64, 9, 100))),
        ("ipv6", ethernet(0x86DD, ipv6(17, udp(b"6" * 60)))),
        ("ipv6 hop-by-hop", ethernet(0x86DD, ipv6(0, b"\x11\0\5\2\0\0\1\0" + udp(b"h" * 40)))),
        ("ipv6 fragment", ethernet(0x86DD, ipv6(44, b"\x11\0\0\1\0\0\0\7" + udp(b"p" * 64)))),
        ("802.1Q", ethernet(0x8100, struct.pack("!HH", 0x6005, 0x0800) + voice)),
        ("802.1Q priority tag", ethernet(0x8100, struct.pack("!HH", 0xE000, 0x0800) + voice)),
        ("802.1ad", ethernet(0x88A8, struct.pack("!HHHH", 100, 0x8100, 0x2007, 0x0800) + voice)),
        ("802.1ad alone", ethernet(0x88A8, struct.pack("!HH", 101, 0x0800) + voice)),
        ("Q in Q of 8100", ethernet(0x8100, struct.pack("!HHHH", 5, 0x8100, 6, 0x0800) + voice)),
        ("three tags", ethernet(0x88A8, struct.pack("!HHHHHH", 1, 0x8100, 2, 0x8100, 3, 0x0800) + voice)),
        ("tagged arp", pad(ethernet(0x8100, struct.pack("!HH", 9, 0x0806) + b"\0\1\x08\0\6\4\0\1" + b"a" * 20))),
        ("arp", pad(ethernet(0x0806, b"\0\1\x08\0\6\4\0\1" + b"q" * 20, b"\xff" * 6))),
        ("MPLS", ethernet(0x8847, struct.pack("!II", 0x00010040, 0x00020140) + voice)),
        ("MPLS multicast", ethernet(0x8848, struct.pack("!I", 0x00010140) + voice)),
        ("PPPoE discovery", pad(ethernet(0x8863, b"\x11\x09\0\0\0\4\1\1\0\0", b"\xff" * 6))),
        ("PPPoE session", ethernet(0x8864, struct.pack("!BBHHH", 0x11, 0, 7, 2 + len(voice), 0x0021) + voice)),
        ("STP", pad(ethernet(38, b"\x42\x42\x03" + b"\0\0\0\0\0" + b"s" * 30, group(0)))),
        ("PVST", pad(ethernet(50, b"\xaa\xaa\x03\0\0\x0c\x01\x0b" + b"P" * 42, b"\x01\0\x0c\xcc\xcc\xcd"))),
        ("PAUSE", pad(ethernet(0x8808, b"\0\1\xff\xff" + b"\0" * 42, group(1)))),
        ("LACP", pad(ethernet(0x8809, b"\1\1\1\x14" + b"l" * 106, group(2)))),
        ("slow protocol OAM", pad(ethernet(0x8809, b"\3\0\x50" + b"m" * 42, group(2)))),
        ("EAPOL", pad(ethernet(0x888E, b"\2\1\0\0" + b"\0" * 40, group(3)))),
        ("LLDP", pad(ethernet(0x88CC, b"\x02\7\4" + STATION_A + b"\4\5\7eth0\6\2\0\x78\0\0", group(14)))),
        ("MACsec", ethernet(0x88E5, b"\x2c\0\0\0\0\1" + b"k" * 80)),
        ("PTP", pad(ethernet(0x88F7, b"\0\2\0\x2c" + b"\0" * 40, b"\x01\x1b\x19\0\0\0"))),
        ("CFM", pad(ethernet(0x8902, b"\1" * 50))),
        ("GRE", ethernet(0x0800, ipv4(47, b"\0\0\x08\0" + voice))),
        ("VXLAN", ethernet(0x0800, ipv4(17, struct.pack("!HHHH", 999, 4789, 16 + 14 + len(voice), 0) +
                                        b"\x08\0\0\0\0\0\5\0" + ethernet(0x0800, voice)))),
        ("unknown ethertype", ethernet(0x1234, b"?" * 46)),
        ("802.3 length", pad(ethernet(46, b"\xe0\xe0\x03" + b"n" * 43))),
        ("runt of 14", ethernet(0x88B5, b"")),
        ("runt of 15", ethernet(0x88B5, b"1")),
        ("runt of 20", ethernet(0x88B5, b"20byte")),
        ("runt with a tag", ethernet(0x8100, b"\0\7\x88\xb5rt")),  # shorter ones die in the receiver's kernel
        ("lying ip header", ethernet(0x0800, b"\x4f" + b"\xff" * 59)),
        ("the MTU", ethernet(0x0800, ipv4(17, udp(b"M" * (mtu - 28))))),
        ("the MTU unknown", ethernet(0x88B5, b"U" * mtu)),
        ("the MTU and a tag", ethernet(0x8100, struct.pack("!HH", 0x0063, 0x88B5) + b"T" * mtu)),
    ]
    return frames
