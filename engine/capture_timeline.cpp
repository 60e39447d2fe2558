#include "engine/capture_timeline.hpp"

#include <algorithm>

namespace callweir::engine {

capture_timeline capture_timeline::open(std::span<const std::string> files) {
  capture_timeline made;
  made.sources_.reserve(files.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    auto reader = capture_reader::open(files[i]);
    if (reader) {
      made.sources_.push_back({std::move(*reader), static_cast<std::uint16_t>(i), {}, 0, 0, false});
    } else {
      made.damages_.push_back(reader.error());
    }
  }
  return made;
}

void capture_timeline::refill(source& from) {
  from.at = from.count = 0;
  auto read = from.reader.read_burst(from.frames);
  if (!read) {
    damages_.push_back(read.error());
    from.ended = true;
    return;
  }
  from.count = *read;
  from.ended = *read == 0;
}

capture_timeline::source* capture_timeline::earliest() {
  source* best = nullptr;
  for (auto& s : sources_) {
    if (s.at == s.count) continue;
    if (best == nullptr || s.frames[s.at].time < best->frames[best->at].time) best = &s;
  }
  return best;
}

bool capture_timeline::next(burst& out) {
  // Refilled only between bursts: a reader that streams gives its buffer to the next frames.
  for (auto& s : sources_) {
    if (s.at == s.count && !s.ended) refill(s);
  }
  out.count = 0;
  out.ethernet = true;
  while (out.count < burst_max) {
    source* const from = earliest();
    if (from == nullptr) break;
    const captured_frame& frame = from->frames[from->at];
    if (out.count > 0) {
      const auto gap = frame.time - out.packets[0].time;
      if (gap > burst_span || gap < -burst_span) break;
    }
    packet_view& packet = out.packets[out.count];
    packet = packet_view{};
    packet.frame = frame.data;
    packet.captured = frame.captured;
    packet.wire = frame.wire;
    packet.time = frame.time;
    out.link_types[out.count] = frame.link_type;
    out.files[out.count] = from->file;
    out.ethernet &= frame.link_type == link_ethernet;
    ++out.count;
    ++from->at;
    // The others' next frame may be later than what this one has yet to read.
    if (from->at == from->count && !from->ended) break;
  }
  return out.count > 0;
}

double capture_timeline::progress() const {
  double sum = 0;
  for (const auto& s : sources_) sum += s.reader.progress();
  return sources_.empty() ? 1 : sum / static_cast<double>(sources_.size());
}

}  // namespace callweir::engine
