// What may come over the stream of records, either way: what can be read must be writable, and read
// again as the same text.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/record_stream.hpp"

namespace {

using namespace callweir;

std::string text_of(const stream::any_record& record) {
  std::string out;
  std::visit([&](const auto& one) { append_json(out, one); }, record);
  return out;
}

/// A text that we wrote ourselves is read and written as it is.
void check(const stream::any_record& record) {
  const std::string once = text_of(record);
  if (once.size() > stream::frame_bytes_max) return;  // escapes made it longer
  const auto again = stream::read_record(once);
  if (!again || text_of(*again) != once) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto record = stream::read_record(text)) check(*record);
  if (const auto frame = stream::read_from_engine(text)) {
    if (const auto* numbered = std::get_if<stream::durable>(&*frame)) check(numbered->record);
    if (const auto* now = std::get_if<stream::live>(&*frame)) check(now->record);
    if (const auto* said = std::get_if<stream::hello>(&*frame)) {
      std::string out;
      append_json(out, *said);
      if (out.size() <= stream::frame_bytes_max && !stream::read_from_engine(out)) std::abort();
    }
  }
  (void)stream::read_resume(text);
  return 0;
}
