
#include "base/control_socket.hpp"
#include "base/json_writer.hpp"

namespace callweir::control {

void append_frame(std::string& out, std::string_view body) {
  const auto size = static_cast<std::uint32_t>(body.size());
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((size >> shift) & 0xff);
  out += body;
}

std::string done_frame() {
  return R"({"type":"done"})";
}

std::string error_frame(const error& problem, int exit) {
  std::string out = R"({"type":"error","what":)";
  json::append_string(out, problem.what);
  out += R"(,"where":)";
  json::append_string(out, problem.where);
  out += R"(,"mend":)";
  json::append_string(out, problem.mend);
  out += R"(,"exit":)";
  json::append_integer(out, static_cast<std::uint64_t>(exit));
  out += '}';
  return out;
}

void frame_reader::feed(std::string_view bytes) {
  if (failed_) return;
  // What was read goes before the buffer grows, so it never holds more than one frame and one read.
  if (read_ > 0) {
    buffer_.erase(0, read_);
    read_ = 0;
  }
  buffer_ += bytes;
}

bool frame_reader::next(std::string& body) {
  if (failed_ || buffered() < 4) return false;
  std::uint32_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    size = size << 8 | static_cast<unsigned char>(buffer_[read_ + i]);
  }
  if (size == 0 || size > most_) {
    failed_ = true;
    return false;
  }
  if (buffered() < 4 + size) return false;
  body.assign(buffer_, read_ + 4, size);
  read_ += 4 + size;
  return true;
}

}  // namespace callweir::control
