// What the appliance says of itself: gaps and losses, and who changed what.
#pragma once

#include <vector>

#include "dashboard/privacy/pseudonyms.hpp"
#include "dashboard/report/report_model.hpp"

namespace callweir::dashboard {

/// By kind. Stretches of one kind that overlap count once: all together they are no longer than
/// the period.
std::vector<gap_sum> sum_gaps(const std::vector<gap_record>& gaps, const period& when);

/// Fills in the gaps, at most `listed` of them one by one.
result<void> ask_gaps(store_reader& from, report_model& into, std::size_t listed,
                      const pseudonyms& names);
/// Fills in the changes, of which `listed` at most.
result<void> ask_changes(store_reader& from, report_model& into, std::size_t listed,
                         const pseudonyms& names);

}  // namespace callweir::dashboard
