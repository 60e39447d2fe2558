#include "dashboard/privacy/pseudonyms.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace callweir::dashboard {
namespace {

// Digits and letters that are not mistaken for each other (Crockford's base 32).
constexpr std::string_view letters = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t name_letters = 8;  // 40 bits: two of 10,000 addresses meet once in 20,000

/// Closes at the end of the scope.
struct descriptor {
  int fd;
  ~descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

tl::unexpected<error> refuse(const std::string& path, const char* what, int code) {
  return fail(fmt::format("{}: {}", what, std::strerror(code)), path,
              "pseudonyms need this key file; it must be readable and writable by this user only");
}

result<std::string> read_key(const std::string& path, int fd) {
  std::array<unsigned char, 2 * pseudonym_key_bytes + 2> text{};
  std::size_t length = 0;
  while (length < text.size()) {
    const auto got = ::read(fd, text.data() + length, text.size() - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return refuse(path, "cannot be read", errno);
    if (got == 0) break;
    length += static_cast<std::size_t>(got);
  }
  std::string key(pseudonym_key_bytes, '\0');
  std::size_t bytes = 0;
  // Anything after 64 hexadecimal digits and a line end is not the file that was written here.
  std::string digits(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(length));
  if (digits.ends_with('\n')) digits.pop_back();
  const bool whole = digits.size() == 2 * pseudonym_key_bytes &&
                     sodium_hex2bin(reinterpret_cast<unsigned char*>(key.data()), key.size(),
                                    digits.data(), digits.size(), nullptr, &bytes, nullptr) == 0 &&
                     bytes == pseudonym_key_bytes;
  if (!whole) {
    return fail("is not a key of pseudonyms: 64 hexadecimal digits are expected", path,
                "remove it and a new one is made; names then differ from those of older reports");
  }
  return key;
}

result<void> write_key(const std::string& path, int fd, const std::string& key) {
  std::array<char, 2 * pseudonym_key_bytes + 1> hex{};
  sodium_bin2hex(hex.data(), hex.size(), reinterpret_cast<const unsigned char*>(key.data()),
                 key.size());
  hex.back() = '\n';
  if (::write(fd, hex.data(), hex.size()) != static_cast<ssize_t>(hex.size()) || ::fsync(fd) != 0)
    return refuse(path, "cannot be written", errno != 0 ? errno : ENOSPC);
  return {};
}

bool address_letter(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '.' ||
         c == ':';
}

constexpr std::size_t run_most = 64;  // an IPv6 address with an IPv4 tail has 45 letters

struct address_found {
  std::size_t begin = 0, length = 0;  // length 0: none
  ip_address address;
};

/// The first and longest address in a run of its letters: a port, a full stop or the colon of
/// "from:10.0.0.5" may hang on to it.
address_found address_in(std::string_view run) {
  const auto points = std::count(run.begin(), run.end(), '.');
  const auto colons = std::count(run.begin(), run.end(), ':');
  if (points < 3 && colons < 2) return {};
  for (std::size_t begin = 0; begin + 3 <= run.size(); ++begin) {
    for (std::size_t length = run.size() - begin; length >= 3; --length) {
      if (auto address = ip_address::parse(run.substr(begin, length)))
        return {begin, length, *address};
    }
  }
  return {};
}

}  // namespace

std::string make_pseudonym_key() {
  if (sodium_init() < 0) return {};
  std::string key(pseudonym_key_bytes, '\0');
  randombytes_buf(key.data(), key.size());
  return key;
}

result<std::string> load_pseudonym_key(const std::string& store_path) {
  const std::string path = store_path + ".pseudonym-key";
  if (const descriptor there{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
      there.fd >= 0) {
    return read_key(path, there.fd);
  }
  if (errno != ENOENT) return refuse(path, "cannot be opened", errno);
  const std::string key = make_pseudonym_key();
  if (key.empty()) return fail("no random numbers can be had");
  // Written whole under a name of its own and then linked: of two processes one wins, and nobody
  // ever reads half a key.
  std::string draft = path + ".XXXXXX";
  const descriptor made{::mkostemp(draft.data(), O_CLOEXEC)};  // mode 0600
  if (made.fd < 0) return refuse(path, "cannot be made", errno);
  if (auto wrote = write_key(path, made.fd, key); !wrote) {
    ::unlink(draft.c_str());
    return tl::unexpected(wrote.error());
  }
  const int linked = ::link(draft.c_str(), path.c_str()) == 0 ? 0 : errno;
  ::unlink(draft.c_str());
  if (linked == 0) return key;
  if (linked != EEXIST) return refuse(path, "cannot be made", linked);
  const descriptor winner{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (winner.fd < 0) return refuse(path, "cannot be opened", errno);
  return read_key(path, winner.fd);
}

pseudonyms::pseudonyms(std::string key) : key_(std::move(key)) {
  key_.resize(pseudonym_key_bytes);
}

std::uint64_t pseudonyms::bits_of(const ip_address& address) const {
  std::array<unsigned char, 16> bytes{};
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<unsigned char>(address.high >> (56 - 8 * i));
    bytes[8 + i] = static_cast<unsigned char>(address.low >> (56 - 8 * i));
  }
  std::array<unsigned char, crypto_generichash_BYTES_MIN> hash{};
  crypto_generichash(hash.data(), hash.size(), bytes.data(), bytes.size(),
                     reinterpret_cast<const unsigned char*>(key_.data()), key_.size());
  std::uint64_t bits = 0;
  std::memcpy(&bits, hash.data(), sizeof bits);
  return bits;
}

ip_address pseudonyms::stand_in(const ip_address& address) const {
  if (!on() || address == ip_address{}) return address;
  return {stand_in_prefix, bits_of(address)};
}

std::string pseudonyms::name(const ip_address& address) const {
  const bool made = is_stand_in(address);
  if (!on() && !made) return address.text();
  std::uint64_t bits = made ? address.low : bits_of(address);
  std::string out = "addr-";
  for (std::size_t i = 0; i < name_letters; ++i, bits >>= 5) out += letters[bits & 31];
  return out;
}

std::string pseudonyms::scrub(std::string_view text) const {
  // Every stand-in as text begins so.
  if (!on() && text.find("100::") == std::string_view::npos) return std::string(text);
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t run = 0;
    while (run < run_most && at + run < text.size() && address_letter(text[at + run])) ++run;
    const auto found = address_in(text.substr(at, run));
    if (found.length > 0 && (on() || is_stand_in(found.address))) {
      out += text.substr(at, found.begin);
      out += name(found.address);
      at += found.begin + found.length;
    } else {
      out += text.substr(at, std::max<std::size_t>(run, 1));
      at += std::max<std::size_t>(run, 1);
    }
  }
  return out;
}

}  // namespace callweir::dashboard
