// A certificate of our own making: ECDSA over P-256, SHA-256, ten years, for the names under which
// a dashboard on this machine is reached.
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "dashboard/http/server.hpp"
#include "dashboard/http/tls.hpp"

namespace callweir::dashboard::http {
namespace {

constexpr long valid_s = 10L * 365 * 86'400;

struct deleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(BIO* bio) const { BIO_free_all(bio); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(BIGNUM* number) const { BN_free(number); }
};
template <class T>
using owned = std::unique_ptr<T, deleter>;

/// The machine's name as far as it may stand in a certificate (RFC 1123), else "".
std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  const std::string out(name.data());
  const auto bad =
      out.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.");
  return out.empty() || out.size() > 63 || bad != std::string::npos ? "" : out;
}

bool add_extension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const owned<X509_EXTENSION> extension(
      X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_serial(X509* certificate) {
  const owned<BIGNUM> number(BN_new());
  return number && BN_rand(number.get(), 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

owned<X509> make_certificate(EVP_PKEY* key) {
  owned<X509> out(X509_new());
  if (!out) return nullptr;
  const std::string host = host_name();
  std::string names = "DNS:localhost,IP:127.0.0.1,IP:::1";
  if (!host.empty() && host != "localhost") names += ",DNS:" + host;
  const std::string common = host.empty() ? "callweir" : host;
  const auto* text = reinterpret_cast<const unsigned char*>(common.c_str());
  X509_NAME* subject = X509_get_subject_name(out.get());
  const bool made = X509_set_version(out.get(), X509_VERSION_3) == 1 && set_serial(out.get()) &&
                    // An hour back: the client's clock may be behind ours.
                    X509_gmtime_adj(X509_getm_notBefore(out.get()), -3600) != nullptr &&
                    X509_gmtime_adj(X509_getm_notAfter(out.get()), valid_s) != nullptr &&
                    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, text, -1, -1, 0) == 1 &&
                    X509_set_issuer_name(out.get(), subject) == 1 &&
                    X509_set_pubkey(out.get(), key) == 1 &&
                    add_extension(out.get(), NID_basic_constraints, "critical,CA:FALSE") &&
                    add_extension(out.get(), NID_key_usage, "critical,digitalSignature") &&
                    add_extension(out.get(), NID_ext_key_usage, "serverAuth") &&
                    add_extension(out.get(), NID_subject_key_identifier, "hash") &&
                    add_extension(out.get(), NID_subject_alt_name, names) &&
                    X509_sign(out.get(), key, EVP_sha256()) > 0;
  return made ? std::move(out) : nullptr;
}

std::string text_of(BIO* memory) {
  char* data = nullptr;
  const long bytes = BIO_get_mem_data(memory, &data);
  return bytes > 0 ? std::string(data, static_cast<std::size_t>(bytes)) : std::string();
}

/// Writes a new file and never over one that is there: under another name first, on disk before it
/// gets its own.
result<void> write_new(const std::string& path, const std::string& text, mode_t mode) {
  const std::string draft = path + ".new";
  ::unlink(draft.c_str());  // of a start that was killed
  const int file =
      ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
  if (file < 0) return fail(std::string("cannot be created: ") + std::strerror(errno), draft);
  // The process's umask may take rights away that the certificate should have; never adds any.
  const bool written =
      ::fchmod(file, mode) == 0 &&
      ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
      ::fsync(file) == 0;
  int problem = errno;
  ::close(file);
  if (written &&
      ::renameat2(AT_FDCWD, draft.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0) {
    return {};
  }
  if (written) problem = errno;
  ::unlink(draft.c_str());
  return fail(std::string("cannot be written: ") + std::strerror(problem), path);
}

result<void> make_pair(const std::string& certificate, const std::string& key) {
  const owned<EVP_PKEY> pair(EVP_EC_gen("P-256"));
  const owned<X509> made = pair ? make_certificate(pair.get()) : nullptr;
  const owned<BIO> key_text(BIO_new(BIO_s_secmem()));
  const owned<BIO> certificate_text(BIO_new(BIO_s_mem()));
  if (!made || !key_text || !certificate_text ||
      PEM_write_bio_PKCS8PrivateKey(key_text.get(), pair.get(), nullptr, nullptr, 0, nullptr,
                                    nullptr) != 1 ||
      PEM_write_bio_X509(certificate_text.get(), made.get()) != 1) {
    return fail("no certificate can be made: " + openssl_error());
  }
  std::string secret = text_of(key_text.get());
  const auto kept = write_new(key, secret, 0600);
  OPENSSL_cleanse(secret.data(), secret.size());
  if (!kept) return kept;
  auto done = write_new(certificate, text_of(certificate_text.get()), 0644);
  if (!done) ::unlink(key.c_str());  // made a moment ago, and useless alone
  return done;
}

result<std::string> fingerprint_of(SSL_CTX* context, const std::string& path) {
  const X509* certificate = SSL_CTX_get0_certificate(context);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned bytes = 0;
  if (certificate == nullptr ||
      X509_digest(certificate, EVP_sha256(), digest.data(), &bytes) != 1) {
    return fail("no fingerprint can be made: " + openssl_error(), path);
  }
  std::string out;
  for (unsigned i = 0; i < bytes; ++i) {
    std::array<char, 4> text{};
    std::snprintf(text.data(), text.size(), "%s%02X", i == 0 ? "" : ":", unsigned{digest[i]});
    out += text.data();
  }
  return out;
}

bool exists(const std::string& path) {
  struct stat unused {};
  return ::lstat(path.c_str(), &unused) == 0;
}

}  // namespace

result<std::string> ensure_certificate(const std::string& certificate, const std::string& key) {
  const bool has_certificate = exists(certificate);
  const bool has_key = exists(key);
  if (has_certificate != has_key) {
    return fail(has_key ? "the certificate to " + key + " is missing"
                        : "the key to " + certificate + " is missing",
                has_key ? certificate : key,
                "bring the missing file back, or remove the other one and a new pair is made");
  }
  if (!has_key) {
    if (const auto made = make_pair(certificate, key); !made) {
      return tl::unexpected<error>(made.error());
    }
  }
  struct stat about {};
  if (::stat(key.c_str(), &about) == 0 && (about.st_mode & S_IRWXO) != 0) {
    return fail("anyone on this machine can read the key", key, "chmod 600 it");
  }
  const auto context = make_tls_context(certificate, key);
  if (!context) return tl::unexpected<error>(context.error());
  return fingerprint_of(context->get(), certificate);
}

}  // namespace callweir::dashboard::http
