#include "base/capture_file.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

namespace callweir {
namespace {

using bytes = std::vector<std::uint8_t>;

struct stored_frame {
  std::int64_t ns = 0;
  bytes data;
  std::uint32_t wire = 0;
  std::uint16_t link_type = 0;
  friend bool operator==(const stored_frame&, const stored_frame&) = default;
};

struct outcome {
  std::vector<stored_frame> frames;
  std::string damage;
};

outcome read_all(capture_reader& reader, std::size_t burst = 3) {
  outcome made;
  std::vector<captured_frame> frames(burst);
  for (;;) {
    const auto count = reader.read_burst(frames);
    if (!count) {
      made.damage = count.error().text();
      EXPECT_FALSE(reader.read_burst(frames));  // it stays so
      return made;
    }
    if (*count == 0) return made;
    for (std::size_t i = 0; i < *count; ++i) {
      const captured_frame& each = frames[i];
      made.frames.push_back(
          {each.time.ns, bytes(each.data, each.data + each.captured), each.wire, each.link_type});
    }
  }
}

outcome read_bytes(const bytes& file) {
  auto reader = capture_reader::over(file, "test");
  if (!reader) return {{}, reader.error().text()};
  return read_all(*reader);
}

/// Bytes in either order.
class file_builder {
 public:
  explicit file_builder(bool swapped) : swapped_(swapped) {}
  file_builder& u16(std::uint16_t v) { return put(swapped_ ? __builtin_bswap16(v) : v); }
  file_builder& u32(std::uint32_t v) { return put(swapped_ ? __builtin_bswap32(v) : v); }
  file_builder& u64(std::uint64_t v) { return put(swapped_ ? __builtin_bswap64(v) : v); }
  file_builder& add(const bytes& data) {
    made.insert(made.end(), data.begin(), data.end());
    return *this;
  }
  file_builder& block(std::uint32_t type, const file_builder& body) {
    bytes padded = body.made;
    padded.resize((padded.size() + 3) / 4 * 4);
    const auto length = static_cast<std::uint32_t>(padded.size() + 12);
    return u32(type).u32(length).add(padded).u32(length);
  }
  file_builder body() const { return file_builder(swapped_); }
  bytes made;

