#include "dashboard/http/static_files.hpp"

#include <gtest/gtest.h>

#include <array>

namespace callweir::dashboard::http {
namespace {

constexpr std::array<static_file, 3> files{{
    {"/assets/a-1.js", "let a = 1; let b = 1;", "gz", "\"t1\""},
    {"/assets/dot.png", "png", "larger than before", "\"t2\""},
    {"/index.html", "<!doctype html>", "gz", "\"t3\""},
}};

request asking(std::string path, std::string header = {}, std::string value = {}) {
  request out;
  out.path = std::move(path);
  if (!header.empty()) out.headers.emplace_back(std::move(header), std::move(value));
  return out;
}

std::string header_of(const response& of, std::string_view name) {
  for (const auto& [key, value] : of.headers) {
    if (key == name) return value;
  }
  return {};
}

TEST(http_static_files, are_found_by_name_alone) {
  const response root = serve_page(asking("/"), files);
  EXPECT_EQ(root.status, 200);
  EXPECT_EQ(root.body, "<!doctype html>");
  EXPECT_EQ(root.type, "text/html; charset=utf-8");
  EXPECT_EQ(header_of(root, "Cache-Control"), "no-cache");
  const response script = serve_page(asking("/assets/a-1.js"), files);
  EXPECT_EQ(script.type, "text/javascript; charset=utf-8");
  EXPECT_NE(header_of(script, "Cache-Control").find("immutable"), std::string::npos);
  EXPECT_EQ(serve_page(asking("/assets/"), files).status, 404);
  EXPECT_EQ(serve_page(asking("/assets/a-1.js/"), files).status, 404);
  request post = asking("/");
  post.verb = method::post;
  EXPECT_EQ(serve_page(post, files).status, 405);
}

TEST(http_static_files, are_compressed_for_whom_takes_it) {
  const auto encoding = [](const char* path, const char* takes) {
    return header_of(serve_page(asking(path, "accept-encoding", takes), files), "Content-Encoding");
  };
  EXPECT_EQ(encoding("/assets/a-1.js", "br, gzip;q=0.8"), "gzip");
  EXPECT_EQ(encoding("/assets/a-1.js", "*"), "gzip");
  EXPECT_EQ(encoding("/assets/a-1.js", "gzip;q=0, *"), "");
  EXPECT_EQ(encoding("/assets/a-1.js", "*;q=0.0"), "");
  EXPECT_EQ(encoding("/assets/a-1.js", "x-gzip, br"), "");
  EXPECT_EQ(encoding("/assets/a-1.js", ""), "");
  EXPECT_EQ(encoding("/assets/dot.png", "gzip"), "");
}

TEST(http_static_files, are_not_sent_again) {
  const auto status = [](const char* tags) {
    return serve_page(asking("/", "if-none-match", tags), files).status;
  };
  EXPECT_EQ(status("\"t3\""), 304);
  EXPECT_EQ(status("\"x\", W/\"t3\""), 304);
  EXPECT_EQ(status("*"), 304);
  EXPECT_EQ(status("\"t1\""), 200);
  EXPECT_EQ(status("t3"), 200);
}

TEST(http_static_files, say_how_to_build_the_page) {
  const response got = serve_page(asking("/"), {});
  EXPECT_EQ(got.status, 503);
  EXPECT_NE(got.body.find("npm run build"), std::string::npos);
  EXPECT_EQ(serve_page(asking("/favicon.ico"), {}).status, 404);
}

TEST(http_static_files, of_this_program_are_whole) {
  for (const static_file& one : page_files()) {
    EXPECT_TRUE(one.path.starts_with("/"));
    EXPECT_EQ(one.tag.size(), 26U);
    EXPECT_EQ(one.gzip.substr(0, 2), "\x1f\x8b");
    EXPECT_NE(media_type(one.path), "application/octet-stream") << one.path;
  }
}

}  // namespace
}  // namespace callweir::dashboard::http
