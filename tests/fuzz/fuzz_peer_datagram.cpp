// Whatever comes from the network: as it is to an endpoint, and, past the encryption, as a message
// whose frames reach the jitter buffer and the decoder.
#include <array>
#include <cstddef>
#include <cstdint>

#include "p2p/endpoint.hpp"
#include "p2p/wire.hpp"

namespace {

using namespace callweir;

/// What a peer could do that holds the keys: the input is cut into messages of up to 255 bytes.
void as_messages(p2p::bytes_view input) {
  p2p::jitter_buffer buffer;
  p2p::rate_adapter adapter(time_point{0});
  time_point now{0};
  for (int i = 0; i < 64 && input.size() > 1; ++i) {
    const std::size_t length = std::min<std::size_t>(input[0], input.size() - 1);
    now = now + std::chrono::milliseconds(20);
    if (const auto m = p2p::read_message(input.subspan(1, length))) {
      if (m->report) adapter.on_report(*m->report, 0xffff'ffff, now);
      if (m->what == p2p::message::kind::media) {
        if (m->redundant_ticks != 0) buffer.insert(m->tick, m->redundant, true);
        buffer.insert(m->tick, m->frame, false);
      }
      std::array<std::uint8_t, p2p::message_bytes_max> again;
      if (p2p::write_message(*m, again) != length && m->what == p2p::message::kind::media) {
        __builtin_trap();  // what was read must be written in as many bytes
      }
    }
    buffer.play();
    input = input.subspan(1 + length);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const p2p::bytes_view input(data, size);
  const p2p::peer_address from{ip_address::v4(0x0a000001), 4000};
  p2p::endpoint end({p2p::network_key("fuzz"), {}, 0}, p2p::system_random(), true);
  end.on_datagram(from, input, time_point{0});
  end.on_datagram(from, input, time_point{1'000'000});
  end.on_time(time_point{1'000'000'000});
  (void)p2p::parse_speech(input, "fuzz");
  as_messages(input);
  return 0;
}
