/** The report's style sheet: light and dark by the reader's setting, ink on paper in print, no font from outside. */
export const styleSheet = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --wash: #f4f6f8; --ink: #19202a; --muted: #566072; --line: #d9dee6; --grid: #e8ecf1;
  --best: #0a62ab; --standard: #b3450a; --baseline: #5d6675; --trial: #a9b3c1; --reference: #19202a;
  --rung0: #98a3b3; --rung1: #6f93ba; --rung2: #4d84ba; --rung3: #2f74b4;
  --good: #0f7042; --bad: #b3261e;
  --s0: #160b39; --s1: #360961; --s2: #550f6d; --s3: #751b6e; --s4: #952667; --s5: #b3345a; --s6: #ce4548;
  --s7: #dc5531; --s8: #df6a19; --s9: #d77d00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #11151b; --wash: #191f28; --ink: #e6eaf0; --muted: #a4aebd; --line: #2e3745; --grid: #242c38;
    --best: #5db4f5; --standard: #f3995d; --baseline: #b3bcc9; --trial: #5d6879; --reference: #e6eaf0;
    --rung0: #77849a; --rung1: #7394b8; --rung2: #6c9fd0; --rung3: #66a9e3;
    --good: #5fce98; --bad: #ff8a80;
    --s0: #9c74e3; --s1: #b06fda; --s2: #c26bcb; --s3: #d26ab8; --s4: #e06ea2; --s5: #ea768c; --s6: #f28376;
    --s7: #f79663; --s8: #f9b052; --s9: #f6cf4a;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif;
  overflow-wrap: anywhere;
}
main, header, footer { max-width: 68rem; margin: 0 auto; padding: 0 1.5rem; }
header { padding-top: 2.75rem; }
.kicker { margin: 0; color: var(--muted); font-size: .9rem; }
h1 { margin: .1rem 0 1.1rem; font-size: 1.9rem; line-height: 1.2; letter-spacing: -.015em; font-weight: 650; }
.answer {
  margin: 0; max-width: none; padding: 1.05rem 1.35rem; background: var(--wash); border-left: 4px solid var(--best);
  font-size: 1.22rem; line-height: 1.5; border-radius: 0 6px 6px 0; text-wrap: pretty;
}
.tiles { display: flex; flex-wrap: wrap; gap: 1px; margin: 1.4rem 0 0;
  background: var(--line); border: 1px solid var(--line); border-radius: 6px; overflow: hidden; }
.tiles > div { flex: 1 1 9rem; background: var(--paper); padding: .7rem .95rem .75rem; }
.tiles dt { color: var(--muted); font-size: .82rem; }
.tiles dd { margin: 0; font-size: 1.12rem; font-weight: 600; font-variant-numeric: tabular-nums; line-height: 1.35; }
.tiles dd span { font-size: .86rem; font-weight: 400; white-space: nowrap; color: var(--muted); }
.tiles small { display: block; font-weight: 400; font-size: .8rem; color: var(--muted); }
nav { margin: 1.3rem 0 0; font-size: .9rem; display: flex; flex-wrap: wrap; gap: .25rem 1.15rem; }
a { color: var(--best); text-underline-offset: .18em; text-decoration-thickness: 1px; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 2px solid var(--best); outline-offset: 2px; border-radius: 2px; }
section { margin-top: 3rem; scroll-margin-top: 1rem; }
h2 { font-size: 1.32rem; margin: 0 0 .55rem; letter-spacing: -.01em; line-height: 1.3; font-weight: 640; }
h3 { font-size: 1rem; margin: 1.8rem 0 .4rem; font-weight: 640; }
p { margin: .5rem 0; max-width: 46rem; }
.lead { color: var(--muted); }
ul { max-width: 46rem; padding-left: 1.2rem; margin: .5rem 0; }
li { margin: .3rem 0; }
figure { margin: 1.2rem 0 0; min-width: 0; overflow-x: auto; }
figcaption { color: var(--muted); font-size: .88rem; line-height: 1.5; max-width: 44rem; margin-top: .45rem; }
svg.chart { display: block; max-width: 100%; height: auto; font-family: inherit; font-variant-numeric: tabular-nums; }
svg.wide { min-width: 600px; }
@media (max-width: 680px) {
  /* A shadow at the edge behind which more of a chart is, and none where its end is seen. */
  figure, .picture, .scroll { background: linear-gradient(to right, var(--paper) 40%, transparent) left / 2rem 100%, linear-gradient(to left, var(--paper) 40%, transparent) right / 2rem 100%,
    linear-gradient(to right, var(--line), transparent) left / .8rem 100%, linear-gradient(to left, var(--line), transparent) right / .8rem 100%;
    background-repeat: no-repeat; background-attachment: local, local, scroll, scroll; }
}
svg.chart [data-trial] { cursor: pointer; } svg.chart [data-trial]:hover > * { stroke: var(--ink); stroke-width: 2.5; stroke-opacity: 1; opacity: 1; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(27rem, 100%), 1fr)); gap: 0 2.2rem; align-items: start; }
.small { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(18rem, 100%), 1fr)); gap: 1.4rem 1.6rem; margin-top: 1.1rem; }

