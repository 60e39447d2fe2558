// SIP and SDP: views stay inside the text, counts inside their arrays, what is cut and joined again
// is the same, and what is read from a message does not change by blanks or unknown fields that
// change nothing (RFC 3261 section 7.3.1). Input: the text.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "classify/detectors/sip.hpp"
#include "classify/detectors/sip_stream.hpp"
#include "tests/fuzz/byte_source.hpp"

namespace {

using namespace callweir;
using endpoints = std::array<classify::dialog_notice::media_endpoint, 4>;

void demand(bool holds) {
  if (!holds) std::abort();
}

bool inside(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check_body(std::string_view body) {
  endpoints media{}, again{};
  const int count = classify::parse_sdp(body, media);
  demand(count >= 0 && count <= 4);
  demand(classify::parse_sdp(body, again) == count);
  for (int i = 0; i < count; ++i) {
    const auto& one = media[static_cast<std::size_t>(i)];
    const auto& other = again[static_cast<std::size_t>(i)];
    demand(one.port != 0 && one.port == other.port && one.address == other.address);
    demand(is_media(one.role) || one.role == flow_role::other);  // other: a fax
  }
}

/// A field that nobody knows behind the start line changes nothing.
void check_unknown_field(std::string_view text, const classify::sip_message& m) {
  const std::size_t line = text.find("\r\n");
  if (line == 0 || text.find('\n') != line + 1) return;
  const char next = line + 2 < text.size() ? text[line + 2] : ' ';
  if (next == ' ' || next == '\t') return;  // it would become part of a folded line
  std::string longer(text.substr(0, line + 2));
  longer += "X-Nobody: knows\r\n";
  longer += text.substr(line + 2);
  classify::sip_message other;
  demand(classify::parse_sip(longer, other));
  demand(other.request == m.request && other.status == m.status && other.uri == m.uri);
  // 200 lines are read: the last may be pushed out.
  if (std::count(text.begin(), text.end(), '\n') > 190) return;
  demand(other.method == m.method && other.call_id == m.call_id && other.to == m.to);
  demand(other.body == m.body);
}

void check_message(std::string_view text) {
  const std::vector<std::string> numbers{"112", "911"};
  classify::is_emergency(text, numbers);
  demand(inside(classify::dialled(text), text));
  classify::sip_message m;
  if (!classify::parse_sip(text, m)) return;
  demand(m.request || (m.status >= 100 && m.status <= 699));
  for (const std::string_view part : {m.method, m.uri, m.call_id, m.to, m.body})
    demand(inside(part, text));
  classify::is_emergency(m.uri, numbers);
  classify::is_emergency(m.to, numbers);
  check_body(m.body);
  check_unknown_field(text, m);
}

/// Cut into three anywhere and joined again it is the same.
void check_stream(std::string_view text, std::uint8_t where) {
  static classify::sip_stream_store store(2);
  const time_point now{1};
  const std::size_t first = text.empty() ? 0 : where % text.size();
  const std::size_t second = first + (text.size() - first) / 2;
  std::uint32_t sequence = 0xffff'ff00;  // wraps on the way
  store.keep(9, text.substr(0, first), sequence, now);
  const std::string_view joined = store.join(9, text.substr(first, second - first), sequence, now);
  if (text.size() > classify::sip_stream_store::bytes_max) {
    store.keep(9, {}, 0, now);
    return;
  }
  demand(joined == text.substr(0, second));
  const std::string so_far(joined);
  sequence += static_cast<std::uint32_t>(second - first);
  store.keep(9, so_far, sequence, now);
  demand(store.join(9, text.substr(second), sequence, now) == text);
  store.keep(9, {}, 0, now);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const test::exact_block block(data, size);
  const std::string_view text(reinterpret_cast<const char*>(block.data()), size);
  check_message(text);
  check_body(text);
  demand(classify::sip_message_bytes(text) <= size);
  check_stream(text, size > 0 ? data[0] : 0);
  return 0;
}
