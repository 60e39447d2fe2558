#include "dashboard/ingest/pending_batch.hpp"

#include <utility>

namespace callweir::dashboard {

void pending_batch::begin(const stream::hello& engine) {
  if (engine.engine == engine_) return;  // the same life: goes on where it was
  engine_ = engine.engine;
  newest_ = engine.engine == committed_.engine ? committed_.number : 0;
}

/// The gap takes the place, and the number, of the last of the records that are gone: it is
/// committed with those around it, once.
void pending_batch::note_lost(std::uint64_t count, time_point now, const char* reason) {
  lost_ += count;
  gap_record gap;
  gap.from = last_at_.ns != 0 && last_at_ < now ? last_at_ : now;  // the clock may be set back
  gap.to = now;
  gap.what = "records";
  gap.count = count;
  gap.reason = reason;
  records_.push_back({newest_, std::move(gap)});
}

bool pending_batch::take(stream::durable record, time_point now) {
  if (record.number <= newest_) return false;
  if (record.number != newest_ + 1) {
    const std::uint64_t missing = record.number - newest_ - 1;
    newest_ = record.number - 1;
    note_lost(missing, now, "records did not arrive");
  }
  newest_ = record.number;
  last_at_ = now;
  records_.push_back(std::move(record));
  return true;
}

void pending_batch::take(const stream::lost& gone, time_point now) {
  // Only what it says of the numbers counts: they name exactly what is missing.
  if (gone.next <= newest_ + 1) return;
  const std::uint64_t missing = gone.next - newest_ - 1;
  newest_ = gone.next - 1;
  note_lost(missing, now, "overwritten in the engine before the dashboard fetched them");
}

void pending_batch::written() {
  committed_ = upto();
  records_.clear();
}

}  // namespace callweir::dashboard
