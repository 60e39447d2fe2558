// Names that stand for addresses where the privacy switch is on: "addr-7k3m9qz2". The same address
// has the same name wherever the same key is used, so that a host can be followed through a report
// and from one report to the next; without the key nobody can tell the address from the name, nor
// try all addresses. Inside and outside ends are named alike: the name tells nothing.
#pragma once

#include <string>
#include <string_view>

#include "base/ip_address.hpp"
#include "base/result.hpp"

namespace callweir::dashboard {

constexpr std::size_t pseudonym_key_bytes = 32;

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
  /// The address as text, or its pseudonym: "addr-" and 8 characters, 40 bits of a keyed BLAKE2b.
  std::string name(const ip_address& address) const;
  /// Free text with the addresses in it replaced ("user anna from 127.0.0.1"); of a range written
  /// as 10.1.0.0/16 the address before the slash.
  std::string scrub(std::string_view text) const;

 private:
  std::string key_;
};

}  // namespace callweir::dashboard
