#include "dashboard/privacy/hide.hpp"

#include <variant>

namespace callweir::dashboard {
namespace {

void hide(ip_address& address, const pseudonyms& names) {
  address = names.stand_in(address);
}

void hide(std::string& text, const pseudonyms& names) {
  text = names.scrub(text);
}

template <class List>
void hide_each(List& list, const pseudonyms& names) {
  for (auto& one : list) hide(one, names);
}

void hide_in(flow_record& record, const pseudonyms& names) {
  hide(record.source, names);
  hide(record.destination, names);
  hide_each(record.reasons, names);
}

void hide_in(call_record& record, const pseudonyms& names) {
  hide_each(record.parties, names);
  hide_each(record.reasons, names);
}

void hide_in(host_record& record, const pseudonyms& names) {
  hide(record.address, names);
}

void hide_in(traffic_record& record, const pseudonyms& names) {
  hide(record.host, names);
}

void hide_in(second_record&, const pseudonyms&) {}

void hide_in(policy_record& record, const pseudonyms& names) {
  hide(record.match, names);
}

void hide_in(gap_record& record, const pseudonyms& names) {
  hide(record.reason, names);
}

void hide_in(audit_record& record, const pseudonyms& names) {
  hide(record.who, names);
  hide(record.what, names);
}

}  // namespace

void hide_addresses(stream::any_record& record, const pseudonyms& names) {
  if (!names.on()) return;
  std::visit([&](auto& one) { hide_in(one, names); }, record);
}

void hide_addresses(gap_record& record, const pseudonyms& names) {
  if (names.on()) hide_in(record, names);
}

void hide_addresses(audit_record& record, const pseudonyms& names) {
  if (names.on()) hide_in(record, names);
}

}  // namespace callweir::dashboard
