// One line of the table of routes.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "dashboard/api/handlers.hpp"

namespace callweir::dashboard::routes {

struct route {
  http::method verb;
  const char* pattern;         // "/api/v1/calls/{id}"
  const char* name;            // operationId
  std::optional<right> needs;  // nullopt: nobody need be known
  http::response (*answer)(context&);
  const char* summary;
  std::span<const parameter> parameters;
  const char* body = "";    // schema of what is sent, "" for nothing
  const char* schema = "";  // schema of the answer, "" for none (204, a stream, text)
  int status = 200;         // of success
  const char* type = "application/json";
};

std::span<const route> all_routes();

/// The route of a path, whatever its verb, and what stands for {id}. `verb` picks among several.
struct match {
  const route* found = nullptr;
  std::string_view id;
  std::string allowed;  // "GET, POST": verbs of this path; "" when there is no such path
};
match find_route(http::method verb, std::string_view path);
const char* method_name(http::method verb);

}  // namespace callweir::dashboard::routes
