#include "engine/record_journal.hpp"

#include <algorithm>
#include <utility>

#include "base/control_socket.hpp"

namespace callweir::engine {
namespace {

/// Room for the envelope of a record in its frame.
constexpr std::size_t envelope = 64;

}  // namespace

void record_journal::drop_oldest() {
  counters_.bytes -= records_.front().size() + overhead;
  records_.pop_front();
  ++oldest_;
  ++counters_.overwritten;
}

void record_journal::add_text(std::string record) {
  record.shrink_to_fit();
  const std::lock_guard lock(mutex_);
  if (record.size() + envelope > stream::frame_bytes_max ||
      record.size() + overhead > limits_.bytes) {
    ++counters_.refused;
    return;
  }
  counters_.bytes += record.size() + overhead;
  records_.push_back(std::move(record));
  ++counters_.written;
  while (records_.size() > limits_.records || counters_.bytes > limits_.bytes) drop_oldest();
}

record_journal::range record_journal::held() const {
  const std::lock_guard lock(mutex_);
  return {oldest_, oldest_ + records_.size()};
}

std::uint64_t record_journal::read(std::uint64_t from, std::size_t bytes_most,
                                   std::string& out) const {
  const std::size_t begin = out.size();
  std::string frame;
  const std::lock_guard lock(mutex_);
  const std::uint64_t next = oldest_ + records_.size();
  std::uint64_t at = std::min(from, next);
  if (at < oldest_) {
    append_json(frame, stream::lost{oldest_ - at, oldest_});
    control::append_frame(out, frame);
    at = oldest_;
  }
  for (; at < next && out.size() - begin < bytes_most; ++at) {
    frame.clear();
    stream::append_durable(frame, at, records_[static_cast<std::size_t>(at - oldest_)]);
    control::append_frame(out, frame);
  }
  return at;
}

record_journal::counters record_journal::count() const {
  const std::lock_guard lock(mutex_);
  counters out = counters_;
  out.held = records_.size();
  return out;
}

}  // namespace callweir::engine