 private:
  template <class T>
  file_builder& put(T value) {
    bytes raw(sizeof value);
    std::memcpy(raw.data(), &value, sizeof value);
    return add(raw);
  }
  bool swapped_;
};

file_builder pcap_start(bool swapped, std::uint32_t magic, std::uint32_t link = 1) {
  return file_builder(swapped).u32(magic).u16(2).u16(4).u32(0).u32(0).u32(65'535).u32(link);
}
file_builder section_start(bool swapped) {
  file_builder file(swapped);
  file.block(0x0a0d0d0a, file.body().u32(0x1a2b3c4d).u16(1).u16(0).u64(~0ULL));
  return file;
}
file_builder interface_body(bool swapped, std::uint16_t link, std::uint32_t snap = 0) {
  return file_builder(swapped).u16(link).u16(0).u32(snap);
}
file_builder packet_body(bool swapped, std::uint32_t interface, std::uint64_t ticks,
                         const bytes& data, std::uint32_t wire = 0) {
  const auto size = static_cast<std::uint32_t>(data.size());
  return file_builder(swapped)
      .u32(interface)
      .u32(static_cast<std::uint32_t>(ticks >> 32))
      .u32(static_cast<std::uint32_t>(ticks))
      .u32(size)
      .u32(wire == 0 ? size : wire)
      .add(data);
}

TEST(capture_file, reads_pcap_of_both_orders_and_resolutions) {
  for (const bool swapped : {false, true}) {
    for (const std::uint32_t magic : {0xa1b2c3d4u, 0xa1b23c4du}) {
      file_builder file = pcap_start(swapped, magic, 113);
      file.u32(1'700'000'000).u32(123'456).u32(3).u32(1500).add({1, 2, 3});
      file.u32(1'700'000'001).u32(7).u32(0).u32(0);
      const outcome seen = read_bytes(file.made);
      EXPECT_EQ(seen.damage, "");
      ASSERT_EQ(seen.frames.size(), 2u);
      const std::int64_t unit = magic == 0xa1b23c4d ? 1 : 1000;
      EXPECT_EQ(seen.frames[0],
                (stored_frame{1'700'000'000'000'000'000 + 123'456 * unit, {1, 2, 3}, 1500, 113}));
      EXPECT_EQ(seen.frames[1], (stored_frame{1'700'000'001'000'000'000 + 7 * unit, {}, 0, 113}));
    }
  }
}

TEST(capture_file, reads_pcapng_with_several_sections_and_interfaces) {
  for (const bool swapped : {false, true}) {
    file_builder file = section_start(swapped);
    file.block(1, interface_body(swapped, 1));
    // if_tsresol 10^-9, if_tsoffset 100 s, end of options.
    file.block(1, interface_body(swapped, 101, 4)
                      .u16(9)
                      .u16(1)
                      .add({9, 0, 0, 0})
                      .u16(14)
                      .u16(8)
                      .u64(100)
                      .u16(0)
                      .u16(0));
    file.block(1, interface_body(swapped, 276).u16(9).u16(1).add({0x80 | 10, 0, 0, 0}));  // 2^-10
    file.block(0x0000'000b, file.body().u32(1));  // unknown to us
    file.block(6, packet_body(swapped, 0, 5'000'000, {1, 2, 3, 4, 5}, 90));
    file.block(6, packet_body(swapped, 1, 5, {6}));
    file.block(6, packet_body(swapped, 2, 1024 * 3 + 512, {7, 8}));
    file.block(3,
               file.body().u32(2).add({9, 9}));  // simple packet: first interface, the time before
    file.block(2, file.body().u16(1).u16(0).u32(0).u32(8).u32(1).u32(1).add(
                      {4}));  // obsolete packet block
    const file_builder second = section_start(!swapped);
    file.add(second.made).add(file_builder(!swapped).block(1, interface_body(!swapped, 228)).made);
    file.add(file_builder(!swapped).block(6, packet_body(!swapped, 0, 1, {3})).made);
    const outcome seen = read_bytes(file.made);
    EXPECT_EQ(seen.damage, "");
    const std::vector<stored_frame> expected = {
        {5'000'000'000, {1, 2, 3, 4, 5}, 90, 1}, {100'000'000'005, {6}, 1, 101},
        {3'500'000'000, {7, 8}, 2, 276},         {3'500'000'000, {9, 9}, 2, 1},
        {100'000'000'008, {4}, 1, 101},          {1000, {3}, 1, 228}};
    EXPECT_EQ(seen.frames, expected);
  }
}

TEST(capture_file, cuts_simple_packets_at_the_snap_length) {
  file_builder file = section_start(false);
  file.block(1, interface_body(false, 1, 2));
  file.block(3, file.body().u32(3).add({1, 2}));
  EXPECT_EQ(read_bytes(file.made).frames.at(0), (stored_frame{0, {1, 2}, 3, 1}));
}

TEST(capture_file, refuses_what_is_no_capture) {
  EXPECT_NE(read_bytes({}).damage.find("is empty"), std::string::npos);
  EXPECT_NE(read_bytes({1, 2}).damage.find("too short"), std::string::npos);
  EXPECT_NE(read_bytes(bytes(100, 'x')).damage.find("is no capture file"), std::string::npos);
  EXPECT_NE(read_bytes({0xd4, 0xc3, 0xb2, 0xa1, 2}).damage.find("cut off"), std::string::npos);
  const auto absent = capture_reader::open("/no/such/file.pcap");
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().where, "/no/such/file.pcap");
  EXPECT_FALSE(capture_reader::open("/"));
}

struct damaged_file {
  const char* name;
  bytes file;
  std::size_t frames;  // delivered before
  const char* says;
};

std::vector<damaged_file> damaged_files() {
  const auto pcap = [] {
    file_builder file = pcap_start(false, 0xa1b2c3d4);
    file.u32(1).u32(0).u32(2).u32(2).add({1, 2});
    return file;
  };
  const auto pcapng = [] {
    file_builder file = section_start(false);
    file.block(1, interface_body(false, 1)).block(6, packet_body(false, 0, 1, {1, 2, 3, 4}));
    return file;
  };
  bytes lengths_differ = pcapng().made;
  lengths_differ.back() = 1;
  return {
      {"header cut", pcap().u32(1).made, 1, "byte 42: a packet header is cut off"},
      {"frame cut", pcap().u32(1).u32(0).u32(9).u32(9).add({1}).made, 1,
       "byte 42: a packet is cut off"},
      {"frame too long", pcap().u32(1).u32(0).u32(0x7fffffff).u32(9).made, 1,
       "claims 2147483647 captured bytes"},
      {"block header cut", pcapng().add({6, 0}).made, 1, "a block header is cut off"},
      {"block cut", pcapng().u32(6).u32(400).u32(0).made, 1, "a block is cut off"},
      {"block too short", pcapng().u32(6).u32(8).u32(8).made, 1, "a length of 8"},
      {"block unaligned", pcapng().u32(6).u32(13).u32(13).made, 1, "a length of 13"},
      {"block too long", pcapng().u32(6).u32(0x7000'0000).u32(0).made, 1, "longer than is read"},
      {"lengths differ", lengths_differ, 0, "two lengths differ"},
      {"no mark", pcapng().u32(0x0a0d0d0a).u32(28).u32(0).made, 1, "no byte-order mark"},
      {"version 2",
       pcapng().block(0x0a0d0d0a, file_builder(false).u32(0x1a2b3c4d).u16(2).u16(0).u64(0)).made, 1,
       "version 2"},
      {"no such interface", pcapng().block(6, packet_body(false, 7, 1, {})).made, 1,
       "not described"},
      {"section forgets interfaces",
       pcapng().add(section_start(false).made).block(6, packet_body(false, 0, 1, {})).made, 1,
       "not described"},
      {"longer than its block",
       pcapng().block(6, file_builder(false).u32(0).u64(0).u32(5).u32(5).u32(0)).made, 1,
       "longer than its block"},
      {"packet block too short", pcapng().block(6, file_builder(false).u32(0)).made, 1,
       "too short"},
      {"resolution 10^-40",
       pcapng().block(1, interface_body(false, 1).u16(9).u16(1).add({40, 0, 0, 0})).made, 1,
       "options are damaged"},
      {"option beyond block", pcapng().block(1, interface_body(false, 1).u16(9).u16(900)).made, 1,
       "options are damaged"},
  };
}

TEST(capture_file, delivers_all_before_a_damage_and_names_it) {
  for (const damaged_file& each : damaged_files()) {
    SCOPED_TRACE(each.name);
    const outcome seen = read_bytes(each.file);
    EXPECT_EQ(seen.frames.size(), each.frames);
    EXPECT_NE(seen.damage.find(each.says), std::string::npos) << seen.damage;
  }
}

TEST(capture_file, survives_a_cut_at_every_byte) {
  for (const damaged_file& each : damaged_files()) {
    for (std::size_t cut = 0; cut < each.file.size(); ++cut) {
      const auto block = std::make_unique<std::uint8_t[]>(cut);
      if (cut > 0) std::memcpy(block.get(), each.file.data(), cut);
      auto reader = capture_reader::over({block.get(), cut}, "cut");
      if (reader) read_all(*reader);
    }
  }
}

TEST(capture_file, clamps_stamps_that_no_clock_shows) {
  file_builder file = section_start(false);
  file.block(1, interface_body(false, 1).u16(9).u16(1).add({0, 0, 0, 0}));  // seconds
  file.block(1, interface_body(false, 1).u16(14).u16(8).u64(~0ULL << 40));  // far before 1970
  file.block(6, packet_body(false, 0, ~0ULL, {}));
  file.block(6, packet_body(false, 1, 1, {}));
  const outcome seen = read_bytes(file.made);
  EXPECT_EQ(seen.frames.at(0).ns, capture_reader::stamp_max_ns);
  EXPECT_EQ(seen.frames.at(1).ns, 0);
}

class capture_file_on_disk : public testing::Test {
 protected:
  capture_file_on_disk() {
    char name[] = "/tmp/callweir_capture_XXXXXX";
    const char* const made = ::mkdtemp(name);
    if (made != nullptr) folder_ = made;
  }
  ~capture_file_on_disk() override { std::filesystem::remove_all(folder_); }
  std::string path(const char* name) const { return (folder_ / name).string(); }

  std::filesystem::path folder_;
};

std::vector<stored_frame> many_frames(bool two_links) {
  std::vector<stored_frame> frames;
  for (std::uint32_t i = 0; i < 3000; ++i) {
    bytes data(i % 1500, static_cast<std::uint8_t>(i));
    const auto wire = static_cast<std::uint32_t>(data.size() + i % 3);
    frames.push_back({1'700'000'000'000'000'000 + i * 1'000'003LL, data, wire,
                      static_cast<std::uint16_t>(two_links && i % 2 == 1 ? 101 : 1)});
  }
  return frames;
}

void write_all(const std::string& to, capture_format format,
               const std::vector<stored_frame>& frames) {
  auto writer = capture_writer::create(to, format);
  ASSERT_TRUE(writer);
  for (const stored_frame& each : frames) {
    const captured_frame frame{{each.ns},
                               each.data.data(),
                               static_cast<std::uint32_t>(each.data.size()),
                               each.wire,
                               each.link_type};
    const bool commented = format == capture_format::pcapng && each.ns % 7 == 0;
    ASSERT_TRUE(writer->write(frame, commented ? "caller, voice" : ""));
  }
  ASSERT_TRUE(writer->close());
}

TEST_F(capture_file_on_disk, what_is_written_is_read_again) {
  for (const capture_format format : {capture_format::pcap, capture_format::pcapng}) {
    const auto frames = many_frames(format == capture_format::pcapng);
    write_all(path("a"), format, frames);
    auto reader = capture_reader::open(path("a"));
    ASSERT_TRUE(reader);
    EXPECT_LT(reader->progress(), 0.1);
    const outcome seen = read_all(*reader, 64);
    EXPECT_EQ(seen.damage, "");
    EXPECT_EQ(seen.frames, frames);
    EXPECT_EQ(reader->progress(), 1);
  }
}

TEST_F(capture_file_on_disk, a_stream_gives_the_same_as_a_file) {
  for (const capture_format format : {capture_format::pcap, capture_format::pcapng}) {
    const auto frames = many_frames(format == capture_format::pcapng);
    write_all(path("a"), format, frames);
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    std::thread feeder([&] {
      std::ifstream in(path("a"), std::ios::binary);
      const std::vector<char> all((std::istreambuf_iterator<char>(in)), {});
      for (std::size_t at = 0; at < all.size();) {  // in odd pieces, so that records straddle them
        const ssize_t wrote =
            ::write(ends[1], all.data() + at, std::min<std::size_t>(7777, all.size() - at));
        if (wrote <= 0) break;
        at += static_cast<std::size_t>(wrote);
      }
      ::close(ends[1]);
    });
    auto reader = capture_reader::open("/dev/fd/" + std::to_string(ends[0]));
    ASSERT_TRUE(reader);
    const outcome seen = read_all(*reader, 64);
    feeder.join();
    ::close(ends[0]);
    EXPECT_EQ(seen.damage, "");
    EXPECT_EQ(seen.frames, frames);
    EXPECT_EQ(reader->progress(), 1);
  }
}

TEST_F(capture_file_on_disk, refuses_frames_that_the_format_cannot_hold) {
  const bytes data(10);
  const captured_frame good{{1}, data.data(), 10, 10, 1};
  captured_frame other_link = good, short_wire = good, early = good;
  other_link.link_type = 101;
  short_wire.wire = 9;
  early.time.ns = -1;
  auto pcap = capture_writer::create(path("b"), capture_format::pcap);
  ASSERT_TRUE(pcap);
  EXPECT_FALSE(pcap->write(other_link));
  EXPECT_FALSE(pcap->write(short_wire));
  EXPECT_FALSE(pcap->write(early));
  EXPECT_FALSE(pcap->write(good, "comment"));
  EXPECT_TRUE(pcap->write(good));
  EXPECT_TRUE(pcap->close());
  EXPECT_FALSE(pcap->write(good));
  auto reader = capture_reader::open(path("b"));
  ASSERT_TRUE(reader);
  EXPECT_EQ(read_all(*reader).frames.size(), 1u);
  EXPECT_FALSE(capture_writer::create("/no/such/folder/x", capture_format::pcap));
}

TEST_F(capture_file_on_disk, a_full_disk_is_an_error) {
  auto writer = capture_writer::create("/dev/full", capture_format::pcapng);
  ASSERT_TRUE(writer);
  const bytes data(10);
  EXPECT_TRUE(writer->write({{1}, data.data(), 10, 10, 1}));
  EXPECT_FALSE(writer->flush());
}

}  // namespace
}  // namespace callweir
