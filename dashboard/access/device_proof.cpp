#include "dashboard/access/device_proof.hpp"

#include <charconv>

namespace callweir::dashboard {
namespace {

constexpr std::size_t secret_letters = 43;
constexpr std::int64_t second_ns = 1'000'000'000;
constexpr nanoseconds clock_slack = std::chrono::minutes(5);

std::string hash_over(const std::string& key, std::string_view said, const account& whose) {
  std::string purpose = "device " + whose.name + ' ' + std::to_string(whose.created.ns) + ' ';
  return derived_secret(key, purpose.append(said));
}

}  // namespace

std::string make_device_proof(const std::string& key, const account& whose, time_point now) {
  const std::string said = std::to_string(now.ns / second_ns) + '.' + new_secret();
  return said + '.' + hash_over(key, said, whose);
}

std::string check_device_proof(const std::string& key, std::string_view proof, const account& whose,
                               time_point now) {
  const auto dot = proof.find('.');
  constexpr std::size_t digits_max = 12;  // until the year 33658
  if (dot == std::string_view::npos || dot > digits_max) return {};
  if (proof.size() != dot + 1 + secret_letters + 1 + secret_letters) return {};
  std::int64_t issued_s = 0;
  const auto [end, problem] = std::from_chars(proof.data(), proof.data() + dot, issued_s);
  if (problem != std::errc{} || end != proof.data() + dot || issued_s < 0) return {};
  const std::int64_t age_s = now.ns / second_ns - issued_s;
  if (nanoseconds(std::chrono::seconds(age_s)) > device_proof_lasts) return {};
  if (std::chrono::seconds(-age_s) > clock_slack) return {};
  const auto said = proof.substr(0, dot + 1 + secret_letters);
  if (proof[said.size()] != '.') return {};
  if (!same_secret(proof.substr(said.size() + 1), hash_over(key, said, whose))) return {};
  return std::string(said);
}

}  // namespace callweir::dashboard
