// Writes a kept flow as its JSON line without making a record: what a verdict says is the same text
// for many flows and is kept. Same text as append_json(flow_record), which a test compares. One
// thread.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "base/record.hpp"
#include "engine/flow_store.hpp"

namespace callweir::engine {

class flow_line_writer {
 public:
  /// `files` and `link` as the records name them; "" is null.
  flow_line_writer(const std::vector<std::string>& files, const std::string& link);

  /// With line end. `call`, `policy` and `action` as in the record, "" is null.
  void append(std::string& out, const kept_flow& flow, std::string_view call,
              std::string_view policy, std::string_view action);

 private:
  struct verdict_hash {
    std::size_t operator()(const verdict& v) const;
  };
  const std::string& verdict_text(const kept_flow& flow);

  static constexpr std::size_t verdicts_max = 65'536;  // kept texts; begins anew beyond
  std::vector<std::string> heads_;                     // `,"file":…,"link":…,"src":` by file
  std::unordered_map<verdict, std::string, verdict_hash> verdicts_;
};

}  // namespace callweir::engine
