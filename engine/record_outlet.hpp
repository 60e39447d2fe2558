// Where the makers of records put them. Control thread only.
#pragma once

#include "engine/record_clock.hpp"
#include "engine/record_journal.hpp"
#include "engine/record_server.hpp"

namespace callweir::engine {

struct record_outlet {
  record_journal* journal = nullptr;
  record_server* server = nullptr;  // nullptr: nobody reads what is of the moment
  nanoseconds shift{};              // from the engine's times to those of records

  template <class Record>
  void durable(const Record& record) const {
    if (shift.count() == 0) return journal->add(record);
    Record moved = record;
    move_times(moved, shift);
    journal->add(moved);
  }
  template <class Record>
  void live(const Record& record) const {
    if (!anyone_live()) return;
    if (shift.count() == 0) return server->live(record);
    Record moved = record;
    move_times(moved, shift);
    server->live(moved);
  }
  bool anyone_live() const { return server != nullptr && server->has_readers(); }
};

}  // namespace callweir::engine
