// What a hostile client can send to the control socket: the framing, in pieces of every size, and
// the request it carries.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/control_socket.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t step = 1 + data[0];
  callweir::control::frame_reader reader(1 << 16);
  std::string body, again;
  std::size_t frames_bytes = 0;
  for (std::size_t at = 0; at < bytes.size() && !reader.failed(); at += step) {
    reader.feed(bytes.substr(at, step));
    while (reader.next(body)) {
      frames_bytes += 4 + body.size();
      again.clear();
      callweir::control::append_frame(again, body);
      if (again.size() != 4 + body.size()) std::abort();
    }
    if (reader.buffered() > (1 << 16) + 4 + step) std::abort();
  }
  if (frames_bytes > bytes.size()) std::abort();
  return 0;
}
