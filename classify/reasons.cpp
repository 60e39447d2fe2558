#include "classify/reasons.hpp"

#include "classify/classifier.hpp"

namespace callweir::classify {
namespace {

struct row {
  std::string_view name, sentence;
};
constexpr row rows[] = {
#define CALLWEIR_REASON(name, sentence) {#name, sentence},
    CALLWEIR_REASONS(CALLWEIR_REASON)
#undef CALLWEIR_REASON
};

}  // namespace

std::string_view reason_name(reason r) {
  return rows[static_cast<int>(r)].name;
}
std::string_view reason_sentence(reason r) {
  return rows[static_cast<int>(r)].sentence;
}

std::vector<std::string> reason_texts(std::uint64_t reasons) {
  std::vector<std::string> texts;
  for (int i = 0; i < reason_count; ++i) {
    if ((reasons >> i & 1) != 0) texts.emplace_back(rows[i].sentence);
  }
  return texts;
}

}  // namespace callweir::classify
