#include "classify/detectors/sip_stream.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <new>

namespace callweir::classify {
namespace {

constexpr int lines_max = 200;

bool names_length(std::string_view line, std::string_view& value) noexcept {
  for (const std::string_view name : {"content-length", "l"}) {
    if (line.size() <= name.size()) continue;
    const bool same = std::equal(name.begin(), name.end(), line.begin(), [](char a, char b) {
      return a == (b >= 'A' && b <= 'Z' ? b + 32 : b);
    });
    std::string_view rest = line.substr(name.size());
    while (!rest.empty() && (rest.front() == ' ' || rest.front() == '\t')) rest.remove_prefix(1);
    if (!same || rest.empty() || rest.front() != ':') continue;
    rest.remove_prefix(1);
    while (!rest.empty() && (rest.front() == ' ' || rest.front() == '\t')) rest.remove_prefix(1);
    value = rest;
    return true;
  }
  return false;
}

}  // namespace

std::size_t sip_message_bytes(std::string_view text) noexcept {
  const std::size_t end = text.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  std::string_view headers = text.substr(0, end + 2);
  for (int i = 0; i < lines_max && !headers.empty(); ++i) {
    const std::size_t feed = headers.find('\n');
    const std::string_view line = headers.substr(0, feed);
    headers.remove_prefix(feed == std::string_view::npos ? headers.size() : feed + 1);
    std::string_view value;
    if (!names_length(line, value)) continue;
    std::uint32_t bytes = 0;
    const auto fault = std::from_chars(value.data(), value.data() + value.size(), bytes).ec;
    if (fault != std::errc{}) return end + 4;
    const std::size_t whole = end + 4 + std::size_t{bytes};
    return whole <= text.size() ? whole : 0;
  }
  return text.size();
}

void sip_stream_store::release::operator()(stream* s) const noexcept {
  std::free(s);
}

sip_stream_store::sip_stream_store(std::uint32_t streams_max)
    : streams_max_(std::max(streams_max, 1u)),
      // Zeroed by the system and touched on use: starting is cheap.
      streams_(static_cast<stream*>(std::calloc(streams_max_, sizeof(stream)))) {
  if (!streams_) throw std::bad_alloc();
}

sip_stream_store::stream* sip_stream_store::find(std::uint64_t key, time_point now) noexcept {
  if (kept_ == 0) return nullptr;
  for (std::uint32_t i = 0; i < streams_max_; ++i) {
    stream& s = streams_[i];
    if (s.key != key) continue;
    if (now.ns - s.touched_ns <= life.count()) return &s;
    s.key = 0;
    --kept_;
    return nullptr;
  }
  return nullptr;
}

std::string_view sip_stream_store::join(std::uint64_t key, std::string_view segment,
                                        std::uint32_t sequence, time_point now) noexcept {
  stream* const s = find(key, now);
  if (s == nullptr) return segment;
  const auto ahead = static_cast<std::int32_t>(sequence - s->next_sequence);
  if (ahead < 0) return {};
  if (ahead > 0 || s->used + segment.size() > bytes_max) {
    s->key = 0;
    --kept_;
    return ahead > 0 ? segment : std::string_view{};
  }
  std::memcpy(s->text + s->used, segment.data(), segment.size());
  s->used += static_cast<std::uint32_t>(segment.size());
  return {s->text, s->used};
}

void sip_stream_store::keep(std::uint64_t key, std::string_view rest, std::uint32_t next_sequence,
                            time_point now) noexcept {
  stream* s = find(key, now);
  if (rest.empty() || rest.size() > bytes_max) {
    if (s == nullptr) return;
    s->key = 0;
    --kept_;
    return;
  }
  if (s == nullptr) {
    s = &streams_[0];
    for (std::uint32_t i = 0; i < streams_max_ && s->key != 0; ++i) {
      stream& other = streams_[i];
      if (other.key == 0 || other.touched_ns < s->touched_ns) s = &other;
    }
    kept_ += s->key == 0;
    s->key = key;
  }
  std::memmove(s->text, rest.data(), rest.size());  // it may lie in the same place
  s->used = static_cast<std::uint32_t>(rest.size());
  s->next_sequence = next_sequence;
  s->touched_ns = now.ns;
}

}  // namespace callweir::classify
