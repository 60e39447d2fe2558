// Any text as a configuration: it is refused with places, or it reads back from its own dump as the
// same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/configuration.hpp"
#include "shaper/policy_set.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace callweir;
  constexpr std::size_t longest = 64 * 1024;
  if (size > longest) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = engine::read_configuration(text, "fuzz.yaml");
  if (!read) {
    for (const auto& e : read.error()) {
      if (!e.where.starts_with("fuzz.yaml:") || e.what.empty() || e.mend.empty()) std::abort();
    }
    return 0;
  }
  const auto dump = engine::dump_configuration(*read);
  const auto again = engine::read_configuration(dump, "dump.yaml");
  if (!again || engine::dump_configuration(*again) != dump) std::abort();
  if (!(again->policies == read->policies)) std::abort();
  // The policies compile and stand a flow.
  static const auto calls_max = 4U;
  const auto set =
      shaper::policy_set::compile(read->policies, read->link_names(), calls_max, nullptr);
  if (!set) std::abort();
  (*set)->update_schedules({1'790'000'000'000'000'000});
  shaper::flow_attributes flow;
  flow.what.voip = true;
  flow.what.role = flow_role::media;
  flow.what.confidence_pct = 95;
  flow.in_call = true;
  flow.call = 1;
  flow.flow_id = 7;
  const time_point now{1'790'000'000'000'000'000};
  const auto handle = (*set)->bind(flow, now);
  packet_view packet;
  packet.l3_bytes = 1'500;
  (*set)->apply(handle, packet, forward, flow_role::voice, now);
  return 0;
}
