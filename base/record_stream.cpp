#include "base/record_stream.hpp"

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "base/json_fields.hpp"
#include "base/json_writer.hpp"
#include "base/record_reader.hpp"

namespace callweir::stream {
namespace {

using json::append_integer;
using json::append_string;

constexpr std::size_t links_max = 256;

/// Parses on the stack as far as that reaches, and hands the object to `read`.
template <class T, class Read>
result<T> with_object(std::string_view text, Read&& read) {
  if (text.size() > frame_bytes_max) return fail("the frame is longer than 256 KiB");
  unsigned char first[16 << 10];
  boost::json::monotonic_resource memory(first, sizeof first);
  boost::system::error_code problem;
  const auto parsed =
      boost::json::parse(boost::json::string_view(text.data(), text.size()), problem, &memory);
  if (problem) return fail("not JSON: " + problem.message());
  if (!parsed.is_object()) return fail("not a JSON object");
  return read(parsed.get_object());
}

/// 16 hex digits, or "" where nothing is known yet.
bool is_engine_name(const std::string& name) {
  return name.empty() ||
         (name.size() == 16 && name.find_first_not_of("0123456789abcdef") == std::string::npos);
}

std::string engine_of(json::fields& from) {
  std::string name = from.text("engine");
  if (!is_engine_name(name)) from.wrong("engine", "16 hex digits");
  return name;
}

int version_of(json::fields& from) {
  return static_cast<int>(from.count("version", 1'000'000));
}

result<from_engine> read_hello(json::fields& from) {
  hello out;
  out.version = version_of(from);
  out.engine = engine_of(from);
  out.oldest = from.count("oldest");
  out.next = from.count("next");
  if (out.oldest > out.next) from.wrong("oldest", "a number up to 'next'");
  out.site = from.text("site");
  out.timezone = from.text("timezone");
  out.pseudonymise = from.truth("pseudonymise");
  out.links = from.texts("links");
  if (out.links.size() > links_max) from.wrong("links", "at most 256 names");
  if (!from.good()) return tl::unexpected(from.problem());
  return from_engine(std::move(out));
}

result<from_engine> read_frame(const boost::json::object& object) {
  json::fields from(object);
  if (from.has("n")) {
    durable out;
    out.number = from.count("n");
    if (out.number == 0) from.wrong("n", "a number from 1");
    const auto* inner = from.object_or_nothing("record");
    if (inner == nullptr) from.wrong("record", "an object");
    if (!from.good()) return tl::unexpected(from.problem());
    auto record = read_record(*inner);
    if (!record) return tl::unexpected(record.error());
    out.record = std::move(*record);
    return from_engine(std::move(out));
  }
  if (from.has("live")) {
    const auto* inner = from.object_or_nothing("live");
    if (inner == nullptr) return fail("'live' expects an object");
    auto record = read_record(*inner);
    if (!record) return tl::unexpected(record.error());
    return from_engine(live{std::move(*record)});
  }
  if (from.has("lost")) {
    const lost out{from.count("lost"), from.count("next")};
    if (!from.good()) return tl::unexpected(from.problem());
    return from_engine(out);
  }
  if (from.text("type") != "hello") from.wrong("type", "hello");
  if (!from.good()) return tl::unexpected(from.problem());
  return read_hello(from);
}

}  // namespace

std::string socket_path(const std::string& control_socket) {
  const auto slash = control_socket.rfind('/');
  return slash == std::string::npos ? "records.sock"
                                    : control_socket.substr(0, slash + 1) + "records.sock";
}

void append_json(std::string& out, const hello& what) {
  out += R"({"type":"hello","version":)";
  append_integer(out, static_cast<std::uint64_t>(what.version));
  out += ",\"engine\":";
  append_string(out, what.engine);
  out += ",\"oldest\":";
  append_integer(out, what.oldest);
  out += ",\"next\":";
  append_integer(out, what.next);
  out += ",\"site\":";
  append_string(out, what.site);
  out += ",\"timezone\":";
  append_string(out, what.timezone);
  out += ",\"pseudonymise\":";
  json::append_bool(out, what.pseudonymise);
  out += ",\"links\":[";
  for (std::size_t i = 0; i < what.links.size(); ++i) {
    if (i > 0) out += ',';
    append_string(out, what.links[i]);
  }
  out += "]}";
}

void append_json(std::string& out, const resume& what) {
  out += R"({"type":"resume","version":)";
  append_integer(out, static_cast<std::uint64_t>(what.version));
  out += ",\"engine\":";
  append_string(out, what.engine);
  out += ",\"after\":";
  append_integer(out, what.after);
  out += '}';
}

void append_durable(std::string& out, std::uint64_t number, std::string_view record) {
  out += "{\"n\":";
  append_integer(out, number);
  out += ",\"record\":";
  out += record;
  out += '}';
}

void append_live(std::string& out, std::string_view record) {
  out += "{\"live\":";
  out += record;
  out += '}';
}

void append_json(std::string& out, const lost& what) {
  out += "{\"lost\":";
  append_integer(out, what.count);
  out += ",\"next\":";
  append_integer(out, what.next);
  out += '}';
}

result<from_engine> read_from_engine(std::string_view frame) {
  return with_object<from_engine>(frame, read_frame);
}

result<resume> read_resume(std::string_view frame) {
  return with_object<resume>(frame, [](const boost::json::object& object) -> result<resume> {
    json::fields from(object);
    if (from.text("type") != "resume") from.wrong("type", "resume");
    resume out;
    out.version = version_of(from);
    out.engine = engine_of(from);
    out.after = from.count("after");
    if (!from.good()) return tl::unexpected(from.problem());
    return out;
  });
}

result<any_record> read_record(std::string_view json) {
  return with_object<any_record>(
      json, [](const boost::json::object& object) { return read_record(object); });
}

}  // namespace callweir::stream
