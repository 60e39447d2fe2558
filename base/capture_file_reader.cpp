#include "base/capture_file.hpp"
#include "base/capture_file_parser.hpp"

namespace callweir {

struct capture_reader::impl {
  impl(byte_source source, const std::string& name) : parser(std::move(source), name) {}

  capture_parser parser;
  bool damaged = false;
  bool done = false;
};

capture_reader::capture_reader(std::unique_ptr<impl> made) : impl_(std::move(made)) {}
capture_reader::capture_reader(capture_reader&&) noexcept = default;
capture_reader& capture_reader::operator=(capture_reader&&) noexcept = default;
capture_reader::~capture_reader() = default;

result<capture_reader> capture_reader::open(const std::string& path) {
  auto source = byte_source::open(path);
  if (!source) return tl::unexpected(source.error());
  auto made = std::make_unique<impl>(std::move(*source), path == "-" ? "standard input" : path);
  if (auto begun = made->parser.begin(); !begun) return tl::unexpected(begun.error());
  return capture_reader(std::move(made));
}

result<capture_reader> capture_reader::over(std::span<const std::uint8_t> bytes,
                                            const std::string& name) {
  auto made = std::make_unique<impl>(byte_source::over(bytes), name);
  if (auto begun = made->parser.begin(); !begun) return tl::unexpected(begun.error());
  return capture_reader(std::move(made));
}

result<std::size_t> capture_reader::read_burst(std::span<captured_frame> out) {
  if (impl_->damaged) return tl::unexpected(impl_->parser.damage());
  std::size_t count = 0;
  while (count < out.size() && !impl_->done) {
    // Only before the first frame of a burst may a stream's buffer move.
    switch (impl_->parser.next(out[count], count == 0)) {
      case capture_step::frame:
        ++count;
        break;
      case capture_step::other:
        break;
      case capture_step::starved:
        return count;
      case capture_step::end:
        impl_->done = true;
        break;
      case capture_step::damage:
        impl_->damaged = true;
        if (count == 0) return tl::unexpected(impl_->parser.damage());
        return count;
    }
  }
  return count;
}

double capture_reader::progress() const {
  if (impl_->done) return 1;
  const byte_source& source = impl_->parser.source();
  if (source.size() == 0) return 0;
  return static_cast<double>(source.offset()) / static_cast<double>(source.size());
}

}  // namespace callweir
