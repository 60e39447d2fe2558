#include "dashboard/report/writers.hpp"

namespace callweir::dashboard {

// Nothing here needs newer CSS than WeasyPrint 57 has: no grid on paper.
std::string_view html_style() {
  return R"css(
/* A document: the same on screen and paper, whatever the browser prefers. */
html { -webkit-text-size-adjust: 100%; color-scheme: only light; }
body { margin: 0; background: #eef1f4; color: #1d2731; font: 15px/1.5 system-ui, 'Segoe UI', Inter,
  'Source Sans 3', 'Noto Sans', 'Liberation Sans', Helvetica, Arial, 'DejaVu Sans', sans-serif; }
main { max-width: 60rem; margin: 2rem auto; padding: 3rem 3.5rem 3.5rem; background: #fff;
  border-radius: 6px; box-shadow: 0 1px 4px rgba(29, 39, 49, .12); }
p { margin: .35rem 0; }
a { color: #2b5f82; }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 1rem; top: 1rem; background: #fff; padding: .4rem .8rem; }
.kicker { margin: 0; color: #55626f; font-size: .8rem; letter-spacing: .06em;
  text-transform: uppercase; }
.kicker b { color: #2b5f82; font-weight: 700; }
h1 { margin: .15rem 0 .1rem; font-size: 2.1rem; line-height: 1.15; font-weight: 700;
  letter-spacing: -.01em; overflow-wrap: anywhere; string-set: title content(); }
.where { margin: 0; color: #55626f; overflow-wrap: anywhere; string-set: where content(); }
.lede { margin: 1.3rem 0 0; font-size: 1.12rem; line-height: 1.5; max-width: 46rem; }
.notes { margin: 1rem 0 0; padding: .6rem 1rem; list-style: none; background: #fbf5e6;
  border-left: 3px solid #d9a441; font-size: .92rem; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 2.2rem; margin-top: 1.8rem; }
.gutter { display: none; }
.card { border-top: 2px solid #1d2731; padding-top: .55rem; min-width: 0; }
.card h2 { margin: 0; font-size: .92rem; font-weight: 600; color: #55626f; letter-spacing: 0;
  border: 0; padding: 0; }
.card .answer { margin: 0 0 .3rem; font-size: 1.65rem; line-height: 1.2; font-weight: 700;
  letter-spacing: -.01em; }
.card p { font-size: .93rem; }
.card.good { border-color: #2f7a56; } .good .answer { color: #2f7a56; }
.card.warning { border-color: #b9822a; } .warning .answer { color: #8a5a00; }
.card.bad { border-color: #a3321c; } .bad .answer { color: #a3321c; }
figure { margin: .8rem 0 0; }
figure svg { display: block; width: 100%; height: auto; }
figcaption { color: #55626f; font-size: .8rem; margin-top: .15rem; }
.scale { margin-top: 1.6rem; padding-top: .7rem; border-top: 1px solid #d5dce3; color: #55626f;
  font-size: .86rem; }
nav { margin-top: .5rem; font-size: .86rem; color: #55626f; }
nav a { display: inline-block; margin-right: .9rem; }
section { margin-top: 3rem; }
section > h2 { margin: 0 0 .3rem; font-size: 1.35rem; font-weight: 700; line-height: 1.25; }
h3 { margin: 1.8rem 0 .3rem; font-size: 1.03rem; font-weight: 700; }
.about { color: #55626f; max-width: 46rem; }
.wide { overflow-x: auto; margin-top: .7rem; }
table { width: 100%; border-collapse: collapse; font-size: .84rem; line-height: 1.35;
  table-layout: fixed; min-width: 44rem; }
caption { text-align: left; color: #55626f; padding-bottom: .35rem; }
th { text-align: left; font-weight: 600; color: #55626f; vertical-align: bottom;
  border-bottom: 1.5px solid #1d2731; padding: .3rem .5rem .3rem 0; }
td, tbody th { vertical-align: top; border-bottom: 1px solid #e4e9ee;
  padding: .38rem .5rem .38rem 0; overflow-wrap: anywhere; }
tbody th { font-weight: 600; color: #1d2731; }
tbody th .dim { font-weight: 400; }
.n { text-align: right; padding-right: 1rem; font-variant-numeric: tabular-nums;
  overflow-wrap: normal; }
tr > :last-child { padding-right: 0; }
.spark { display: block; width: 100%; max-width: 110px; height: 16px; }
.dim { color: #55626f; }
.act { font-weight: 600; }
.act.degraded { color: #a4432a; } .act.limited { color: #8a5a00; } .act.blocked { color: #6b2a1a; }
.act.authorised { color: #2f7a56; }
code { font: .95em ui-monospace, 'DejaVu Sans Mono', 'Liberation Mono', monospace; }
.more td { color: #55626f; font-style: italic; }
dl { margin: .6rem 0 0; max-width: 46rem; }
dt { font-weight: 600; margin-top: .5rem; } dd { margin: 0; color: #38444f; }
footer { margin-top: 3rem; padding-top: .8rem; border-top: 1px solid #d5dce3; color: #55626f;
  font-size: .82rem; }
@media screen and (max-width: 46rem) {
  main { margin: 0; padding: 1.4rem 1.1rem 2rem; border-radius: 0; }
  .pair { grid-template-columns: 1fr; gap: 1.6rem; }
  h1 { font-size: 1.6rem; }
}
@page { size: A4; margin: 15mm 15mm 17mm;
  @bottom-left { content: string(title) "  ·  " string(where); font: 7.5pt system-ui, Inter,
    'Noto Sans', 'Liberation Sans', Arial, 'DejaVu Sans', sans-serif; color: #55626f; }
  @bottom-right { content: counter(page) " / " counter(pages); font: 7.5pt system-ui, Inter,
    'Noto Sans', 'Liberation Sans', Arial, 'DejaVu Sans', sans-serif; color: #55626f; } }
@page :first { @bottom-left { content: ''; } }
@media print {
  html { font-size: 9pt; }
  body { background: #fff; font-size: 9pt; line-height: 1.42; }
  main { max-width: none; margin: 0; padding: 0; border-radius: 0; box-shadow: none; }
  nav, .skip { display: none; }
  h1 { font-size: 21pt; }
  .lede { font-size: 10.5pt; margin-top: 4mm; max-width: none; }
  .pair { display: table; table-layout: fixed; width: 100%; margin-top: 5mm;
    page-break-inside: avoid; }
  .card { display: table-cell; vertical-align: top; }
  .gutter { display: table-cell; width: 7mm; }
  .card .answer { font-size: 15pt; }
  .card h2 { font-size: 9pt; } .card p { font-size: 8.6pt; margin: .6mm 0; }
  figcaption { font-size: 7.6pt; }
  .scale { font-size: 8pt; margin-top: 4mm; }
  section { margin-top: 9mm; }
  section.leaf { break-before: page; margin-top: 0; }
  section > h2 { font-size: 14pt; } h3 { font-size: 10.5pt; margin-top: 6mm; }
  h2, h3, dt, .about, caption { break-after: avoid; }
  .wide { overflow: visible; }
  table { font-size: 7.4pt; min-width: 0; }
  thead { display: table-header-group; }
  tr, figure { break-inside: avoid; }
  td, tbody th { padding-top: 1mm; padding-bottom: 1mm; }
}
)css";
}

}  // namespace callweir::dashboard
