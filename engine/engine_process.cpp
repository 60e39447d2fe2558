#include "engine/engine_process.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/random.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <mutex>

#include "base/log.hpp"
#include "engine/configuration_use.hpp"
#include "engine/control_requests.hpp"
#include "engine/live_links.hpp"
#include "engine/pipeline.hpp"
#include "engine/record_maker.hpp"
#include "engine/starting_configuration.hpp"

namespace callweir::engine {
namespace {

int refuse(const error& problem) {
  std::fputs(fmt::format("callweir: {}\n", problem.text()).c_str(), stderr);
  return exit_usage;
}

std::array<std::uint64_t, 2> random_seed() {
  std::array<std::uint64_t, 2> seed{};
  while (::getrandom(seed.data(), sizeof seed, 0) != static_cast<ssize_t>(sizeof seed)) {
  }
  return seed;
}

/// Of this life of the engine.
std::string random_name() {
  return fmt::format("{:016x}", random_seed()[0]);
}

/// One worker's share of the engine, at an address that stays.
struct worker_part {
  event_ring events;
  worker_channel channel;
  std::unique_ptr<pipeline> line;
};

class engine_process {
 public:
  engine_process(const engine_process_options& options, shared_mapping& shared)
      : options_(options), shared_(shared) {}
  int run();

 private:
  void make_workers(const configuration& from, unsigned workers);
  result<void> start_control(policy_source source);
  void keep_records(const configuration& from);
  std::vector<link_load> loads() const;
  void add_record_counters(status_details& to) const;
  status_details details() const;
  static void wait_for_end();

