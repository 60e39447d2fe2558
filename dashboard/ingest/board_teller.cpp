#include "dashboard/ingest/board_teller.hpp"

namespace callweir::dashboard {
namespace {

constexpr nanoseconds news_age_max = std::chrono::seconds(30);

template <class Record>
std::string text_of(const Record& record) {
  std::string out;
  append_json(out, record);
  return out;
}

}  // namespace

void board_teller::call(const call_record& record, time_point now) {
  if (record.ended) {
    board_.tell("call", text_of(record));
    board_.forget("call", record.id);
    calls_.erase(record.id);
    return;
  }
  const auto found = calls_.find(record.id);
  if (found == calls_.end() && calls_.size() >= calls_max) return;
  calls_[record.id] = now;
  board_.keep("call", record.id, text_of(record));
}

void board_teller::live(const stream::any_record& record, time_point now) {
  if (const auto* one = std::get_if<second_record>(&record)) {
    board_.keep("second", one->link, text_of(*one));
  } else if (const auto* talk = std::get_if<call_record>(&record)) {
    call(*talk, now);
  }
}

void board_teller::durable(const stream::any_record& record, time_point now) {
  if (const auto* gap = std::get_if<gap_record>(&record)) {
    if (now - gap->to < news_age_max) board_.tell("gap", text_of(*gap));
  } else if (const auto* entry = std::get_if<audit_record>(&record)) {
    if (now - entry->at < news_age_max) board_.tell("audit", text_of(*entry));
  } else if (const auto* host = std::get_if<host_record>(&record)) {
    if (now - host->last < news_age_max) board_.tell("host", text_of(*host));
  }
}

void board_teller::tick(time_point now) {
  for (auto it = calls_.begin(); it != calls_.end();) {
    if (now - it->second < call_patience) {
      ++it;
      continue;
    }
    board_.forget("call", it->first);
    it = calls_.erase(it);
  }
}

void board_teller::forget_calls() {
  for (const auto& [id, heard] : calls_) {
    (void)heard;
    board_.forget("call", id);
  }
  calls_.clear();
}

}  // namespace callweir::dashboard
