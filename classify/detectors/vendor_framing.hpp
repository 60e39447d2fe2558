// Published framings that put RTP behind a vendor's own header, so that the RTP detector can read
// on: Zoom (Michel et al., "Enabling passive measurement of Zoom performance in production
// networks", IMC 2022), Discord's address discovery (its voice documentation), TeamSpeak 3's first
// packet and its packet header.
#pragma once

#include "classify/detectors/sample.hpp"

namespace callweir::classify {

enum class vendor : std::uint8_t { none, zoom, discord, teamspeak };

struct vendor_frame {
  vendor who = vendor::none;
  bool media = false;  // carries media or RTCP at `inner_offset`
  bool video = false, rtcp = false;
  std::uint16_t inner_offset = 0;
  std::uint8_t type = 0;  // Zoom: 3 asks, 4 echoes, 5 carries
};

/// `zoom_port`: one side is Zoom's media port 8801 to 8810, where its server header is believed.
vendor_frame recognise_vendor(const sample& s, bool zoom_port) noexcept;

struct vendor_detector {
  std::uint8_t frames[2] = {0, 0};  // by direction
  std::uint8_t media[2] = {0, 0};
  std::uint8_t video = 0, channel = 0, echoes = 0;
  std::uint32_t asked[2] = {0,
                            0};  // hash of the newest keep-alive's counter and time, by direction
  vendor who = vendor::none;
  std::uint8_t voice[2] = {0, 0};      // TeamSpeak: voice packets whose id goes up
  std::uint16_t voice_id[2] = {0, 0};  // of the newest
  direction client = forward;          // TeamSpeak: the side that is no server
  bool greeted[2] = {false, false};    // TeamSpeak: said its first words

  void observe(const vendor_frame& frame, const sample& s) noexcept;

 private:
  void observe_teamspeak(const sample& s) noexcept;
};

}  // namespace callweir::classify
