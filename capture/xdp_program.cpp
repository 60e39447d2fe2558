#include "capture/xdp_program.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "capture/descriptor.hpp"

namespace callweir::capture {
namespace {

constexpr std::size_t maps_max = 64;

std::uint32_t program_id(int interface_index) {
  std::uint32_t id = 0;
  return bpf_xdp_query_id(interface_index, 0, &id) == 0 ? id : 0;
}

/// Calls `visit(fd, info)` for each socket map of the program; returns how many there are.
template <class Visit>
unsigned visit_socket_maps(std::uint32_t id, Visit visit) {
  const descriptor program(bpf_prog_get_fd_by_id(id));
  if (!program) return 0;
  std::array<std::uint32_t, maps_max> maps{};
  bpf_prog_info about{};
  about.nr_map_ids = maps.size();
  about.map_ids = reinterpret_cast<std::uintptr_t>(maps.data());
  std::uint32_t size = sizeof about;
  if (bpf_obj_get_info_by_fd(program.get(), &about, &size) != 0) return 0;
  unsigned found = 0;
  for (std::uint32_t i = 0; i < about.nr_map_ids && i < maps.size(); ++i) {
    const descriptor map(bpf_map_get_fd_by_id(maps[i]));
    bpf_map_info info{};
    std::uint32_t info_size = sizeof info;
    if (!map || bpf_obj_get_info_by_fd(map.get(), &info, &info_size) != 0) continue;
    if (info.type != BPF_MAP_TYPE_XSKMAP) continue;
    ++found;
    visit(map.get(), info);
  }
  return found;
}

}  // namespace

xdp_state query_xdp(int interface_index) {
  const auto id = program_id(interface_index);
  if (id == 0) return xdp_state::none;
  return visit_socket_maps(id, [](int, const bpf_map_info&) {}) > 0 ? xdp_state::ours
                                                                    : xdp_state::foreign;
}

result<unsigned> unhook_xdp(int interface_index) {
  const auto id = program_id(interface_index);
  if (id == 0) return 0U;
  unsigned taken = 0;
  const auto maps = visit_socket_maps(id, [&](int map, const bpf_map_info& info) {
    for (std::uint32_t key = 0; key < info.max_entries; ++key)
      if (bpf_map_delete_elem(map, &key) == 0) ++taken;
  });
  if (maps > 0) return taken;
  if (auto gone = detach_xdp(interface_index); !gone) return tl::unexpected(gone.error());
  return 0U;
}

result<void> hook_xdp(int interface_index, std::uint32_t queue, int socket) {
  int error = 0;
  const auto maps =
      visit_socket_maps(program_id(interface_index), [&](int map, const bpf_map_info&) {
        if (bpf_map_update_elem(map, &queue, &socket, BPF_ANY) != 0) error = errno;
      });
  if (maps == 0) return fail("the interface has no XDP program of ours");
  if (error != 0)
    return fail(std::string("cannot hand frames to a socket: ") + std::strerror(error));
  return {};
}

std::vector<int> xdp_sockets() {
  constexpr int descriptors_max = 4096;
  std::vector<int> found;
  for (int fd = 0; fd < descriptors_max; ++fd) {
    int domain = 0;
    socklen_t size = sizeof domain;
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_XDP)
      found.push_back(fd);
  }
  return found;
}

result<void> detach_xdp(int interface_index) {
  if (program_id(interface_index) == 0) return {};
  const int error = bpf_xdp_detach(interface_index, 0, nullptr);
  if (error != 0) return fail(std::string("cannot detach XDP: ") + std::strerror(-error));
  return {};
}

void quiet_xdp_libraries() {
  libbpf_set_print(nullptr);
  libxdp_set_print(nullptr);
}

}  // namespace callweir::capture
