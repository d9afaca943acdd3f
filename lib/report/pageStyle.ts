// How every page looks: light and dark, on a screen, a phone and paper.
import { fontFamily, gridColor, inkColor, sequentialScale, softInkColor } from './theme';

const paper = '#ffffff';
const dark = { paper: '#0d1117', ink: '#e6edf3', soft: '#a4afba', grid: '#2b3138' } as const;

/** What paper and ink are on a dark page. */
const darkInk: Readonly<Record<string, string>> = {
  [paper]: dark.paper,
  [inkColor]: dark.ink,
  [softInkColor]: dark.soft,
  [gridColor]: dark.grid,
};

/** What becomes of a figure's colours on a dark page; those of models and roles stay, but for the ink. */
export const darkColors: Readonly<Record<string, string>> = {
  ...darkInk,
  // From the page's darkness to light, where on white it goes from light to dark.
  ...Object.fromEntries(
    sequentialScale.map(([, color], index) => [color, sequentialScale[8 - index][1]]),
  ),
};

/**
 * CSS that gives an SVG that is drawn already the paper and ink of a dark page. Plotly writes colours as styles, our own drawings as
 * attributes.
 *
 * @param scope the selector of what holds the SVG, with a space behind it.
 */
export function darkRules(scope = ''): string {
  return Object.entries(darkInk)
    .flatMap(([color, instead]) => {
      const rgb = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16)).join(', ');
      return ['fill', 'stroke', 'background'].map(
        (name) =>
          `${scope}[${name}="${color}"],${scope}[style*="${name}: rgb(${rgb})"]{${name}:${instead}!important}`,
      );
    })
    .join('');
}

/** For within an SVG: it follows the theme of the page or program that shows it. */
export const darkSvgStyle = `<style>@media (prefers-color-scheme:dark){${darkRules()}}</style>`;

/** A style sheet. A line of text has about 75 letters; figures and tables are wider; wide tables and code scroll. */
export const pageStyle = `
:root { color-scheme: light dark; --paper: ${paper}; --ink: ${inkColor}; --soft: ${softInkColor}; --line: #d0d7de; --card: #f6f8fa;
  --link: #0969da; --key: #a0305f; --text: #0a5c36; --note: #57606a; --number: #0550ae; --best: #e3f1f9; }
@media (prefers-color-scheme: dark) { :root { --paper: ${dark.paper}; --ink: ${dark.ink}; --soft: ${dark.soft}; --line: #3d444d; --card: #161b22;
  --link: #6cb6ff; --key: #ff9ebb; --text: #8ddb8c; --note: #a4afba; --number: #79c0ff; --best: #12293a; } }
@media print { :root { color-scheme: light; --paper: ${paper}; --ink: ${inkColor}; --soft: ${softInkColor}; --card: ${paper}; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 960px; padding: 24px 16px 64px; font: 16px/1.55 ${fontFamily}; color: var(--ink); background: var(--paper); overflow-wrap: break-word; }
h1 { margin: 0 0 8px; font-size: 30px; line-height: 1.2; } h2 { margin: 40px 0 8px; font-size: 23px; line-height: 1.25; } h3 { margin: 28px 0 8px; font-size: 18px; }
p, li, blockquote, dl { max-width: 42em; }
a { color: var(--link); } .anchor-link { display: none; }
blockquote { margin: 12px 0; padding: 2px 0 2px 16px; border-left: 4px solid var(--line); color: var(--soft); }
code, pre { font: 13px/1.5 ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; }
code { padding: 1px 4px; border-radius: 4px; background: var(--card); }
pre { margin: 8px 0; padding: 10px 12px; border-radius: 6px; background: var(--card); overflow-x: auto; } pre code { padding: 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 15px; } thead th { border-bottom: 1px solid var(--line); vertical-align: bottom; }
th, td { padding: 3px 12px 3px 0; text-align: left; white-space: nowrap; } caption { padding: 3px 0; text-align: left; color: var(--soft); white-space: normal; }
.scroll { overflow-x: auto; } .comparison, .output:has(table) { width: max-content; max-width: calc(50vw + 50% - 16px); overflow: auto; } .right { text-align: right; } tr.best { background: var(--best); font-weight: bold; }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 16px 0; font-size: 15px; } .facts dt { color: var(--soft); } .facts dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
.contents { margin: 20px 0; padding: 12px 16px; border: 1px solid var(--line); border-radius: 8px; } .contents ul { margin: 8px 0 0; padding-left: 20px; columns: 2; } .contents summary { cursor: pointer; }
.code { margin: 8px 0; color: var(--soft); } .code summary { width: max-content; cursor: pointer; font-size: 14px; } .code pre { color: var(--ink); }
.k, .kd, .kr, .kt, .kc, .nb { color: var(--key); } .s1, .s2, .sb, .s { color: var(--text); } .c1, .cm { color: var(--note); } .mi, .mf, .mh { color: var(--number); }
.output { margin: 8px 0; overflow-x: auto; } .output img { max-width: 100%; }
.training svg { display: block; max-width: 760px; } .training .part { display: none; }
.plot { margin: 16px 0 24px; } .drawing { max-width: 100%; overflow-x: auto; overflow-y: hidden; } .drawing img { max-width: 100%; height: auto; }
button { padding: 2px 10px; border: 1px solid var(--line); border-radius: 6px; color: var(--ink); background: var(--card); font: inherit; font-size: 13px; cursor: pointer; } button + button { margin-left: 6px; }
[hidden] { display: none !important; }
@media (max-width: 600px) { body { padding: 16px 16px 48px; } h1 { font-size: 25px; } h2 { font-size: 20px; } .contents ul { columns: 1; } dl.facts { grid-template-columns: 5.5em 1fr; gap: 2px 8px; }
  .results, .output table { font-size: 13px; } .results th, .results td { padding-right: 6px; white-space: normal; } .results td:not(:last-child) { white-space: nowrap; } .results small { display: block; }
  .output :is(td, th) { padding: 3px 6px 3px 0 !important; } .output :is(td, th):first-child { position: sticky; left: 0; background: var(--paper); }
  .output pre { white-space: pre-wrap; } .training .whole { display: none; } .training .part { display: block; } }
@media print { button, .contents, .files { display: none; } }
`;
