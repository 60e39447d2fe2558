// Where the makers of records put them. Control thread only.
#pragma once

#include "engine/record_journal.hpp"
#include "engine/record_server.hpp"

namespace callweir::engine {

struct record_outlet {
  record_journal* journal = nullptr;
  record_server* server = nullptr;  // nullptr: nobody reads what is of the moment

  template <class Record>
  void durable(const Record& record) const {
    journal->add(record);
  }
  template <class Record>
  void live(const Record& record) const {
    if (server != nullptr) server->live(record);
  }
  bool anyone_live() const { return server != nullptr && server->has_readers(); }
};

}  // namespace callweir::engine
