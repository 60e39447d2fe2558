#include "dashboard/ingest/engine_outage.hpp"

namespace callweir::dashboard {

void engine_outage::heard(time_point now) {
  previous_ = last_heard_;
  last_heard_ = now;
}

void engine_outage::other_life() {
  if (previous_.ns != 0) since_ = previous_;
}

std::optional<gap_record> engine_outage::on_record(const stream::durable& record, time_point now) {
  if (!since_) return std::nullopt;
  const time_point from = *since_;
  since_.reset();
  const auto* told = std::get_if<gap_record>(&record.record);
  const bool by_engine = told != nullptr && told->what == "engine";
  const auto* entry = std::get_if<audit_record>(&record.record);
  const time_point to = by_engine                                ? told->from
                        : record.number == 1 && entry != nullptr ? entry->at
                                                                 : now;
  // An engine that hangs is silent for some seconds before it is told absent.
  if (to - from < (by_engine ? 10 * least : least)) return std::nullopt;
  const bool perhaps_inspected = by_engine || record.number != 1;
  gap_record gap;
  gap.from = from;
  gap.to = to;
  gap.what = perhaps_inspected ? "records" : "engine";
  gap.reason = perhaps_inspected
                   ? "the engine was started anew before the dashboard had fetched its records"
                   : "the appliance was started anew; what happened in between was not recorded";
  return gap;
}

}  // namespace callweir::dashboard
