#include "dashboard/ingest/control_watch.hpp"

#include <chrono>
#include <utility>
#include <vector>

#include "base/control_socket.hpp"
#include "base/log.hpp"

namespace callweir::dashboard {
namespace {

constexpr auto every = std::chrono::seconds(2);
constexpr auto patience = std::chrono::milliseconds(1500);
constexpr std::size_t answer_max = 2 << 20;  // bytes of all records

/// What stands in for `status` while nobody answers.
constexpr const char* unreachable = R"({"type":"status","state":"unreachable"})";

std::vector<std::string> ask(const std::string& socket, const char* request) {
  std::vector<std::string> out;
  std::size_t bytes = 0;
  auto client = control::client::connect(socket, patience);
  if (!client) return out;
  const auto end = client->request(request, [&](std::string_view record) {
    bytes += record.size();
    if (bytes <= answer_max) out.emplace_back(record);
  });
  if (!end || end->exit != exit_done || bytes > answer_max) out.clear();
  return out;
}

}  // namespace

std::string policies_json(const std::vector<std::string>& records) {
  if (records.empty() || records.front().size() < 2 || records.front().back() != '}') return {};
  std::string out = records.front();
  out.back() = ',';
  out += "\"policies\":[";
  for (std::size_t i = 1; i < records.size(); ++i) {
    if (i > 1) out += ',';
    out += records[i];
  }
  out += "]}";
  return out;
}

control_watch::control_watch(std::string control_socket, live_board& board)
    : socket_(std::move(control_socket)), board_(board), thread_([this] { loop(); }) {}

control_watch::~control_watch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void control_watch::ask() {
  const auto status = dashboard::ask(socket_, R"({"verb":"status"})");
  board_.keep("status", "", status.empty() ? unreachable : status.front());
  if (const auto all = policies_json(dashboard::ask(socket_, R"({"verb":"policy-list"})"));
      !all.empty()) {
    board_.keep("policies", "", all);
  }
}

void control_watch::loop() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    try {
      ask();
    } catch (const std::exception& problem) {  // out of memory: the next round may fare better
      log::error("ingest", "{}", problem.what());
    }
    lock.lock();
    changed_.wait_for(lock, every, [this] { return stopping_; });
  }
}

}  // namespace callweir::dashboard
