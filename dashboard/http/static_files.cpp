#include "dashboard/http/static_files.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace callweir::dashboard::http {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 11> media_types{{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".json", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
    {".map", "application/json"},
}};

constexpr std::string_view not_built =
    "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Callweir</title>\n"
    "<h1>The live page was not built</h1>\n"
    "<p>Build it with <code>npm ci &amp;&amp; npm run build</code> in <code>dashboard/web</code>, "
    "then build Callweir again.</p>\n<p>The API is at <code>/api/v1</code>.</p>\n</html>\n";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Takes what is before the next separator off the text.
std::string_view next_piece(std::string_view& text, char separator) {
  const auto end = std::min(text.find(separator), text.size());
  const std::string_view out = trimmed(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return out;
}

/// A weight of 0 says "not this one" ("q=0", "q=0.000").
bool weighs_nothing(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view one = next_piece(parameters, ';');
    if (one.starts_with("q=") || one.starts_with("Q=")) {
      return one.substr(2).find_first_not_of("0.") == std::string_view::npos;
    }
  }
  return false;
}

bool has_it(std::string_view if_none_match, std::string_view tag) {
  while (!if_none_match.empty()) {
    std::string_view one = next_piece(if_none_match, ',');
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == tag || one == "*") return true;
  }
  return false;
}

}  // namespace

std::string_view media_type(std::string_view path) {
  const auto found = std::find_if(media_types.begin(), media_types.end(),
                                  [&](const auto& one) { return path.ends_with(one.first); });
  return found == media_types.end() ? "application/octet-stream" : found->second;
}

bool takes_gzip(std::string_view accept_encoding) {
  bool any = false;
  while (!accept_encoding.empty()) {
    std::string_view one = next_piece(accept_encoding, ',');
    const std::string_view name = next_piece(one, ';');
    if (name == "gzip") return !weighs_nothing(one);
    if (name == "*") any = !weighs_nothing(one);
  }
  return any;
}

response serve_page(const request& asked, std::span<const static_file> files) {
  const std::string_view path = asked.path == "/" ? "/index.html" : std::string_view(asked.path);
  const auto file = std::find_if(files.begin(), files.end(),
                                 [&](const static_file& one) { return one.path == path; });
  const bool hint = files.empty() && path == "/index.html";
  if (file == files.end() && !hint) return problem(404, "there is no such page", asked.path);
  if (asked.verb != method::get && asked.verb != method::head) {
    response out = problem(405, "this can only be read", asked.path);
    out.headers.emplace_back("Allow", "GET, HEAD");
    return out;
  }
  response out;
  out.type = media_type(path);
  if (hint) {
    out.status = 503;
    out.body = not_built;
    return out;
  }
  const bool hashed = path.starts_with("/assets/");
  out.headers.emplace_back("ETag", file->tag);
  out.headers.emplace_back("Vary", "Accept-Encoding");
  out.headers.emplace_back("Cache-Control",
                           hashed ? "public, max-age=31536000, immutable" : "no-cache");
  if (has_it(asked.header("if-none-match"), file->tag)) {
    out.status = 304;
    return out;
  }
  // What is compressed already (pictures, fonts) only grows.
  const bool worth = file->gzip.size() + file->gzip.size() / 8 < file->plain.size();
  if (worth && takes_gzip(asked.header("accept-encoding"))) {
    out.headers.emplace_back("Content-Encoding", "gzip");
    out.body = file->gzip;
  } else {
    out.body = file->plain;
  }
  return out;
}

}  // namespace callweir::dashboard::http