.scroll { overflow-x: auto; margin: 1rem 0 0; border: 1px solid var(--line); border-radius: 6px; }
.tall { max-height: 42rem; overflow-y: auto; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { padding: .42rem .75rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
tbody tr:last-child td, tbody tr:last-child th { border-bottom: 0; }
thead th { background: var(--wash); font-weight: 600; white-space: nowrap; vertical-align: bottom; }
.tall thead th { position: sticky; top: 0; z-index: 1; }
tbody th { font-weight: 400; min-width: 9rem; }
.number { text-align: right; white-space: nowrap; }
.name { min-width: 19rem; max-width: 26rem; }
td { max-width: 24rem; }
tr:target > * { box-shadow: inset 0 0 0 9999px color-mix(in srgb, var(--standard) 14%, transparent); }
#all-trials tbody tr { scroll-margin-top: 3rem; }
#all-trials td { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
tr.best > * { background: color-mix(in srgb, var(--best) 9%, var(--paper)); }
tr.best th { font-weight: 600; }
.dot { display: inline-block; width: .62em; height: .62em; border-radius: 50%; margin-right: .5em; background: var(--dot); }
.good { color: var(--good); } .bad { color: var(--bad); }
.tag { color: var(--muted); font-size: .82rem; white-space: nowrap; }
th button { font: inherit; font-weight: 600; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; white-space: nowrap; }
th button::after { content: "↕"; opacity: .35; margin-left: .35em; font-weight: 400; }
th[aria-sort=ascending] button::after { content: "↑"; opacity: 1; }
th[aria-sort=descending] button::after { content: "↓"; opacity: 1; }
.tools { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: baseline; margin-top: .9rem; font-size: .9rem; }
.tools label { display: flex; gap: .6rem; align-items: baseline; }
.tools input { font: inherit; padding: .28rem .6rem; border: 1px solid var(--muted); border-radius: 5px; background: var(--paper); color: var(--ink); width: 20rem; max-width: 100%; min-width: 0; }
.keys { display: flex; flex-wrap: wrap; gap: .2rem 1.3rem; margin: .7rem 0 0; padding: 0; list-style: none; font-size: .88rem; max-width: none; }
.keys li { margin: 0; }
.ramp { display: inline-block; width: 9rem; height: .62rem; border-radius: 3px; vertical-align: baseline; margin: 0 .5em; border: 1px solid var(--line); }
.grids { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(15rem, 100%), 1fr)); gap: 1.3rem 2rem; }
.grids img { display: block; width: 100%; max-width: 22rem; height: auto; image-rendering: pixelated; }
.grids figcaption { color: var(--ink); }
dl.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .32rem 1.4rem; margin: .8rem 0; font-size: .92rem; max-width: 52rem; }
dl.facts dt { color: var(--muted); } dl.facts dd { margin: 0; }
dl.pairs { display: flex; flex-wrap: wrap; gap: .3rem 1.8rem; margin: .8rem 0 1.3rem; font-size: .92rem; }
dl.pairs > div { display: flex; gap: .5rem; } dl.pairs dt { color: var(--muted); } dl.pairs dd { margin: 0; }
pre { background: var(--wash); border-radius: 6px; padding: .85rem 1.1rem; overflow-x: auto; font-size: .84rem; line-height: 1.5; max-width: 52rem; }
pre.wrap { white-space: pre-wrap; }
code, pre { font-family: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
summary { cursor: pointer; font-size: .92rem; margin-top: .9rem; }
footer { margin-top: 3.5rem; padding-top: 1rem; padding-bottom: 2.5rem; color: var(--muted); font-size: .84rem; border-top: 1px solid var(--line); }
@media (max-width: 40rem) {
  main, header, footer { padding-left: 1rem; padding-right: 1rem; }
  dl.facts { grid-template-columns: 1fr; gap: 0; } dl.facts dd { margin-bottom: .5rem; }
}
@media print {
  :root { --paper: #fff; --wash: #f6f6f6; }
  nav, .tools { display: none; } section, figure { break-inside: avoid-page; } .tall { max-height: none; overflow: visible; }
}
`;

/** The colours of the style sheet in light, by the names of its variables. */
export const lightColors: ReadonlyMap<string, string> = new Map(
  [...styleSheet.slice(0, styleSheet.indexOf('@media')).matchAll(/--([a-z0-9]+): (#[0-9a-f]{6});/g)].map(
    ([, name, color]) => [name!, color!],
  ),
);
