// Server-sent events (WHATWG HTML section 9.2) as text. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dashboard/http/message.hpp"
#include "dashboard/live/live_board.hpp"

namespace callweir::dashboard::http {

/// "id: 7\nevent: call\ndata: {…}\n\n". Line ends in the data become further data lines; those in
/// the topic are left out.
void append_event(std::string& out, const live_board::event& one);

/// "event: missed\ndata: {}\n\n": events between the last one that the client had and the next are
/// no longer held; it asks for the state again.
void append_missed(std::string& out);

/// A comment, which keeps the connection from looking dead.
inline constexpr std::string_view heartbeat = ": \n\n";

/// What the client had when it lost its connection: its header Last-Event-ID, 0 when there is none
/// or it is no number.
std::uint64_t last_event_id(const request& from);

}  // namespace callweir::dashboard::http
