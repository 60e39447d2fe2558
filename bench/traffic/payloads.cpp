#include "bench/traffic/payloads.hpp"

namespace callweir::bench {
namespace {

void put(payload& out, std::initializer_list<int> bytes) {
  for (const int each : bytes) out.push_back(static_cast<std::uint8_t>(each));
}

void put_16(payload& out, std::size_t value) {
  put(out, {static_cast<int>(value >> 8 & 0xff), static_cast<int>(value & 0xff)});
}

void put_text(payload& out, std::string_view text) {
  out.insert(out.end(), text.begin(), text.end());
}

/// Bytes without a pattern, the same in each run.
void put_noise(payload& out, std::size_t bytes, std::uint64_t seed) {
  std::uint64_t x = seed * 0x9e37'79b9'7f4a'7c15ULL + 1;
  for (std::size_t i = 0; i < bytes; ++i) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    out.push_back(static_cast<std::uint8_t>(x >> 24));
  }
}

void put_extension(payload& out, std::uint16_t type, const payload& body) {
  put_16(out, type);
  put_16(out, body.size());
  out.insert(out.end(), body.begin(), body.end());
}

payload server_name(std::string_view server) {
  payload out;
  put_16(out, server.size() + 3);
  put(out, {0});
  put_16(out, server.size());
  put_text(out, server);
  return out;
}

payload key_share() {
  payload out;
  put_16(out, 36);
  put_16(out, 0x001d);
  put_16(out, 32);
  put_noise(out, 32, 3);
  return out;
}

/// The handshake message without a record around it.
payload client_hello_message(std::string_view server, bool quic) {
  payload extensions;
  put_extension(extensions, 0, server_name(server));
  put_extension(extensions, 10, {0, 6, 0, 0x1d, 0, 0x17, 0, 0x18});
  put_extension(extensions, 13, {0, 8, 4, 3, 8, 4, 4, 1, 5, 3});
  payload protocols = {0, 3, 2, 'h', static_cast<std::uint8_t>(quic ? '3' : '2')};
  put_extension(extensions, 16, protocols);
  put_extension(extensions, 43, {2, 3, 4});
  put_extension(extensions, 45, {1, 1});
  put_extension(extensions, 51, key_share());
  if (quic) put_extension(extensions, 57, {1, 2, 0x67, 0x10, 4, 4, 0x80, 0x10, 0, 0});
  payload body;
  put(body, {3, 3});
  put_noise(body, 32, 1);
  put(body, {quic ? 0 : 32});
  if (!quic) put_noise(body, 32, 2);
  put_16(body, 6);
  put(body, {0x13, 1, 0x13, 2, 0x13, 3, 1, 0});
  put_16(body, extensions.size());
  body.insert(body.end(), extensions.begin(), extensions.end());
  payload out;
  put(out, {1, 0});
  put_16(out, body.size());
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

void put_name(payload& out, std::string_view name) {
  while (!name.empty()) {
    const auto label = name.substr(0, name.find('.'));
    put(out, {static_cast<int>(label.size())});
    put_text(out, label);
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  put(out, {0});
}

payload dns_header(bool answer) {
  payload out = {0x4e, 0x21};
  put(out, {answer ? 0x81 : 0x01, answer ? 0x80 : 0x00, 0, 1, 0, answer ? 1 : 0, 0, 0, 0, 0});
  return out;
}

}  // namespace

payload tls_client_hello(std::string_view server) {
  const payload message = client_hello_message(server, false);
  payload out = {22, 3, 1};
  put_16(out, message.size());
  out.insert(out.end(), message.begin(), message.end());
  return out;
}

payload quic_client_hello(std::string_view server) {
  return client_hello_message(server, true);
}

payload tls_server_hello() {
  payload body;
  put(body, {3, 3});
  put_noise(body, 32, 4);
  put(body, {32});
  put_noise(body, 32, 2);
  put(body, {0x13, 1, 0});
  payload extensions;
  put_extension(extensions, 43, {3, 4});
  payload share;
  put_16(share, 0x001d);
  put_16(share, 32);
  put_noise(share, 32, 5);
  put_extension(extensions, 51, share);
  put_16(body, extensions.size());
  body.insert(body.end(), extensions.begin(), extensions.end());
  payload out = {22, 3, 3};
  put_16(out, body.size() + 4);
  put(out, {2, 0});
  put_16(out, body.size());
  out.insert(out.end(), body.begin(), body.end());
  put(out, {20, 3, 3, 0, 1, 1});
  const payload rest = tls_data(600);
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

payload tls_data(std::size_t bytes) {
  payload out = {23, 3, 3};
  put_16(out, bytes - 5);
  put_noise(out, bytes - 5, bytes);
  return out;
}

payload quic_server_initial() {
  payload out = {0xc3, 0, 0, 0, 1, 0, 8};
  put_noise(out, 8, 7);
  put(out, {0, 0x44, 0x90});
  put_noise(out, 1200 - out.size(), 8);
  return out;
}

payload quic_data(std::size_t bytes) {
  payload out;
  put_noise(out, bytes, bytes);
  out[0] = static_cast<std::uint8_t>(0x40 | (out[0] & 0x3f));
  return out;
}

payload dns_question(std::string_view name) {
  payload out = dns_header(false);
  put_name(out, name);
  put(out, {0, 1, 0, 1});
  return out;
}

payload dns_answer(std::string_view name) {
  payload out = dns_header(true);
  put_name(out, name);
  put(out, {0, 1, 0, 1, 0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 0x2c, 0, 4, 192, 0, 2, 80});
  return out;
}

payload stun_check(bool answer) {
  payload attributes;
  if (answer) {
    put_extension(attributes, 0x0020, {0, 1, 0xe1, 0x52, 0xe1, 0x12, 0xa6, 0x43});
  } else {
    put_extension(attributes, 0x0006, {'a', 'b', 'c', 'd', ':', 'e', 'f', 'g'});
    put_extension(attributes, 0x0024, {0x6e, 0x7f, 0x1e, 0xff});
    put_extension(attributes, 0x802a, {1, 2, 3, 4, 5, 6, 7, 8});
  }
  payload integrity, print;
  put_noise(integrity, 20, 9);
  put_extension(attributes, 0x0008, integrity);
  put_noise(print, 4, 10);
  put_extension(attributes, 0x8028, print);
  payload out;
  put(out, {answer ? 1 : 0, 1});
  put_16(out, attributes.size());
  put(out, {0x21, 0x12, 0xa4, 0x42});
  put_noise(out, 12, 11);
  out.insert(out.end(), attributes.begin(), attributes.end());
  return out;
}

payload rtp_opus(std::size_t bytes) {
  payload out = {0x80, 111, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  put_noise(out, bytes - out.size(), bytes);
  return out;
}

}  // namespace callweir::bench
