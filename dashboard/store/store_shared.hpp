// What the writing half of a store and its readers tell each other. Any thread.
#pragma once

#include <atomic>
#include <cstdint>

namespace callweir::dashboard {

struct store_shared {
  std::atomic<std::uint64_t> generation{0};  // counts databases: a new one when one was moved aside
  std::atomic<bool> damaged{false};          // a reader found damage in the present one
  std::atomic<std::uint64_t> unreadable{0};  // rows that were left out of answers
};

}  // namespace callweir::dashboard
