// The datagram that opens a QUIC connection.
#include "bench/traffic/payloads.hpp"
#include "tests/support/quic_builder.hpp"

namespace callweir::bench {

payload quic_client_hello(std::string_view server);  // payloads.cpp

payload quic_initial(std::string_view server) {
  const payload hello = quic_client_hello(server);
  return test::quic_initial_packet(test::crypto_frame(hello, 0, hello.size()));
}

}  // namespace callweir::bench
