// Slows down who guesses: after some failures every further one doubles the time until the next
// try. Keyed by anything that can be named; a bounded table. Not locked: its owner is.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>

#include "base/units.hpp"

namespace callweir::dashboard {

struct throttle_options {
  unsigned free = 5;  // failures that cost nothing
  nanoseconds first = std::chrono::seconds(1);
  nanoseconds longest = std::chrono::minutes(15);
  nanoseconds forget = std::chrono::hours(1);  // after the last failure
  std::size_t keys_max = 4'096;                // the one that is forgotten next makes room
};

class throttle {
 public:
  explicit throttle(const throttle_options& options) : options_(options) {}

  /// Until the next try; zero: now.
  nanoseconds wait(const std::string& key, time_point now) const;
  void failed(const std::string& key, time_point now);
  /// Takes one failure back that turned out to be none.
  void undo(const std::string& key);
  void forget(const std::string& key) { table_.erase(key); }
  std::size_t size() const { return table_.size(); }

 private:
  struct entry {
    unsigned failures = 0;
    time_point last, next;
  };
  bool stale(const entry& one, time_point now) const;
  void make_room(time_point now);

  throttle_options options_;
  std::unordered_map<std::string, entry> table_;
};

/// The part of an address that one client holds: IPv4 whole, of IPv6 the first 64 bits.
std::string throttle_key_of_address(const std::string& address);

}  // namespace callweir::dashboard
