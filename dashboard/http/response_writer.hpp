// The bytes of an answer: status line, headers, and the security headers that every answer carries,
// from this one place. Pure; any thread.
#pragma once

#include <ctime>
#include <string>

#include "dashboard/http/message.hpp"

namespace callweir::dashboard::http {

struct answer_form {
  bool secure = false;      // came by TLS: Strict-Transport-Security goes along
  bool keep_alive = false;  // what is told to the client
  bool head = false;        // the request was HEAD: the length is told, the body is not sent
  std::time_t now = 0;      // for Date
};

/// Status line and headers with the empty line that ends them. A header of the answer whose name is
/// no token or whose value has a control character would let data forge headers: such an answer
/// becomes a plain 500. What the answer itself says of Cache-Control, Content-Security-Policy and
/// the other standing headers wins over what stands here.
std::string write_head(response& answer, const answer_form& form);

/// "Not Found"; "" for a status that is not known here.
const char* reason_phrase(int status);

}  // namespace callweir::dashboard::http
