// The certificate of our own making, and what the server speaks under it.
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "dashboard/http/server.hpp"
#include "tests/unit/dashboard/http_client.hpp"

namespace callweir::dashboard::http {
namespace {

using test::http_client;

class http_tls : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("callweir-tls-" + std::to_string(getpid()));
    std::filesystem::create_directory(folder_);
    certificate_ = folder_ / "cert.pem";
    key_ = folder_ / "key.pem";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void start() {
    ASSERT_TRUE(ensure_certificate(certificate_, key_));
    server_options options;
    options.port = 0;
    options.certificate = certificate_;
    options.key = key_;
    auto made = server::start(
        options, [](const request&) { return response{}; }, board_);
    ASSERT_TRUE(made);
    server_ = std::move(*made);
  }

  std::filesystem::path folder_;
  std::string certificate_, key_;
  live_board board_;
  std::unique_ptr<server> server_;
};

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

mode_t mode_of(const std::string& path) {
  struct stat about {};
  EXPECT_EQ(::stat(path.c_str(), &about), 0);
  return about.st_mode & 0777;
}

TEST_F(http_tls, makes_a_pair_once) {
  const mode_t before = ::umask(0);
  const auto made = ensure_certificate(certificate_, key_);
  ::umask(before);
  ASSERT_TRUE(made) << made.error().text();
  EXPECT_EQ(made->size(), 95U);
  EXPECT_EQ((*made)[2], ':');
  EXPECT_EQ(mode_of(key_), 0600U);
  EXPECT_EQ(mode_of(certificate_), 0644U);
  const std::string text = text_of(certificate_);
  EXPECT_EQ(ensure_certificate(certificate_, key_).value_or(""), *made);
  EXPECT_EQ(text_of(certificate_), text);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 2);
}

TEST_F(http_tls, never_overwrites_what_is_broken) {
  ASSERT_TRUE(ensure_certificate(certificate_, key_));
  const auto refused = [&] {
    const auto got = ensure_certificate(certificate_, key_);
    EXPECT_FALSE(got);
    return got ? std::string() : got.error().text();
  };
  std::filesystem::permissions(key_, std::filesystem::perms(0644));
  EXPECT_NE(refused().find("anyone"), std::string::npos);
  std::filesystem::permissions(key_, std::filesystem::perms(0600));
  const std::string other_key = folder_ / "other.pem";
  ASSERT_TRUE(ensure_certificate(folder_ / "other.cert.pem", other_key));
  std::filesystem::rename(key_, folder_ / "kept.pem");
  EXPECT_NE(refused().find("is missing"), std::string::npos);
  std::filesystem::rename(other_key, key_);
  EXPECT_NE(refused().find("key"), std::string::npos);
  std::ofstream(key_, std::ios::trunc) << "nothing";
  refused();
  EXPECT_EQ(text_of(key_), "nothing");
  EXPECT_FALSE(ensure_certificate(folder_ / "no" / "cert.pem", folder_ / "no" / "key.pem"));
}

TEST_F(http_tls, certificate_is_for_the_names_of_this_machine) {
  start();
  http_client client(server_->port(), true);
  ASSERT_TRUE(client.connected());
  X509* certificate = SSL_get1_peer_certificate(client.tls());
  ASSERT_NE(certificate, nullptr);
  EXPECT_EQ(X509_check_host(certificate, "localhost", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate, "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate, "::1", 0), 1);
  EXPECT_EQ(X509_check_host(certificate, "example.org", 0, 0, nullptr), 0);
  EXPECT_EQ(EVP_PKEY_get_bits(X509_get0_pubkey(certificate)), 256);
  X509_free(certificate);
}

/// Whether a handshake with these settings of the client comes about.
bool speaks(std::uint16_t port, int lowest, int highest, const char* ciphers,
            const std::string& protocols = {}) {
  http_client client(port, false);
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_min_proto_version(context, lowest);
  SSL_CTX_set_max_proto_version(context, highest);
  if (ciphers != nullptr) SSL_CTX_set_cipher_list(context, ciphers);
  if (!protocols.empty()) {
    SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(protocols.data()),
                            static_cast<unsigned>(protocols.size()));
  }
  SSL* connection = SSL_new(context);
  SSL_set_fd(connection, client.socket());
  const bool out = SSL_connect(connection) == 1;
  SSL_free(connection);
  SSL_CTX_free(context);
  ERR_clear_error();
  return out;
}

TEST_F(http_tls, speaks_1_2_and_1_3_with_forward_secrecy) {
  start();
  const auto port = server_->port();
  EXPECT_TRUE(speaks(port, TLS1_3_VERSION, TLS1_3_VERSION, nullptr, "\x02h2\x08http/1.1"));
  EXPECT_TRUE(speaks(port, TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256"));
  EXPECT_FALSE(speaks(port, TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA"));
  EXPECT_FALSE(speaks(port, TLS1_VERSION, TLS1_1_VERSION, "ALL"));
  EXPECT_FALSE(speaks(port, TLS1_3_VERSION, TLS1_3_VERSION, nullptr, "\x02h2"));
}

TEST_F(http_tls, refuses_renegotiation_and_resumes_nothing) {
  start();
  http_client client(server_->port(), true);
  ASSERT_EQ(client.ask("GET", "/").status, 200);
  EXPECT_EQ(SSL_SESSION_is_resumable(SSL_get0_session(client.tls())), 0);
  http_client older(server_->port(), false);
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
  SSL* connection = SSL_new(context);
  SSL_set_fd(connection, older.socket());
  ASSERT_EQ(SSL_connect(connection), 1);
  SSL_renegotiate(connection);
  EXPECT_NE(SSL_do_handshake(connection), 1);
  SSL_free(connection);
  SSL_CTX_free(context);
  ERR_clear_error();
}

TEST_F(http_tls, tells_a_client_without_tls_what_to_do) {
  start();
  http_client client(server_->port(), false);
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  const auto got = client.answer();
  EXPECT_EQ(got.status, 400);
  EXPECT_NE(got.body.find("HTTPS"), std::string::npos);
  http_client garbage(server_->port(), false);
  garbage.send(std::string(300, '\xff'));
  EXPECT_TRUE(garbage.ended());
}

TEST_F(http_tls, survives_a_flood_of_key_updates) {
  start();
  http_client flood(server_->port(), true);
  for (int i = 0; i < 2'000 && flood.connected(); ++i) {
    if (SSL_key_update(flood.tls(), SSL_KEY_UPDATE_NOT_REQUESTED) != 1) break;
    if (SSL_do_handshake(flood.tls()) != 1) break;
  }
  ERR_clear_error();
  http_client polite(server_->port(), true);
  EXPECT_EQ(polite.ask("GET", "/").status, 200);
}

}  // namespace
}  // namespace callweir::dashboard::http
