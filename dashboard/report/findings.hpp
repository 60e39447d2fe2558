// The four questions of the first page and their answers in plain words: what was seen, what was
// throttled, did it work, was anyone harmed. Where there is nothing or too little to say, that is
// what they say.
#pragma once

#include <string>
#include <vector>

#include "dashboard/report/report_model.hpp"

namespace callweir::dashboard {

enum class tone : std::uint8_t { quiet, good, warning, bad };
const char* tone_name(tone of);  // "quiet", …

struct finding {
  std::string key;       // "seen", "throttled", "worked", "harmed"
  std::string question;  // "Did it work?"
  std::string answer;    // a word or a figure
  tone mood = tone::quiet;
  std::vector<std::string> sentences;
};

struct findings {
  std::string lede;
  finding seen, throttled, worked, harmed;
};

/// Groups of fewer calls are not judged.
constexpr std::uint64_t judged_at_least = 5;

findings find(const report_model& model);

}  // namespace callweir::dashboard
