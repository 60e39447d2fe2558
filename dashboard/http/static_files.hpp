// The files of the built page, which the program carries in itself.
#pragma once

#include <span>
#include <string_view>

#include "dashboard/http/message.hpp"

namespace callweir::dashboard::http {

struct static_file {
  std::string_view path;   // "/index.html", "/assets/index-3fa9c2.js"
  std::string_view plain;  // its bytes
  std::string_view gzip;   // the same, compressed
  std::string_view tag;    // made of its hash, with the quotes
};

/// What was built into this program; empty when the page was not built.
std::span<const static_file> page_files();

/// Answers GET and HEAD: "/" is /index.html; compressed where the client takes it and it is worth
/// it; 304 where the client has it; for good where the name holds the hash of the content (below
/// /assets/), else asked again each time. 404 and 405 as problems. Without any file "/" is a page
/// that says how to build it. Any thread.
response serve_page(const request& asked, std::span<const static_file> files = page_files());

/// By the ending of the name; application/octet-stream where it is none of the page's kinds.
std::string_view media_type(std::string_view path);

/// Whether a header Accept-Encoding takes gzip (RFC 9110 section 12.5.3).
bool takes_gzip(std::string_view accept_encoding);

}  // namespace callweir::dashboard::http
