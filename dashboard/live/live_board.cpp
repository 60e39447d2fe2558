#include "dashboard/live/live_board.hpp"

#include <utility>

namespace callweir::dashboard {

void live_board::tell(std::string topic, std::string data) {
  std::function<void()> wake;
  {
    const std::lock_guard lock(mutex_);
    if (rewrite_) data = rewrite_(data);
    bytes_ += data.size();
    ring_.push_back({next_++, std::move(topic), std::move(data)});
    while (ring_.size() > events_max || bytes_ > bytes_max) {
      bytes_ -= ring_.front().data.size();
      ring_.pop_front();
    }
    wake = wake_;
  }
  if (wake) wake();
}

void live_board::keep(std::string topic, std::string key, std::string data) {
  {
    const std::lock_guard lock(mutex_);
    if (rewrite_) data = rewrite_(data);
    auto& of_topic = states_[topic];
    const auto found = of_topic.find(key);
    if (found != of_topic.end()) {
      found->second = data;
    } else if (keys_ < keys_max) {
      of_topic.emplace(std::move(key), data);
      ++keys_;
    }
  }
  tell(std::move(topic), std::move(data));
}

void live_board::rewrite_with(std::function<std::string(std::string_view)> rewrite) {
  const std::lock_guard lock(mutex_);
  rewrite_ = std::move(rewrite);
  if (!rewrite_) return;
  for (auto& one : ring_) {
    bytes_ -= one.data.size();
    one.data = rewrite_(one.data);
    bytes_ += one.data.size();
  }
  for (auto& [topic, states] : states_) {
    (void)topic;
    for (auto& [key, data] : states) data = rewrite_(data);
  }
}

void live_board::forget(const std::string& topic, const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(topic);
  if (found != states_.end()) keys_ -= found->second.erase(key);
}

std::vector<std::string> live_board::state(const std::string& topic) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  if (const auto found = states_.find(topic); found != states_.end()) {
    out.reserve(found->second.size());
    for (const auto& [key, data] : found->second) out.push_back(data);
  }
  return out;
}

std::vector<live_board::event> live_board::after(std::uint64_t id, bool& missed,
                                                 std::size_t most) const {
  const std::lock_guard lock(mutex_);
  std::vector<event> out;
  const std::uint64_t oldest = ring_.empty() ? next_ : ring_.front().id;
  missed = id + 1 < oldest || id >= next_;
  const std::uint64_t from = missed ? oldest : id + 1;
  for (std::uint64_t at = from; at < next_ && out.size() < most; ++at) {
    out.push_back(ring_[static_cast<std::size_t>(at - oldest)]);
  }
  return out;
}

std::uint64_t live_board::newest() const {
  const std::lock_guard lock(mutex_);
  return next_ - 1;
}

void live_board::on_event(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

}  // namespace callweir::dashboard
