// SIP and SDP: views stay inside the text, counts stay inside their arrays.
#include "classify/detectors/sip.hpp"
#include "classify/detectors/sip_stream.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace callweir;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::array<classify::dialog_notice::media_endpoint, 4> media{};
  const std::vector<std::string> numbers{"112", "911"};
  classify::sip_message m;
  if (classify::parse_sip(text, m)) {
    if (!m.request && (m.status < 100 || m.status > 699)) __builtin_trap();
    classify::is_emergency(m.uri, numbers);
    classify::is_emergency(m.to, numbers);
    classify::parse_sdp(m.body, media);
  }
  const int count = classify::parse_sdp(text, media);
  if (count < 0 || count > 4) __builtin_trap();
  classify::is_emergency(text, numbers);
  if (classify::sip_message_bytes(text) > size) __builtin_trap();
  // Cut anywhere and joined again it is the same.
  static classify::sip_stream_store store(2);
  const time_point now{1};
  const std::size_t cut = size > 0 ? data[0] % size : 0;
  store.keep(9, text.substr(0, cut), 100, now);
  const std::string_view joined = store.join(9, text.substr(cut), 100, now);
  if (size <= classify::sip_stream_store::bytes_max && joined != text) __builtin_trap();
  store.keep(9, {}, 0, now);
  return 0;
}
