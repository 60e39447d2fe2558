// The E-model: G.107 (narrowband), G.107.1 (wideband), G.107.2 (full band), as far as passive
// measurement can feed it: codec, loss, one-way delay. Pure functions.
#pragma once

#include <cstdint>

namespace callweir {

/// Which scale and which loss model. `opus_fb`: rows by payload rate, interpolated (facts: Ie and
/// bursty Bpl of the SWB rows, BurstR = 1). Unknown codecs count as opus_fb.
enum class codec_model : std::uint8_t {
  g711,
  g711_plc,
  g729,
  g723,
  gsm_efr,
  ilbc,
  amr_nb,
  g722,
  amr_wb,
  opus_fb
};

enum class mos_scale : std::uint8_t { nb, wb, fb };
const char* mos_scale_name(mos_scale scale);
mos_scale scale_of(codec_model model);

struct quality_input {
  codec_model model = codec_model::opus_fb;
  double bitrate_kbps = 24;  // codec payload; only Opus uses it
  double loss = 0;           // fraction 0 to 1, packets too late included
  double one_way_delay_ms = 80;
};

/// MOS-CQE, 1 to 4.5 on the scale of the codec's bandwidth.
double mos(const quality_input& input);
/// Rating on the scale's own range (0 to 100, 129 or 148).
double rating(const quality_input& input);
/// Loss fraction at which `mos` meets `target`, the rest of `input` given; 0 when it is below
/// already, `most` when even that is not enough.
double loss_for_mos(const quality_input& input, double target, double most = 0.5);

}  // namespace callweir
