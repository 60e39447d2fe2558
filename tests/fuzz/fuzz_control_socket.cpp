// What a hostile client can send to the control socket: the framing, in pieces of every size, the
// requests, and the verbs behind them over an engine's state in memory with a call and its flows.
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.hpp"
#include "engine/control_requests.hpp"

namespace {

using namespace callweir;

constexpr const char* configuration_text =
    "links: [{ name: up, inside: { kernel: a }, outside: { kernel: b } }]\n"
    "policies:\n"
    "  - { name: soft, match: { voip: true }, action: { degrade: { mos: 1.8 } } }\n"
    "  - { name: rest, match: {}, action: allow }\n";

class engine_in_memory {
 public:
  engine_in_memory() : thread_(options(), {{&events_, &channel_}}) {
    auto whole = engine::read_configuration(configuration_text, "c.yaml");
    if (!whole || !thread_.begin({*whole, configuration_text, "c.yaml"}, at(0))) std::abort();
    adopt();
    for (std::uint64_t flow = 1; flow <= 3; ++flow)
      send(classify::flow_event::kind::verdict, flow, 0);
    for (int second = 1; second < 8; ++second) {
      for (std::uint64_t flow = 1; flow <= 2; ++flow)
        send(classify::flow_event::kind::media, flow, second);
      thread_.step(at(second));
    }
    bind();
    thread_.step(at(8));
    engine::appliance_access access;
    access.shared = &shared_;
    access.links = {"up"};
    access.configuration_path = "/proc/callweir/none.yaml";  // nothing can be written there
    requests_ = std::make_unique<engine::control_requests>(thread_, access);
    first_generation_ = thread_.state().policies.generation();
    thread_.start();
  }
  ~engine_in_memory() { thread_.stop(); }

  void ask(std::string_view request) {
    const auto reply = requests_->answer(request, {0, 1});
    for (const auto& record : reply.records) {
      boost::system::error_code problem;
      const auto read = boost::json::parse(record, problem);
      if (problem || !read.is_object() || record.find('\n') != std::string::npos) std::abort();
    }
    const bool refused = reply.end.exit != exit_done;
    if (refused && (reply.end.problem.what.empty() || !reply.records.empty())) std::abort();
    adopt();
  }
  /// Policies or bypass are not as they were: the next input should not depend on this one.
  bool changed() {
    bool is = shared_.bypass.load() != 0;
    thread_.run([&](engine::control_state& state) {
      is = is || state.policies.generation() != first_generation_;
    });
    return is;
  }

 private:
  static engine::control_options options() {
    engine::control_options out;
    out.links = {"up"};
    out.calls.calls_max = 8;
    out.calls.hosts_max = 8;
    out.book_flows_max = 16;
    return out;
  }
  time_point at(int second) const { return begin_ + std::chrono::seconds(second); }
  void adopt() { channel_.adopted.store(channel_.wanted.load()->generation); }
  static classify::flow_identity flow_of(std::uint64_t id) {
    classify::flow_identity flow;
    flow.id = id;
    flow.index = static_cast<classify::flow_index>(id);
    flow.source = ip_address::v4(0x0a000000 + static_cast<std::uint32_t>(id));
    flow.destination = ip_address::v4(0xc0000207);
    flow.source_port = flow.destination_port = 4000;
    flow.protocol = proto_udp;
    return flow;
  }
  static verdict media() {
    verdict what;
    what.voip = true;
    what.role = flow_role::voice;
    what.p2p = tristate::yes;
    what.confidence_pct = 97;
    return what;
  }
  void send(classify::flow_event::kind type, std::uint64_t flow, int second) {
    classify::flow_event event;
    event.type = type;
    event.at = event.totals.last = at(second);
    event.totals.first = at(0);
    event.flow = flow_of(flow);
    event.what = media();
    event.media.second = at(second - 1);
    event.media.role = flow_role::voice;
    for (auto& way : event.media.way) {
      way.packets = way.expected = 50;
      way.codec_bytes = 3000;
    }
    events_.push(event);
  }
  /// Degrades the first call, as a worker does when it binds the call's flow.
  void bind() {
    const auto calls = thread_.state().tracker.active();
    if (calls.empty()) std::abort();
    shaper::flow_attributes flow;
    flow.what = media();
    flow.in_call = true;
    flow.call = calls.front();
    flow.flow_id = flow.call_key = 1;
    auto& set = thread_.state().policies.current();
    const auto handle = set.bind(flow, at(8));
    channel_.bindings.push(
        {at(8), flow_of(1), media(), calls.front(), 1, set.line_of(handle), set.kind_of(handle)});
  }

  time_point begin_ = steady_clock().now() - std::chrono::seconds(9);
  engine::event_ring events_{256};
  engine::worker_channel channel_{64, 64};
  engine::control_thread thread_;
  engine::shared_state shared_;
  std::unique_ptr<engine::control_requests> requests_;
  std::uint32_t first_generation_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static std::unique_ptr<engine_in_memory> engine;
  if (size == 0) return 0;
  log::start(static_cast<log::level>(100));  // nothing: every refusal would be a line
  if (!engine) engine = std::make_unique<engine_in_memory>();
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t step = 1 + data[0];
  control::frame_reader reader(1 << 16);
  std::string body, again;
  std::size_t frames_bytes = 0;
  for (std::size_t at = 0; at < bytes.size() && !reader.failed(); at += step) {
    reader.feed(bytes.substr(at, step));
    while (reader.next(body)) {
      frames_bytes += 4 + body.size();
      again.clear();
      control::append_frame(again, body);
      if (again.size() != 4 + body.size()) std::abort();
      engine->ask(body);
    }
    if (reader.buffered() > (1 << 16) + 4 + step) std::abort();
  }
  if (frames_bytes > bytes.size()) std::abort();
  if (engine->changed()) engine.reset();
  return 0;
}
