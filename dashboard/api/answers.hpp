// Pieces of answers.
#pragma once

#include <string>
#include <string_view>

#include "base/json_writer.hpp"
#include "dashboard/api/context.hpp"

namespace callweir::dashboard::routes {

http::response refusal(int status, const error& problem);
/// 503 and when to come again.
http::response come_again(const error& problem, unsigned seconds);
http::response made(std::string body, int status = 200);
/// Nothing to say: 204.
http::response done();
/// 204, or 202 and that it is not on disk yet.
http::response done(kept how);

/// `{"from":…,"to":…`, open for more.
std::string begin_period(const period& when);
/// `,"key":[…]` of whatever has append_json.
template <class List>
void append_records(std::string& out, std::string_view key, const List& list) {
  json::append_key(out, key);
  json::append_list(out, list, [](std::string& to, const auto& one) { append_json(to, one); });
}

void append_counts(std::string& out, std::string_view key, const both_ways<std::uint64_t>& counts);
inline void append_count(std::string& out, std::string_view key, std::uint64_t count) {
  json::append_key(out, key);
  json::append_integer(out, count);
}
inline void append_text(std::string& out, std::string_view key, std::string_view text) {
  json::append_key(out, key);
  json::append_string(out, text);
}
void append_text_or_null(std::string& out, std::string_view key, std::string_view text);

/// `,"next":"/api/v1/…"`: the same question from `offset` on, its period fixed (null: it has none);
/// null for no more.
void append_next(std::string& out, const context& of, const period* when, bool more,
                 std::size_t offset);

/// Runs `ask` with a reader; what went wrong with the store becomes 503.
template <class Ask, class Write>
http::response from_store(context& of, Ask&& ask, Write&& write) {
  auto reader = of.here.readers.take();
  if (!reader) return come_again(reader.error(), 5);
  auto rows = ask(**reader);
  if (!rows) {
    reader->drop();
    return come_again(rows.error(), 5);
  }
  return write(*rows);
}

}  // namespace callweir::dashboard::routes
