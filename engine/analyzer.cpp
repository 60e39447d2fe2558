#include "engine/analyzer.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <random>
#include <unordered_map>

#include "capture/decode.hpp"
#include "classify/call_tracker.hpp"
#include "engine/analysis_impl.hpp"
#include "engine/capture_timeline.hpp"

namespace callweir::engine {
namespace {

constexpr std::uint32_t flows_most =
    1u << 20;  // at a time; older ones make room, and are kept as ended
constexpr nanoseconds tick_every = std::chrono::seconds(1);
constexpr std::uint64_t progress_bursts = 512;

std::array<std::uint64_t, 2> random_seed() {
  std::random_device device;
  const auto word = [&] { return std::uint64_t{device()} << 32 | device(); };
  return {word(), word()};
}

/// Takes the classifier's events: ended flows are kept, calls are tracked, endpoints remembered.
class collector final : public classify::event_sink {
 public:
  collector(analysis::impl& kept, bool many_files) : kept_(kept), many_files_(many_files) {}

  bool push(const classify::flow_event& event) noexcept override {
    using kind = classify::flow_event::kind;
    switch (event.type) {
      case kind::closed:
        kept_.flows.add(keep(event, file_of(event.flow.index)));
        // Calls and hosts are made of telephony; the rest only needs its record.
        if (event.what.voip || event.call != classify::no_call) tracker.on_event(event);
        break;
      case kind::endpoint:
        kept_.endpoints.insert_or_assign(
            endpoint_key{event.flow.source, event.flow.source_port, event.flow.protocol},
            event.what);
        tracker.on_event(event);
        break;
      default:
        tracker.on_event(event);
        break;
    }
    return true;
  }

  void opened(classify::flow_index flow, std::uint16_t file) {
    if (!many_files_) return;
    if (flow >= files_.size()) files_.resize(std::max<std::size_t>(flow + 1, files_.size() * 2));
    files_[flow] = file;
  }

  /// Files of a timeline count from here.
  std::uint16_t file_base = 0;
  classify::call_tracker tracker{classify::call_tracker_config{}};

 private:
  std::uint16_t file_of(classify::flow_index flow) const {
    return many_files_ && flow < files_.size() ? files_[flow] : file_base;
  }
  analysis::impl& kept_;
  bool many_files_;
  std::vector<std::uint16_t> files_;
};

/// One timeline: one classifier, one tracker.
class run {
 public:
  run(const analyze_options& options, analysis& out, analysis::impl& kept, std::uint16_t file_base,
      bool many_files)
      : options_(options),
        out_(out),
        kept_(kept),
        file_base_(file_base),
        decoder_(options.inside.empty() ? private_networks() : options.inside, random_seed()),
        collector_(kept, many_files),
        classifier_(config_of(options, file_base), collector_) {
    collector_.file_base = file_base;
  }

  void feed(capture_timeline& from) {
    auto burst = std::make_unique<capture_timeline::burst>();
    while (from.next(*burst)) {
      process(*burst);
      if (options_.progress && ++bursts_ % progress_bursts == 0) options_.progress(from.progress());
    }
    finish();
  }

 private:
  static classify::classifier_config config_of(const analyze_options& options,
                                               std::uint16_t file_base) {
    classify::classifier_config c = options.classify;
    c.flows_max = std::max(c.flows_max, flows_most);
    c.worker = file_base;  // ids stay unique over files that are analysed one by one
    c.seed = random_seed();
    c.closed_flows = true;
    c.touch = false;
    c.inspection_share_pct = c.ndpi_share_pct = 0;
    return c;
  }

  void process(capture_timeline::burst& burst) {
    const std::span<packet_view> packets(burst.packets.data(), burst.count);
    if (burst.ethernet) {
      decoder_.decode_burst(packets);
    } else {
      for (std::size_t i = 0; i < burst.count; ++i)
        decoder_.decode_frame(packets[i], burst.link_types[i]);
    }
    for (const auto& packet : packets) {
      out_.summary.bytes += packet.l3_bytes;
      out_.summary.undecoded += packet.status != decode_status::ok;
      now_ = std::max(now_, packet.time);
    }
    out_.summary.packets += burst.count;
    const std::span<classify::packet_flow> where(where_.data(), burst.count);
    classifier_.process(packets, packets.back().time, where);
    for (std::size_t i = 0; i < burst.count; ++i) {
      if (where[i].opened)
        collector_.opened(where[i].flow, static_cast<std::uint16_t>(file_base_ + burst.files[i]));
    }
    if (now_ - ticked_ >= tick_every) tick(now_);
  }

