// What a handler knows: the question, who asks, and the parts that answers come from.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "dashboard/api/api.hpp"
#include "dashboard/api/arguments.hpp"
#include "dashboard/api/counters.hpp"
#include "dashboard/api/reader_pool.hpp"
#include "dashboard/privacy/pseudonyms.hpp"

namespace callweir::dashboard::routes {

struct services {
  explicit services(api_parts with)
      : parts(std::move(with)),
        readers(*parts.records),
        names(parts.configured.pseudonymise ? pseudonyms(parts.pseudonym_key) : pseudonyms()) {}

  api_parts parts;
  reader_pool readers;
  pseudonyms names;
  /// Event streams and whose they are: closed when a session or token ends.
  struct open_stream {
    std::string secret;
    bool token = false;
    std::weak_ptr<std::atomic<bool>> ended;
  };
  std::mutex streams_mutex;
  std::vector<open_stream> streams;

  std::atomic<bool> reporting = false;  // a report is being made
  api_counters counters;
};

struct context {
  services& here;
  const http::request& ask;
  const arguments& with;
  std::string_view id;  // what stands for {id} or {name} in the path
  const identity* who;  // null where nobody need be known and nobody is
  time_point now;

  /// "user anna from 127.0.0.1"
  std::string by() const { return who == nullptr ? ask.peer : who->described(ask.peer); }
};

}  // namespace callweir::dashboard::routes
