#include "bench/traffic/frame_shapes.hpp"

#include "base/packet_view.hpp"
#include "bench/traffic/payloads.hpp"

namespace callweir::bench {
namespace {

constexpr std::size_t frame_least = 60;
constexpr std::uint8_t syn = 2, push = 8, ack = 16;

/// Ethernet and IP and the transport header around a payload.
frame_shape wrap(const payload& content, std::uint8_t protocol, bool v6, bool from_client,
                 std::uint8_t tcp_flags = push | ack) {
  frame_shape made;
  made.from_client = from_client;
  auto& b = made.bytes;
  b.assign(14, 0x02);
  b[12] = v6 ? 0x86 : 0x08;
  b[13] = v6 ? 0xdd : 0x00;
  const std::size_t header = protocol == proto_tcp ? 20 : 8;
  const std::size_t transport = header + content.size();
  const std::size_t l3 = b.size();
  if (v6) {
    b.resize(l3 + 40);
    b[l3] = 0x60;
    b[l3 + 4] = static_cast<std::uint8_t>(transport >> 8);
    b[l3 + 5] = static_cast<std::uint8_t>(transport);
    b[l3 + 6] = protocol;
    b[l3 + 7] = 64;
  } else {
    b.resize(l3 + 20);
    b[l3] = 0x45;
    b[l3 + 2] = static_cast<std::uint8_t>((transport + 20) >> 8);
    b[l3 + 3] = static_cast<std::uint8_t>(transport + 20);
    b[l3 + 6] = 0x40;
    b[l3 + 8] = 64;
    b[l3 + 9] = protocol;
  }
  const std::size_t l4 = b.size();
  b.resize(l4 + header);
  if (protocol == proto_tcp) {
    b[l4 + 12] = 0x50;
    b[l4 + 13] = tcp_flags;
    b[l4 + 14] = 0xff;
  } else {
    b[l4 + 4] = static_cast<std::uint8_t>(transport >> 8);
    b[l4 + 5] = static_cast<std::uint8_t>(transport);
  }
  made.payload = static_cast<std::uint16_t>(b.size());
  b.insert(b.end(), content.begin(), content.end());
  if (b.size() < frame_least) b.resize(frame_least);
  return made;
}

/// Body frames of four sizes a side, none above 128 bytes.
template <class Make>
void fill_body(flow_script& script, std::uint8_t protocol, bool v6, Make&& make) {
  const std::size_t room = 128 - 14 - (v6 ? 40 : 20) - (protocol == proto_tcp ? 20 : 8);
  for (const bool client : {true, false}) {
    for (const std::size_t less : {0, 6, 12, 18})
      script.body[client ? 0 : 1].push_back(wrap(make(room - less), protocol, v6, client));
  }
}

flow_script tls_script(bool v6) {
  flow_script out;
  const payload hello = tls_client_hello("www.example.org");
  const payload answer = tls_server_hello();
  out.opening.push_back(wrap({}, proto_tcp, v6, true, syn));
  out.opening.push_back(wrap({}, proto_tcp, v6, false, syn | ack));
  out.opening.push_back(wrap({}, proto_tcp, v6, true, ack));
  out.opening.push_back(wrap(hello, proto_tcp, v6, true));
  out.opening.push_back(wrap(answer, proto_tcp, v6, false));
  out.opening[2].stream_bytes = out.opening[3].stream_bytes = out.opening[4].stream_bytes = 1;
  fill_body(out, proto_tcp, v6, tls_data);
  for (auto& each : out.body[0]) each.stream_bytes = 1 + static_cast<std::uint32_t>(hello.size());
  for (auto& each : out.body[1]) each.stream_bytes = 1 + static_cast<std::uint32_t>(answer.size());
  return out;
}

flow_script quic_script(bool v6) {
  flow_script out;
  out.opening.push_back(wrap(quic_initial("www.example.org"), proto_udp, v6, true));
  out.opening.push_back(wrap(quic_server_initial(), proto_udp, v6, false));
  fill_body(out, proto_udp, v6, quic_data);
  return out;
}

flow_script dns_script(bool v6) {
  flow_script out;
  out.opening.push_back(wrap(dns_question("www.example.org"), proto_udp, v6, true));
  out.opening.push_back(wrap(dns_answer("www.example.org"), proto_udp, v6, false));
  return out;
}

flow_script voice_script(bool v6, bool ice) {
  flow_script out;
  if (ice) {
    for (const bool client : {true, false}) {
      out.opening.push_back(wrap(stun_check(false), proto_udp, v6, client));
      out.opening.push_back(wrap(stun_check(true), proto_udp, v6, !client));
    }
  }
  fill_body(out, proto_udp, v6, rtp_opus);
  return out;
}

}  // namespace

frame_shapes::frame_shapes() {
  for (const bool v6 : {false, true}) {
    scripts_[static_cast<std::size_t>(flow_kind::tls)][v6] = tls_script(v6);
    scripts_[static_cast<std::size_t>(flow_kind::quic)][v6] = quic_script(v6);
    scripts_[static_cast<std::size_t>(flow_kind::dns)][v6] = dns_script(v6);
    scripts_[static_cast<std::size_t>(flow_kind::voice)][v6] = voice_script(v6, false);
    ice_[v6] = voice_script(v6, true);
  }
}

}  // namespace callweir::bench
