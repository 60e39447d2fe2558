#include "base/e_model.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace callweir {
namespace {

constexpr double default_rating_nb = 93.2;  // G.107 clause 7.7: Ro - Is at its defaults
constexpr double default_rating_wb = 129;   // G.107.1
constexpr double default_rating_fb = 148;   // G.107.2
constexpr double stretch_wb = 1.29;         // G.107.1 annex: onto the 0 to 100 scale
constexpr double stretch_fb = 1.48;         // G.107.2

/// Equipment impairment and loss robustness of a codec (G.113 appendices, see docs/adr/0002).
struct codec_row {
  double ie = 0;
  double bpl = 1;
};

struct rate_row {
  double kbps;
  codec_row row;
};

/// Opus VBR, super-wideband, the bursty column of Bpl (Alahmadi).
constexpr std::array<rate_row, 6> opus_rows{{{14, {38.1, 9.1}},
                                             {16, {30.2, 10.1}},
                                             {22, {20.2, 8.6}},
                                             {25, {20.2, 9.2}},
                                             {31, {16.8, 8.8}},
                                             {40, {10.7, 8.0}}}};

codec_row opus_row(double kbps) {
  if (!(kbps > opus_rows.front().kbps)) return opus_rows.front().row;  // NaN, too
  for (std::size_t i = 1; i < opus_rows.size(); ++i) {
    const rate_row& low = opus_rows[i - 1];
    const rate_row& high = opus_rows[i];
    if (kbps > high.kbps) continue;
    const double part = (kbps - low.kbps) / (high.kbps - low.kbps);
    return {std::lerp(low.row.ie, high.row.ie, part), std::lerp(low.row.bpl, high.row.bpl, part)};
  }
  return opus_rows.back().row;
}

codec_row row_of(const quality_input& input) {
  switch (input.model) {
    case codec_model::g711:
      return {0, 4.3};
    case codec_model::g711_plc:
      return {0, 25.1};
    case codec_model::g729:
      return {11, 19};
    case codec_model::g723:
      return {15, 16.1};
    case codec_model::gsm_efr:
    case codec_model::amr_nb:
      return {5, 10};  // G.113 has no AMR row; its 12.2 mode is GSM-EFR
    case codec_model::ilbc:
      return {11, 32};
    case codec_model::g722:
      return {14, 4.5};
    case codec_model::amr_wb:
      return {13, 4.5};
    case codec_model::opus_fb:
      return opus_row(input.bitrate_kbps);
  }
  return opus_row(input.bitrate_kbps);
}

/// G.107 clause 7.4, Idd with sT = 1 and mT = 100 ms.
double delay_impairment(double one_way_ms) {
  constexpr double threshold_ms = 100;
  if (!(one_way_ms > threshold_ms)) return 0;
  const double x = std::log2(std::min(one_way_ms, 60'000.0) / threshold_ms);
  const auto root = [](double v) { return std::pow(1 + std::pow(v, 6), 1.0 / 6); };
  return 25 * (root(x) - 3 * root(x / 3) + 2);
}

double scale_stretch(mos_scale scale) {
  return scale == mos_scale::nb ? 1 : scale == mos_scale::wb ? stretch_wb : stretch_fb;
}

double mos_of_rating(double r) {
  if (!(r > 0)) return 1;
  if (r >= 100) return 4.5;
  // The polynomial dips below 1 for 0 < R < 6.5.
  return std::clamp(1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6, 1.0, 4.5);
}

}  // namespace

const char* mos_scale_name(mos_scale scale) {
  switch (scale) {
    case mos_scale::nb:
      return "nb";
    case mos_scale::wb:
      return "wb";
    case mos_scale::fb:
      return "fb";
  }
  return "fb";
}

mos_scale scale_of(codec_model model) {
  switch (model) {
    case codec_model::g711:
    case codec_model::g711_plc:
    case codec_model::g729:
    case codec_model::g723:
    case codec_model::gsm_efr:
    case codec_model::ilbc:
    case codec_model::amr_nb:
      return mos_scale::nb;
    case codec_model::g722:
    case codec_model::amr_wb:
      return mos_scale::wb;
    case codec_model::opus_fb:
      return mos_scale::fb;
  }
  return mos_scale::fb;
}

double rating(const quality_input& input) {
  const mos_scale scale = scale_of(input.model);
  const codec_row row = row_of(input);
  const double loss_pct = input.loss > 0 ? std::min(input.loss, 1.0) * 100 : 0;
  const double worst_ie = scale == mos_scale::fb ? 132 : 95;
  const double ie_eff = row.ie + (worst_ie - row.ie) * loss_pct / (loss_pct + row.bpl);
  const double idd = delay_impairment(input.one_way_delay_ms);
  double r = 0, top = 100;
  switch (scale) {
    case mos_scale::nb:
      r = default_rating_nb - idd - ie_eff;
      break;
    case mos_scale::wb:
      r = (top = default_rating_wb) - idd - ie_eff;
      break;
    case mos_scale::fb:
      r = (top = default_rating_fb) - stretch_fb * idd - ie_eff;
      break;
  }
  return std::clamp(r, 0.0, top);
}

double mos(const quality_input& input) {
  return mos_of_rating(rating(input) / scale_stretch(scale_of(input.model)));
}

double loss_for_mos(const quality_input& input, double target, double most) {
  quality_input probe = input;
  probe.loss = 0;
  if (mos(probe) <= target) return 0;
  probe.loss = most;
  if (mos(probe) > target) return most;
  double low = 0, high = most;
  for (int i = 0; i < 40; ++i) {  // 0.5 / 2^40: far below one packet
    probe.loss = (low + high) / 2;
    (mos(probe) > target ? low : high) = probe.loss;
  }
  return (low + high) / 2;
}

}  // namespace callweir
