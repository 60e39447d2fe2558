#include "base/e_model.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace callweir {
namespace {

constexpr codec_model all_models[] = {
    codec_model::g711,    codec_model::g711_plc, codec_model::g729,   codec_model::g723,
    codec_model::gsm_efr, codec_model::ilbc,     codec_model::amr_nb, codec_model::g722,
    codec_model::amr_wb,  codec_model::opus_fb};

double g711(double loss, double delay) {
  return mos({codec_model::g711_plc, 64, loss, delay});
}
double opus(double kbps, double loss, double delay = 80) {
  return mos({codec_model::opus_fb, kbps, loss, delay});
}

TEST(e_model, delay_alone_bounds_the_mos_of_g711_as_g107_says) {
  const double table[][2] = {{80, 4.41},  {100, 4.41}, {150, 4.41}, {200, 4.34},
                             {250, 4.18}, {300, 3.96}, {350, 3.75}, {400, 3.56},
                             {500, 3.23}, {600, 2.99}, {800, 2.70}, {1000, 2.54}};
  for (const auto& row : table) EXPECT_NEAR(g711(0, row[0]), row[1], 0.012) << row[0] << " ms";
}

TEST(e_model, loss_needed_for_a_mos_matches_the_derived_tables) {
  const double targets[] = {3.6, 3.1, 2.58, 2.0};
  const double plc[] = {0.08, 0.135, 0.21, 0.34};
  const double g729[] = {0.033, 0.069, 0.118, 0.205};
  const double opus_random[] = {0.031, 0.061, 0.105,
                                0.193};  // derived with Bpl 11.3; bursty is 9.2
  for (int i = 0; i < 4; ++i) {
    EXPECT_NEAR(loss_for_mos({codec_model::g711_plc, 64, 0, 80}, targets[i]), plc[i], 0.01);
    EXPECT_NEAR(loss_for_mos({codec_model::g729, 8, 0, 80}, targets[i]), g729[i], 0.005);
    EXPECT_NEAR(loss_for_mos({codec_model::opus_fb, 25, 0, 80}, targets[i]),
                opus_random[i] * 9.2 / 11.3, 0.002);
  }
}

TEST(e_model, opus_by_hand_at_a_row_between_rows_and_outside_them) {
  // 25 kbit/s, no loss: R = 148 - 20.2 = 127.8, / 1.48 = 86.35.
  EXPECT_NEAR(rating({codec_model::opus_fb, 25, 0, 80}), 127.8, 1e-9);
  const double r = 127.8 / 1.48;
  EXPECT_NEAR(opus(25, 0), 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6, 1e-12);
  // 28 kbit/s lies half-way: Ie 18.5, Bpl 9.0; 6 % loss: Ie,eff = 18.5 + 113.5 * 6 / 15 = 63.9.
  EXPECT_NEAR(rating({codec_model::opus_fb, 28, 0.06, 80}), 148 - 63.9, 1e-9);
  EXPECT_EQ(opus(6, 0.1), opus(14, 0.1));
  EXPECT_EQ(opus(510, 0.1), opus(40, 0.1));
  // 400 ms: Idd 24.1 stretched by 1.48.
  EXPECT_NEAR(rating({codec_model::opus_fb, 25, 0, 400}), 127.8 - 1.48 * 24.1, 0.1);
}

TEST(e_model, wideband_keeps_its_own_scale) {
  EXPECT_NEAR(rating({codec_model::g722, 64, 0, 80}), 129 - 14, 1e-9);
  EXPECT_GT(mos({codec_model::g722, 64, 1.0, 80}), 1.2);  // Ie,eff is held at 95 of 129
  EXPECT_STREQ(mos_scale_name(scale_of(codec_model::g722)), "wb");
  EXPECT_STREQ(mos_scale_name(scale_of(codec_model::g711_plc)), "nb");
  EXPECT_STREQ(mos_scale_name(scale_of(codec_model::opus_fb)), "fb");
}

TEST(e_model, falls_with_loss_and_delay_and_stays_in_bounds) {
  for (const codec_model model : all_models) {
    for (const double kbps : {5.0, 15.0, 24.0, 35.0, 64.0}) {
      double before = 5;
      for (double loss = 0; loss <= 1.0; loss += 0.01) {
        const double now = mos({model, kbps, loss, 200});
        EXPECT_LE(now, before + 1e-12);
        EXPECT_GE(now, 1);
        EXPECT_LE(now, 4.5);
        before = now;
      }
      before = 5;
      for (double delay = 0; delay <= 2000; delay += 20) {
        const double now = mos({model, kbps, 0.02, delay});
        EXPECT_LE(now, before + 1e-12);
        before = now;
      }
    }
  }
}

TEST(e_model, nonsense_input_gives_a_number) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  for (const codec_model model : all_models)
    for (const double odd : {nan, inf, -inf, -1.0, 1e300}) {
      EXPECT_TRUE(std::isfinite(mos({model, odd, 0.1, 80})));
      EXPECT_TRUE(std::isfinite(mos({model, 24, odd, 80})));
      EXPECT_TRUE(std::isfinite(mos({model, 24, 0.1, odd})));
    }
}

TEST(e_model, loss_for_mos_inverts_mos) {
  for (const codec_model model : all_models)
    for (const double target : {1.8, 2.5, 3.1, 3.6})
      for (const double delay : {80.0, 330.0}) {
        quality_input input{model, 24, 0, delay};
        const double best = mos(input);
        const double loss = loss_for_mos(input, target);
        ASSERT_GE(loss, 0);
        ASSERT_LE(loss, 0.5);
        input.loss = loss;
        if (best <= target)
          EXPECT_EQ(loss, 0);
        else if (loss < 0.5)
          EXPECT_NEAR(mos(input), target, 1e-6);
        else
          EXPECT_GT(mos(input), target - 1e-6);
      }
}

}  // namespace
}  // namespace callweir
