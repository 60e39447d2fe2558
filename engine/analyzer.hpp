// `analyze`: captures through decode, classifier and call tracker, as fast as they can be read. One
// thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/record.hpp"
#include "base/result.hpp"
#include "classify/classifier.hpp"
#include "shaper/policy_set.hpp"

namespace callweir::engine {

struct analyze_options {
  std::vector<std::string> files;  // pcap, pcapng, "-"; at most 65,535
  std::vector<ip_prefix> inside;   // empty: private_networks()
  bool separate = false;           // each file by itself; else one timeline, merged by time
  std::shared_ptr<shaper::policy_set> policies;  // may be null: records have no policy then
  std::string link;                              // name that the records carry, "" for none
  /// Time-outs, emergency numbers and peers; sizes and switches that captures need are set by
  /// analyze.
  classify::classifier_config classify;
  std::function<void(double)> progress;  // 0 to 1, some ten times a second; may be empty
};

/// RFC 1918, RFC 4193, link-local (RFC 3927, RFC 4291) and shared (RFC 6598) addresses.
std::vector<ip_prefix> private_networks();

/// What came out. Flows are kept in a compact form and turned into records one by one.
class analysis {
 public:
  std::vector<call_record> calls;  // by start
  std::vector<host_record> hosts;
  summary_record summary;
  std::vector<error> damages;  // one a file at most: what precedes it was analysed
  std::size_t captures = 0;    // files that could be read at all

  analysis();
  ~analysis();
  analysis(analysis&&) noexcept;
  analysis& operator=(analysis&&) noexcept;

  std::size_t flow_count() const;
  /// Flow `i` in the order of `first`; i < flow_count().
  flow_record flow(std::size_t i) const;
  /// Appends the JSON line of flow `i` with its line end: the same text as append_json of its
  /// record, without making one.
  void append_flow_line(std::string& out, std::size_t i) const;
  /// visit(const flow_record&) for each in the order of `first`.
  template <class F>
  void for_each_flow(F&& visit) const {
    for (std::size_t i = 0; i < flow_count(); ++i) visit(flow(i));
  }

  struct impl;

 private:
  friend result<analysis> analyze(const analyze_options& options);
  std::unique_ptr<impl> impl_;
};

/// Fails when there are too many files. What cannot be opened, is no capture or is damaged inside
/// is reported in `damages`, and the rest is analysed.
result<analysis> analyze(const analyze_options& options);

}  // namespace callweir::engine
