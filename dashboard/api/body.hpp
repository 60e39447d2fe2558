// The JSON object that a request carries: bounded in size and depth, every key known, every value
// of its type. Hostile input is normal.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace callweir::dashboard::routes {

constexpr std::size_t json_bytes_max = 64 << 10;
constexpr std::size_t json_depth_max = 8;

class body {
 public:
  /// One object with none but these keys.
  static result<body> read(std::string_view text, std::initializer_list<std::string_view> keys);
  body(body&& other) noexcept;
  body& operator=(body&& other) noexcept;
  ~body();

  bool has(std::string_view key) const;  // null is as good as nothing
  /// Text of at most `most` bytes; an error names the key.
  result<std::string> text(std::string_view key, std::size_t most = 1'024) const;
  result<std::vector<std::string>> texts(std::string_view key, std::size_t most) const;
  result<bool> flag(std::string_view key) const;
  result<std::uint64_t> whole(std::string_view key, std::uint64_t least, std::uint64_t most) const;

 private:
  struct tree;
  explicit body(std::unique_ptr<tree> parsed);
  std::unique_ptr<tree> tree_;
};

}  // namespace callweir::dashboard::routes
