"""What every call client tells, each second and direction, so that one judge can read them all."""
import dataclasses


@dataclasses.dataclass
class Second:
    """One second of one direction, by its receiver. Counts are of this second."""
    time: float                 # end of the second, since the epoch
    expected: int               # media packets
    received: int
    samples: int = 0            # played, 0 where the client does not tell
    concealed: int = 0          # of these, made up
    payload_kbps: float = 0.0   # codec payload over the media time that it covers
    jitter_ms: float = 0.0
    gap_ms: float | None = None  # longest time without media packet
    delay_ms: float | None = None  # one way, where the client can tell
    connected: bool = True

    @property
    def loss(self):
        return max(0.0, 1 - self.received / self.expected) if self.expected else 0.0


class Call:
    """Common face: start(), media_flow(), seconds(direction), alive(), stop().

    Directions are named after the receiver: "inside" heard what outside said.
    """
    name = "call"
    codec = "opus_fb"
    authorised = False

    def start(self):
        raise NotImplementedError

    def seconds(self, receiver):
        raise NotImplementedError

    def ports(self):
        """Ports (inside, outside) of the media flow, for finding it in the appliance's records."""
        raise NotImplementedError

    def alive(self):
        raise NotImplementedError

    def stop(self):
        raise NotImplementedError
