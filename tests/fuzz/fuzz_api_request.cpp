// The API against hostile questions and bodies: whatever comes, an answer comes that is one, JSON
// is JSON, and nobody who is not known changes anything. Input: the first byte picks verb and
// disguise, then a line with path and query, then the body.
#include <boost/json/parse.hpp>
#include <cstdlib>
#include <filesystem>

#include "dashboard/access/device_proof.hpp"
#include "dashboard/api/api.hpp"

namespace {

using namespace callweir;
using namespace callweir::dashboard;

void demand(bool holds) {
  if (!holds) std::abort();
}

/// A store that is empty, so that what is fuzzed is the API.
class no_reader final : public store_reader {
 public:
  result<std::vector<flow_record>> flows(const flow_query& what) override {
    demand(what.most <= rows_max && what.when.from < what.when.to);
    return std::vector<flow_record>();
  }
  result<std::vector<call_record>> calls(const call_query& what) override {
    demand(what.most <= rows_max && what.when.from < what.when.to);
    return std::vector<call_record>();
  }
  result<std::vector<host_record>> hosts(const host_query& what) override {
    demand(what.most <= rows_max && what.when.from < what.when.to);
    return std::vector<host_record>();
  }
  result<std::optional<flow_record>> flow(const std::string& id) override {
    demand(!id.empty() && id.size() <= 128);
    return std::optional<flow_record>();
  }
  result<std::optional<call_record>> call(const std::string& id) override {
    demand(!id.empty() && id.size() <= 128);
    return std::optional<call_record>();
  }
  result<std::vector<traffic_series>> traffic(const traffic_query& what) override {
    demand(what.step.count() == 0 || (what.when.to - what.when.from) / what.step <= 50'000);
    return std::vector<traffic_series>();
  }
  result<std::vector<load_point>> load(const load_query& what) override {
    demand(what.step.count() > 0 && (what.when.to - what.when.from) / what.step <= 10'000);
    return std::vector<load_point>();
  }
  result<std::vector<policy_total>> policies(const period&) override {
    return std::vector<policy_total>();
  }
  result<std::vector<gap_record>> gaps(const period&, std::size_t most) override {
    demand(most <= rows_max);
    return std::vector<gap_record>();
  }
  result<std::vector<audit_record>> audit(const period&, std::size_t most) override {
    demand(most <= rows_max);
    return std::vector<audit_record>();
  }
  result<std::uint64_t> count_calls(const period&) override { return 0; }
  result<std::uint64_t> count_flows(const period&) override { return 0; }
  result<std::optional<period>> extent() override { return std::optional<period>(); }
};

class no_store final : public store {
 public:
  stream_position position() const override { return {}; }
  result<void> write(std::span<const stream::durable>, const stream_position&) override {
    return {};
  }
  result<void> note(const gap_record&) override { return {}; }
  result<void> note(const audit_record&) override { return {}; }
  result<bool> tidy(time_point) override { return false; }
  store_health health() const override { return {}; }
  result<void> backup(const std::string&) override { return {}; }
  result<std::unique_ptr<store_reader>> reader() override { return std::make_unique<no_reader>(); }
};

/// One service for all inputs, in a folder that goes with the process.
struct service {
  service() {
    std::string name = (std::filesystem::temp_directory_path() / "callweir-fuzz-XXXXXX").string();
    demand(::mkdtemp(name.data()) != nullptr);
    folder = name;
    auto options = access_beside(folder / "x.db");
    options.cost = {1, 8 << 10};
    access = std::move(*access_control::open(options));
    demand(
        access->add_account("anna", role::admin, "correct horse battery", "fuzz", now).has_value());
    const auto in = log_in();
    demand(in.what == login::outcome::in);
    session = in.who;
    api_parts parts;
    parts.records = &records;
    parts.board = &board;
    parts.access = access.get();
    parts.now = [this] { return now; };
    tested = std::make_unique<api>(std::move(parts));
  }
  login log_in() {
    return access->finish(
        access->begin_log_in({"anna", "correct horse battery", "::1", {}, {}, {}}, now));
  }
  ~service() { std::filesystem::remove_all(folder); }

  time_point now{1'800'000'000'000'000'000};
  std::filesystem::path folder;
  no_store records;
  live_board board;
  std::unique_ptr<access_control> access;
  identity session;
  std::unique_ptr<api> tested;
};

http::request request_of(std::string_view input, const service& here) {
  http::request out;
  out.secure = true;
  out.peer = "192.0.2.1";
  const auto picks = static_cast<unsigned char>(input.front());
  out.verb = static_cast<http::method>(picks % 7);
  const auto line = input.find('\n');
  std::string_view target = input.substr(1, line == std::string_view::npos ? line : line - 1);
  const auto mark = target.find('?');
  out.path = "/" + std::string(target.substr(0, mark));
  std::string_view rest = mark == std::string_view::npos ? "" : target.substr(mark + 1);
  while (!rest.empty() && out.query.size() < 16) {
    const auto end = rest.find('&');
    const auto one = rest.substr(0, end);
    const auto equals = one.find('=');
    out.query.emplace_back(one.substr(0, equals),
                           equals == std::string_view::npos ? "" : one.substr(equals + 1));
    rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
  }
  if (line != std::string_view::npos) out.body = input.substr(line + 1);
  if ((picks & 64) != 0) out.headers.emplace_back("content-type", "application/json");
  if ((picks & 128) != 0) {
    out.headers.emplace_back("cookie", "__Host-callweir-session=" + here.session.secret);
    out.headers.emplace_back("x-csrf-token", here.session.csrf);
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static service here;
  if (size == 0 || size > 100'000) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  // What a browser says that it kept proves nothing unless it was made here.
  account whose;
  whose.name = "anna";
  demand(check_device_proof("a key", input, whose, here.now).empty());
  const auto asked = request_of(input, here);
  // Reports have a fuzzer of their own kind: they take long.
  if (asked.path == "/api/v1/reports") return 0;
  const bool known = !asked.header("cookie").empty();
  auto out = here.tested->answer(asked);
  if (out.later) out = out.later();
  demand(out.status >= 200 && out.status < 600 && out.status != 500);
  if (!out.body.empty() && out.type == "application/json") {
    boost::json::error_code problem;
    (void)boost::json::parse(out.body, problem);
    demand(!problem);
  }
  for (const auto& [name, value] : out.headers) {
    demand(name.find_first_of("\r\n") == std::string::npos);
    demand(value.find_first_of("\r\n") == std::string::npos);
  }
  const auto accounts = here.access->book().accounts();
  demand(accounts && !accounts->empty());
  if (!known) demand(here.access->book().tokens()->empty());
  // As it was before: one input must not change what the next one meets.
  const audit_record why{here.now, "fuzz", "undo", ""};
  for (const auto& one : *accounts) {
    if (one.name != "anna") (void)here.access->book().remove(one.name, why);
  }
  const auto tokens = here.access->book().tokens();
  demand(tokens.has_value());
  for (const auto& one : *tokens) {
    (void)here.access->book().remove_token(one.id, why);
  }
  if (!here.access->by_session(here.session.secret, here.now)) {
    (void)here.access->set_password("anna", "correct horse battery", "fuzz", here.now);
    const auto in = here.log_in();
    if (in.what == login::outcome::in) here.session = in.who;
  }
  return 0;
}
