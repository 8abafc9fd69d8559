/** @file The style sheet of the report. */
export const STYLE = `
:root {
  --ink: #1f2328; --faint: #646b76; --line: #dfe2e6; --paper: #ffffff; --wash: #f5f6f8; --link: #0b5cad;
  --holds: #a6cbe8; --weakened: #fbe3a2; --broken: #f2a58a; --no-effect: #e3e5e8;
  --sans: Arimo, Arial, Helvetica, "Liberation Sans", sans-serif;
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace;
  color-scheme: light dark;
}
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e6ea; --faint: #9aa2ae; --line: #363b43; --paper: #16191d; --wash: #20242a; --link: #7db8f0; }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 3.2rem; }
body { margin: 0; counter-reset: figure; background: var(--paper); color: var(--ink); font: 15px/1.5 var(--sans); }
a { color: var(--link); }
main { max-width: 1360px; margin: 0 auto; padding: 0 24px 64px; }
nav { position: sticky; top: 0; z-index: 5; display: flex; gap: 20px; overflow-x: auto; padding: 10px 24px;
  background: var(--paper); border-bottom: 1px solid var(--line); font-size: 13px; white-space: nowrap; }
nav a { color: var(--faint); text-decoration: none; }
nav a:hover { color: var(--ink); }
header { padding-top: 28px; }
h1 { margin: 0; font-size: 32px; line-height: 1.15; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { margin: 44px 0 12px; font-size: 20px; line-height: 1.25; }
p { max-width: 78ch; margin: 8px 0; }
p.faint { max-width: 110ch; }
code, pre { font-family: var(--mono); font-size: 0.88em; }
code { overflow-wrap: anywhere; }
pre { overflow: auto; max-height: 420px; padding: 12px 14px; background: var(--wash); border-radius: 4px; }
small { color: var(--faint); font-size: 0.82em; }
.kind { margin: 0 0 2px; color: var(--faint); font-size: 13px; }
.lead { font-size: 17px; }
.faint, .protocol, figcaption { color: var(--faint); font-size: 13px; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(210px, 1fr)); gap: 10px 28px; margin: 20px 0 0;
  padding: 14px 0; border-top: 2px solid var(--ink); border-bottom: 1px solid var(--line); }
.facts dt { color: var(--faint); font-size: 12px; }
.facts dd { margin: 0; font-size: 14px; overflow-wrap: anywhere; }
.banner { padding: 10px 14px; background: var(--broken); color: #1f2328; border-radius: 4px; max-width: none; }
.banner a { color: inherit; }
.brief { padding-left: 0; list-style: none; }
.brief li { max-width: 100ch; padding: 8px 0; border-bottom: 1px solid var(--line); }
.brief code { font-weight: 700; }
.tag { padding: 1px 6px; border: 1px solid var(--line); border-radius: 9px; color: var(--faint); font-size: 11px; white-space: nowrap; }
.note { padding: 8px 12px; background: var(--wash); border-left: 3px solid var(--line); max-width: 100ch; }
.tabs { display: flex; flex-wrap: wrap; gap: 6px; margin: 12px 0; }
button, select, input { font: inherit; font-size: 13px; color: var(--ink); }
button, select, input[type="search"] { padding: 4px 10px; background: var(--paper); border: 1px solid var(--line); border-radius: 4px; }
button { cursor: pointer; }
button:hover { background: var(--wash); }
button[aria-pressed="true"] { border-color: var(--ink); box-shadow: inset 0 0 0 1px var(--ink); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 1px; }
figure { margin: 12px 0; break-inside: avoid; }
figcaption { max-width: 100ch; margin-top: 6px; }
figcaption.numbered::before { counter-increment: figure; content: "Figure " counter(figure) ". "; font-weight: 700; }
.files { margin-left: 8px; white-space: nowrap; }
.files a { margin-right: 6px; }
.chart { overflow-x: auto; background: #ffffff; border-radius: 4px; }
.chart svg { display: block; max-width: none; height: auto; }
.curves .chart svg { max-width: 100%; }
.overview { display: flex; flex-wrap: wrap; gap: 0 40px; }
.overview section { max-width: 100%; }
.overview figcaption, .overview .note { max-width: 600px; }
.curves { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 400px), 1fr)); gap: 12px 24px; }
.controls { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 16px; max-width: none; }
.controls label { color: var(--faint); font-size: 13px; }
.controls select { max-width: 300px; }
.controls input[type="range"] { width: 110px; vertical-align: middle; }
.group { display: inline-flex; align-items: center; gap: 4px; }
.group output { min-width: 3.2em; text-align: center; font-size: 13px; }
.arms { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 12px; --s: 1; --x: 0; --y: 0; --aspect: 1; }
.arms figure { margin: 0; }
.arms figcaption { margin: 0 0 4px; color: var(--ink); font-size: 14px; }
.arms p { margin: 4px 0; font-size: 12px; line-height: 1.35; }
.arms .what { color: var(--faint); min-height: 2.7em; }
.port { position: relative; overflow: hidden; aspect-ratio: var(--aspect); margin-bottom: 6px; background: var(--wash); touch-action: pan-y; cursor: zoom-in; }
.port img { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; transform-origin: 0 0;
  transform: translate(calc(var(--x) * 1%), calc(var(--y) * 1%)) scale(var(--s)); user-select: none; }
.port img:not([src]) { display: none; }
.arms.zoomed .port { cursor: grab; touch-action: none; }
.arms.zoomed .port img { image-rendering: pixelated; }
.difference { background: #05010a; }
.difference img { filter: url(#amplify); }
.difference.visible img { filter: none; }
.missing { position: absolute; inset: 0; display: grid; place-items: center; padding: 12px; color: #b9b4c4; font-size: 12px; text-align: center; pointer-events: none; }
.scale { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; font-size: 12px; max-width: none; }
.ramp { display: inline-block; width: 140px; height: 10px; background: linear-gradient(90deg, #000005, #570f6e, #ba3654, #fa8c0a, #fcffa3); }
.scroll { overflow: auto; max-height: 640px; border: 1px solid var(--line); border-radius: 4px; }
table { border-collapse: collapse; width: 100%; font-size: 13px; line-height: 1.3; }
th, td { padding: 5px 10px; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { position: sticky; top: 0; z-index: 1; background: var(--wash); font-weight: 700; white-space: nowrap; }
th button { padding: 0; border: 0; background: none; font-weight: 700; }
th[aria-sort="ascending"] button::after { content: " ▲"; font-size: 9px; }
th[aria-sort="descending"] button::after { content: " ▼"; font-size: 9px; }
th.n { text-align: right; }
td.n { font-variant-numeric: tabular-nums; white-space: nowrap; text-align: right; }
tbody tr:hover { background: var(--wash); }
.verdict { padding: 1px 7px; border-radius: 3px; color: #1f2328; white-space: nowrap; background: #ffffff; box-shadow: inset 0 0 0 1px #9aa2ae; }
.verdict[data-outcome="holds"] { background: var(--holds); box-shadow: none; }
.verdict[data-outcome="weakened"] { background: var(--weakened); box-shadow: none; }
.verdict[data-outcome="broken"] { background: var(--broken); box-shadow: none; }
.verdict[data-outcome="no effect"] { background: var(--no-effect); box-shadow: none; }
.sheet { max-height: none; width: fit-content; max-width: 100%; }
td code { white-space: nowrap; }
.sheet table { width: auto; }
.sheet th, .sheet td { min-width: 104px; max-width: 116px; white-space: normal; overflow-wrap: break-word; padding: 6px; }
.sheet td.n { min-width: 92px; }
.sheet thead th { font-weight: 400; font-size: 12px; vertical-align: bottom; }
.sheet tr > :first-child { position: sticky; left: 0; z-index: 2; background: var(--paper); min-width: 120px; max-width: 180px; }
.sheet thead tr > :first-child { background: var(--wash); }
.sheet tr[data-role="baseline"] > th { font-weight: 400; color: var(--faint); }
.sheet img { display: block; width: 104px; height: auto; }
.guide { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 360px), 1fr)); gap: 14px 36px; }
.guide dt { font-weight: 700; }
.guide dd { margin: 0; }
.formula { display: block; margin: 4px 0; font-family: var(--mono); font-size: 12.5px; }
details { margin: 8px 0; }
summary { cursor: pointer; }
[hidden] { display: none !important; }
@media (max-width: 760px) {
  main { padding: 0 14px 48px; }
  nav { padding: 10px 14px; }
  h1 { font-size: 26px; }
  .arms { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .sheet th, .sheet td { min-width: 96px; max-width: 110px; font-size: 12px; }
  .sheet tr > :first-child { min-width: 92px; max-width: 104px; }
  .sheet img { width: 96px; }
}
@media print {
  :root { --ink: #000; --faint: #444; --line: #ccc; --paper: #fff; --wash: #f4f4f4; }
  nav, .controls, .tabs, .files { display: none; }
  main { max-width: none; padding: 0; }
  .scroll { max-height: none; overflow: visible; border: 0; }
  thead th { position: static; }
  h2 { break-after: avoid; }
  .chart svg { max-width: 100%; }
  * { print-color-adjust: exact; }
}
`;