  void tick(time_point now) {
    ticked_ = now;
    collector_.tracker.tick(now);
    for (const auto& request : collector_.tracker.take_requests()) {
      classifier_.attach_call(request.flow, request.flow_id, request.call, request.call_what,
                              request.emergency);
      remember(request);
    }
    take_calls();
  }

  void remember(const classify::attach_request& request) {
    if (request.mistaken) kept_.attached.erase(request.flow_id);
    if (request.call == classify::no_call) return;
    const auto* const call = collector_.tracker.find(request.call);
    if (call == nullptr) return;
    kept_.attached.insert_or_assign(
        request.flow_id, attached_call{call_name(call->id), request.call_what, request.emergency});
  }

  /// Calls of files that are analysed one by one are told apart by the file's number.
  std::string call_name(const std::string& id) const {
    return options_.separate && options_.files.size() > 1
               ? id + "." + std::to_string(file_base_ + 1)
               : id;
  }

  void take_calls() {
    for (auto& call : collector_.tracker.take_ended()) {
      call.id = call_name(call.id);
      out_.calls.push_back(std::move(call));
    }
  }

  void finish() {
    tick(now_);
    classifier_.finish();
    // Whatever still runs has ended with the capture.
    constexpr int rounds = 2;
    for (int i = 1; i <= rounds; ++i) tick(now_ + i * std::chrono::minutes(5));
    auto hosts = collector_.tracker.hosts();
    out_.hosts.insert(out_.hosts.end(), std::make_move_iterator(hosts.begin()),
                      std::make_move_iterator(hosts.end()));
  }

  const analyze_options& options_;
  analysis& out_;
  analysis::impl& kept_;
  std::uint16_t file_base_;
  capture::decoder decoder_;
  collector collector_;
  classify::classifier classifier_;
  std::array<classify::packet_flow, capture_timeline::burst_max> where_;
  time_point now_{0}, ticked_{0};
  std::uint64_t bursts_ = 0;
};

void run_timeline(const analyze_options& options, std::span<const std::string> files,
                  std::uint16_t file_base, analysis& out, analysis::impl& kept) {
  auto timeline = capture_timeline::open(files);
  out.captures += timeline.captures();
  if (timeline.captures() > 0) {
    auto one = std::make_unique<run>(options, out, kept, file_base, files.size() > 1);
    one->feed(timeline);
  }
  out.damages.insert(out.damages.end(), timeline.damages().begin(), timeline.damages().end());
}

}  // namespace

std::vector<ip_prefix> private_networks() {
  std::vector<ip_prefix> out;
  for (const char* text : {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
                           "100.64.0.0/10", "fc00::/7", "fe80::/10"}) {
    out.push_back(*ip_prefix::parse(text));
  }
  return out;
}

result<analysis> analyze(const analyze_options& options) {
  const auto began = std::chrono::steady_clock::now();
  analysis out;
  analysis::impl& kept = *out.impl_;
  kept.policies = options.policies;
  kept.link = options.link;
  for (const auto& file : options.files)
    kept.files.push_back(std::filesystem::path(file).filename().string());
  if (options.files.size() > 0xffff)
    return fail("more than 65,535 captures", {}, "give fewer at a time");
  const std::span<const std::string> files(options.files);
  if (options.separate) {
    for (std::size_t i = 0; i < files.size(); ++i) {
      run_timeline(options, files.subspan(i, 1), static_cast<std::uint16_t>(i), out, kept);
    }
  } else {
    run_timeline(options, files, 0, out, kept);
  }
  kept.settle();
  std::stable_sort(out.calls.begin(), out.calls.end(),
                   [](const call_record& a, const call_record& b) { return a.start < b.start; });
  out.summary.flows = kept.flows.size();
  out.summary.calls = out.calls.size();
  out.summary.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  out.summary.packets_per_s =
      out.summary.seconds > 0 ? static_cast<double>(out.summary.packets) / out.summary.seconds : 0;
  return out;
}

}  // namespace callweir::engine
