#include "engine/record_flows.hpp"

namespace callweir::engine {

void flow_teller::changed(std::uint64_t flow_id) {
  if (flows_.size() >= waiting_max && !flows_.contains(flow_id)) return;  // told at its end
  // While ends take all the time, those that ended meanwhile still stand in the queue.
  if (waiting_.size() >= 2 * waiting_max) return;
  told& flow = flows_[flow_id];
  if (flow.waiting) return;
  flow.waiting = true;
  waiting_.push_back(flow_id);
}

void flow_teller::progressed(std::uint64_t flow_id, time_point now) {
  const auto found = flows_.find(flow_id);
  if (found == flows_.end() || found->second.at.ns == 0) return;
  if (now - found->second.at >= progress_after) changed(flow_id);
}

void flow_teller::ended(std::uint64_t flow_id) {
  flows_.erase(flow_id);  // also of an end that finds no room: its place is for others
  if (ended_.size() >= waiting_max) {
    lost_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  ended_.push_back(flow_id);
}

void flow_teller::gone(std::uint64_t flow_id) {
  if (flows_.erase(flow_id) > 0) lost_.fetch_add(1, std::memory_order_relaxed);
}

void flow_teller::tick(const flow_book& book, time_point now, const record_outlet& out) {
  std::size_t left = records_a_second;
  for (; !ended_.empty() && left > 0; --left) {
    if (const auto* flow = book.find(ended_.front()))
      out.durable(book.record(*flow));
    else
      lost_.fetch_add(1, std::memory_order_relaxed);
    ended_.pop_front();
  }
  for (std::size_t looked = waiting_.size(); looked > 0 && left > 0; --looked) {
    const std::uint64_t id = waiting_.front();
    waiting_.pop_front();
    const auto found = flows_.find(id);
    if (found == flows_.end()) continue;  // ended meanwhile
    if (found->second.at.ns != 0 && now - found->second.at < again_after) {
      waiting_.push_back(id);
      continue;
    }
    const auto* flow = book.find(id);
    if (flow == nullptr) {
      flows_.erase(found);
      continue;
    }
    out.durable(book.record(*flow));
    found->second = {now, false};
    --left;
  }
}

}  // namespace callweir::engine
