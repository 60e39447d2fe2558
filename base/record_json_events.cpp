// The records that only the stream to the dashboard carries, as JSON Lines.
#include "base/json_writer.hpp"
#include "base/record.hpp"

namespace callweir {
namespace {

using json::append_integer;
using json::append_string;
using json::append_time;

void append_text(std::string& out, const char* key, std::string_view text) {
  out += key;
  append_string(out, text);
}

void append_count(std::string& out, const char* key, std::uint64_t count) {
  out += key;
  append_integer(out, count);
}

void append_pair(std::string& out, const both_ways<std::uint64_t>& counts) {
  json::append_list(out, counts, append_integer);
}

void append_classes(std::string& out, const char* key,
                    const std::array<both_ways<std::uint64_t>, 2>& counts) {
  out += key;
  json::append_list(out, counts, append_pair);
}

}  // namespace

void append_json(std::string& out, const traffic_record& record) {
  out += R"({"type":"traffic","at":)";
  append_time(out, record.at);
  append_text(out, ",\"link\":", record.link);
  append_text(out, ",\"app\":", record.app);
  append_text(out, ",\"host\":", record.host.text());
  out += ",\"voip\":";
  json::append_bool(out, record.voip);
  append_count(out, ",\"flows\":", record.flows);
  out += ",\"packets\":";
  append_pair(out, record.packets);
  out += ",\"bytes\":";
  append_pair(out, record.bytes);
  out += '}';
}

void append_json(std::string& out, const second_record& record) {
  out += R"({"type":"second","at":)";
  append_time(out, record.at);
  append_text(out, ",\"link\":", record.link);
  append_classes(out, ",\"bytes\":", record.bytes);
  append_classes(out, ",\"packets\":", record.packets);
  append_count(out, ",\"dropped\":", record.dropped);
  append_count(out, ",\"delayed\":", record.delayed);
  append_count(out, ",\"calls\":", record.calls);
  append_count(out, ",\"degraded\":", record.degraded);
  out += '}';
}

void append_json(std::string& out, const policy_record& record) {
  out += R"({"type":"policy","at":)";
  append_time(out, record.at);
  append_count(out, ",\"position\":", record.position);
  append_text(out, ",\"name\":", record.name);
  append_text(out, ",\"match\":", record.match);
  append_text(out, ",\"action\":", record.action);
  append_text(out, ",\"mode\":", record.mode);
  append_count(out, ",\"flows\":", record.flows);
  append_count(out, ",\"packets\":", record.packets);
  append_count(out, ",\"bytes\":", record.bytes);
  append_count(out, ",\"dropped\":", record.dropped);
  append_count(out, ",\"delayed\":", record.delayed);
  out += '}';
}

void append_json(std::string& out, const gap_record& record) {
  out += R"({"type":"gap","from":)";
  append_time(out, record.from);
  out += ",\"to\":";
  append_time(out, record.to);
  append_text(out, ",\"what\":", record.what);
  append_count(out, ",\"count\":", record.count);
  append_text(out, ",\"reason\":", record.reason);
  out += '}';
}

void append_json(std::string& out, const audit_record& record) {
  out += R"({"type":"audit","at":)";
  append_time(out, record.at);
  append_text(out, ",\"who\":", record.who);
  append_text(out, ",\"verb\":", record.verb);
  append_text(out, ",\"what\":", record.what);
  out += '}';
}

}  // namespace callweir