  const engine_process_options& options_;
  shared_mapping& shared_;
  std::vector<std::unique_ptr<worker_part>> workers_;
  record_journal journal_;
  std::string engine_name_ = random_name();
  std::unique_ptr<record_server> records_;
  std::unique_ptr<record_maker> maker_;
  std::unique_ptr<control_thread> control_;
  std::unique_ptr<control_requests> requests_;
  std::unique_ptr<control::server> server_;
  mutable std::mutex links_mutex_;  // the socket's thread may ask before the links are open
  std::unique_ptr<live_links> links_;
  std::size_t link_count_ = 0;
};

void engine_process::make_workers(const configuration& from, unsigned workers) {
  auto settings = classifier_settings(from, workers);
  settings.ndpi = !options_.without_ndpi;
  settings.progress = true;
  for (unsigned i = 0; i < workers; ++i) {
    auto part = std::make_unique<worker_part>();
    settings.worker = static_cast<std::uint16_t>(i);
    settings.seed = random_seed();
    part->line = std::make_unique<pipeline>(pipeline::options{settings, calls_max}, part->events,
                                            part->channel);
    workers_.push_back(std::move(part));
  }
}

std::vector<link_load> engine_process::loads() const {
  std::vector<link_load> out(link_count_);
  for (const auto& part : workers_) {
    for (std::size_t i = 0; i < out.size(); ++i) {
      const auto& link = part->line->counters().links[i];
      for (std::size_t kind = 0; kind < 2; ++kind) {
        for (std::size_t from = 0; from < 2; ++from) {
          out[i].bytes[kind][from] += link.bytes[kind][from].get();
          out[i].packets[kind][from] += link.packets[kind][from].get();
        }
      }
      out[i].dropped += link.dropped.get();
      out[i].delayed += link.delayed.get();
    }
  }
  return out;
}

void engine_process::keep_records(const configuration& from) {
  record_maker::options wanted;
  wanted.engine = engine_name_;
  wanted.links = from.link_names();
  wanted.shared = &*shared_;
  wanted.loads = [this] { return loads(); };
  wanted.events_lost = [this] { return control_->lost(); };
  wanted.clock_lead = wall_clock_lead;
  record_server::options stream_options;
  stream_options.path = stream::socket_path(options_.socket);
  auto served = record_server::start(stream_options, journal_, hello_of(engine_name_, from));
  if (served) {
    records_ = std::move(*served);
  } else {  // the appliance works all the same
    log::error("records", "no records for the dashboard: {}", served.error().text());
  }
  maker_ =
      std::make_unique<record_maker>(std::move(wanted), record_outlet{&journal_, records_.get()});
}

result<void> engine_process::start_control(policy_source source) {
  control_options options;
  options.calls.calls_max = calls_max;
  options.seed = random_seed();
  options.links = source.whole.link_names();
  options.observer = maker_.get();
  options.journal = &journal_;
  std::vector<worker_queues> queues;
  for (const auto& part : workers_) queues.push_back({&part->events, &part->channel});
  control_ = std::make_unique<control_thread>(options, std::move(queues));
  if (auto begun = control_->begin(std::move(source), steady_clock().now()); !begun) return begun;
  control_->start();
  appliance_access access;
  access.details = [this] { return details(); };
  access.shared = &*shared_;
  access.journal = &journal_;
  access.links = options.links;
  access.configuration_path = options_.configuration;
  access.applied_path = applied_policies_path(options_.socket);
  requests_ = std::make_unique<control_requests>(*control_, std::move(access));
  auto served = control::server::start({options_.socket},
                                       [this](std::string_view request, const control::peer& who) {
                                         return requests_->answer(request, who);
                                       });
  if (!served) return tl::unexpected(served.error());
  server_ = std::move(*served);
  return {};
}

void engine_process::add_record_counters(status_details& to) const {
  const auto kept = journal_.count();
  to.counters.emplace_back("records_written", kept.written);
  to.counters.emplace_back("records_held", kept.held);
  to.counters.emplace_back("records_held_bytes", kept.bytes);
  to.counters.emplace_back("records_overwritten", kept.overwritten);
  to.counters.emplace_back("records_refused", kept.refused);
  to.counters.emplace_back("records_untold", maker_ ? maker_->untold() : 0);
  const record_server::counters served = records_ ? records_->count() : record_server::counters{};
  to.counters.emplace_back("record_readers", served.readers);
  to.counters.emplace_back("record_readers_refused", served.refused);
  to.counters.emplace_back("record_live_lost", served.live_lost);
}

status_details engine_process::details() const {
  status_details out;
  std::uint64_t packets = 0, bytes = 0, untracked = 0, shed = 0, undecoded = 0;
  std::array<std::uint64_t, shaper::fate_reason_count> dropped{}, held{};
  std::vector<std::pair<std::string, std::uint64_t>> classifier;
  for (const auto& part : workers_) {
    const auto& c = part->line->counters();
    packets += c.packets.get();
    bytes += c.bytes.get();
    untracked += c.untracked.get();
    shed += c.shed.get();
    for (const auto& by_status : c.decoded) undecoded += by_status.get();
    for (std::size_t i = 0; i < dropped.size(); ++i) {
      dropped[i] += c.dropped[i].get();
      held[i] += c.held[i].get();
    }
    std::size_t at = 0;
    part->line->classifier().counters().for_each([&](auto name, auto, std::uint64_t count) {
      if (at == classifier.size()) classifier.emplace_back(std::string(name), 0);
      classifier[at++].second += count;
    });
  }
  for (std::size_t i = 1; i < dropped.size(); ++i) {
    out.drops.emplace_back(shaper::fate_reason_name(static_cast<shaper::fate_reason>(i)),
                           dropped[i]);
  }
  out.counters = {{"packets_inspected", packets},
                  {"bytes", bytes},
                  {"undecoded", undecoded},
                  {"untracked", untracked},
                  {"packets_shed", shed}};
  std::uint64_t delayed = 0;
  for (const auto count : held) delayed += count;
  out.counters.emplace_back("delayed", delayed);
  for (auto& one : classifier) {
    if (one.first != "packets") out.counters.push_back(std::move(one));
  }
  add_record_counters(out);
  const std::lock_guard lock(links_mutex_);
  if (links_) {
    for (const auto& drop : links_->drops()) out.drops.emplace_back(drop.name, drop.count);
    for (const auto& each : links_->exceptions()) out.counters.emplace_back(each.name, each.count);
    out.counters.emplace_back("held_now", links_->held_now());
  }
  return out;
}

/// The signals are blocked in every thread: the main one takes them here.
void engine_process::wait_for_end() {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  int which = 0;
  while (::sigwait(&ends, &which) != 0) {
  }
  log::info("engine", "ends on signal {}", which);
}

int engine_process::run() {
  auto source =
      starting_configuration(options_.configuration, applied_policies_path(options_.socket));
  if (!source) return refuse(source.error());
  const configuration whole = source->whole;
  const unsigned workers = workers_for(whole.engine.workers, whole.links);
  make_workers(whole, workers);
  link_count_ = std::min(whole.links.size(), capture::links_max);
  keep_records(whole);
  if (auto started = start_control(std::move(*source)); !started) return refuse(started.error());
  live_options live;
  live.links = whole.links;
  live.workers = workers;
  live.held_frames = held_frames;
  live.hugepages = whole.engine.hugepages != hugepage_mode::off;
  std::vector<packet_pipeline*> pipelines;
  for (const auto& part : workers_) pipelines.push_back(part->line.get());
  auto opened = live_links::open(live, *shared_, pipelines);
  if (!opened) return refuse(opened.error());
  {
    const std::lock_guard lock(links_mutex_);
    links_ = std::move(*opened);
  }
  if (auto started = links_->start(); !started) return refuse(started.error());
  log::info("engine", "inspects {} links with {} workers, frames in {} pages{}", whole.links.size(),
            workers, links_->memory_kind(), options_.without_ndpi ? ", without nDPI" : "");
  (void)control_->run([this](control_state& state) { maker_->begin(state.now); });
  wait_for_end();
  links_->stop();
  (void)control_->run([this](control_state& state) { maker_->finish(state, state.now); });
  server_.reset();
  control_->stop();
  records_.reset();  // readers get the last of them
  return exit_done;
}

}  // namespace

int run_engine(const engine_process_options& options) {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  auto opened = shared_mapping::open(options.shared_fd);
  if (!opened) return refuse(opened.error());
  // Never unmapped: the kernel tells the supervisor of this process's end through a mutex in it,
  // after the last destructor has run.
  static shared_mapping* const shared = new shared_mapping(std::move(*opened));
  return engine_process(options, *shared).run();
}

}  // namespace callweir::engine
