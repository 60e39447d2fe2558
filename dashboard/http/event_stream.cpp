#include "dashboard/http/event_stream.hpp"

#include <algorithm>
#include <charconv>

namespace callweir::dashboard::http {

void append_event(std::string& out, const live_board::event& one) {
  out.append("id: ").append(std::to_string(one.id)).append("\nevent: ");
  std::copy_if(one.topic.begin(), one.topic.end(), std::back_inserter(out),
               [](char c) { return c != '\n' && c != '\r'; });
  std::string_view rest = one.data;
  for (;;) {
    const auto end = std::min(rest.find_first_of("\r\n"), rest.size());
    out.append("\ndata: ").append(rest.substr(0, end));
    if (end == rest.size()) break;
    rest.remove_prefix(end + 1);
  }
  out += "\n\n";
}

void append_missed(std::string& out) {
  out += "event: missed\ndata: {}\n\n";
}

std::uint64_t last_event_id(const request& from) {
  const std::string_view text = from.header("last-event-id");
  std::uint64_t id = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), id);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() ? id : 0;
}

}  // namespace callweir::dashboard::http
