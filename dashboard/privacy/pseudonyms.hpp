// What stands for addresses where the privacy switch is on. The same address has the same stand-in
// wherever the same key is used, so that a host can be followed through a report and from one
// report to the next; without the key nobody can tell the address from it, nor try all addresses.
// Inside and outside ends are treated alike: it tells nothing.
//
// In the database the stand-in is itself an address, of the prefix 100::/64, which never is a host
// (RFC 6666: what is sent there is discarded), with 64 bits of a keyed BLAKE2b. People see a name,
// "addr-7k3m9qz2", 40 of these bits, whether it is made of the address or of its stand-in.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ip_address.hpp"
#include "base/result.hpp"

namespace callweir::dashboard {

constexpr std::size_t pseudonym_key_bytes = 32;

/// The upper half of every stand-in: 100::/64.
constexpr std::uint64_t stand_in_prefix = 0x0100'0000'0000'0000;
constexpr bool is_stand_in(const ip_address& address) {
  return address.high == stand_in_prefix;
}

/// 32 random bytes.
std::string make_pseudonym_key();
/// The key in the file "STORE.pseudonym-key" beside the database: made with mode 0600 when it is
/// not there. An error where it can neither be read nor made, or is no such key.
result<std::string> load_pseudonym_key(const std::string& store_path);

/// Const after construction; any thread.
class pseudonyms {
 public:
  /// The identity: addresses as they are.
  pseudonyms() = default;
  /// `key`: pseudonym_key_bytes bytes.
  explicit pseudonyms(std::string key);

  bool on() const { return !key_.empty(); }
  /// What the database holds instead of the address: the address itself while the switch is off.
  /// "::", which is nobody, stays.
  ip_address stand_in(const ip_address& address) const;
  /// The address as text, or its pseudonym: "addr-" and 8 characters. Of a stand-in always the
  /// pseudonym, also when the switch is off by now.
  std::string name(const ip_address& address) const;
  /// Free text with the addresses in it replaced ("user anna from 127.0.0.1") by their names; of a
  /// range written as 10.1.0.0/16 the address before the slash.
  std::string scrub(std::string_view text) const;

 private:
  std::uint64_t bits_of(const ip_address& address) const;

  std::string key_;
};

}  // namespace callweir::dashboard
