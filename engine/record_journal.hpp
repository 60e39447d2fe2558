// The durable records that the dashboard may still ask for: numbered from 1, bounded by count and
// bytes, the oldest overwritten and counted. Any thread; the lock is held for a copy only.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

#include "base/record_stream.hpp"

namespace callweir::engine {

class record_journal {
 public:
  struct limits {
    std::size_t records = 65'536;
    std::size_t bytes = 32 << 20;  // with what holding a record costs
  };
  struct counters {
    std::uint64_t written = 0, overwritten = 0;
    std::uint64_t refused = 0;  // longer than a frame may be
    std::size_t held = 0, bytes = 0;
  };
  /// What a record costs beside its text.
  static constexpr std::size_t overhead = 64;

  record_journal() : record_journal(limits{}) {}
  explicit record_journal(limits most) : limits_(most) {}

  template <class Record>
  void add(const Record& record) {
    std::string text;
    append_json(text, record);
    add_text(std::move(text));
  }
  /// One record's JSON.
  void add_text(std::string record);

  /// Numbers that are held: [oldest, next).
  struct range {
    std::uint64_t oldest = 1, next = 1;
  };
  range held() const;
  /// Appends frames with the records from number `from` on, about `bytes_most` bytes of them, and a
  /// `lost` frame first where the oldest of them are gone. Returns the number to go on with.
  std::uint64_t read(std::uint64_t from, std::size_t bytes_most, std::string& out) const;
  counters count() const;

 private:
  void drop_oldest();

  const limits limits_;
  mutable std::mutex mutex_;
  std::deque<std::string> records_;
  std::uint64_t oldest_ = 1;
  counters counters_;
};

}  // namespace callweir::engine
