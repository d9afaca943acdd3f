import { LABELS } from './contestant';
import type { Machine } from './machine';
import { disagreement, ratios, type CaseResult, type Row } from './results';

/** Everything that tools/bench/results.json holds. */
export interface Report {
  readonly machine: Machine;
  readonly cases: readonly CaseResult[];
}

/** tools/bench/results.md: the ratios first, then each case's figures. */
export function reportMarkdown({ machine, cases }: Report): string {
  return [
    '# Results of the benchmark',
    'Written by `npm run bench`; what is measured and how: [README.md](README.md).',
    machineMarkdown(machine),
    '## Ratios',
    ratioTable(cases),
    '## Figures',
    ...cases.map(caseMarkdown),
  ]
    .join('\n\n')
    .concat('\n');
}

/** Where it was measured, as two points of a list. */
export function machineMarkdown({
  processor,
  cores,
  memoryGigabytes,
  flags,
  system,
  versions,
}: Machine): string {
  const software = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `- machine: ${processor}, ${cores} cores, ${memoryGigabytes} GB; ${flags.join(', ')}; ${system}`,
    `- software: ${software.join(', ')}`,
  ].join('\n');
}

/** How many times better ours is, against every peer of each case and against the goal. */
export function ratioTable(cases: readonly CaseResult[]): string {
  const rows = cases.flatMap((result) =>
    ratios(result).map(({ ours, best, ratio, atLeast, reached }) => [
      result.title,
      [
        `${figure(ours.median)} ${result.unit}`,
        ...LABELS[ours.contestant].split(', ').slice(1),
      ].join(', '),
      `${LABELS[best.contestant]}: ${figure(best.median)}`,
      `${ratio.toFixed(2)} ×`,
      atLeast === undefined ? '' : `≥ ${atLeast} ×`,
      reached === undefined ? '' : reached ? 'yes' : 'no',
    ]),
  );
  return table(['case', 'ours', 'against', 'ours is better by', 'goal', 'reached'], rows);
}

/** One case: a line for each contestant. */
export function caseMarkdown(result: CaseResult): string {
  const { title, rounds, unit, rows, absent, check, tolerance, int8Tolerance } = result;
  const hasP90 = rows.some(({ p90 }) => p90 !== undefined);
  const header = [
    'contestant',
    hasP90 ? `p50, ${unit}` : unit,
    ...(hasP90 ? ['p90'] : []),
    'range of rounds',
    'peak MB',
    'start to first step, s',
    'deviation',
  ];
  const cells = (row: Row) => [
    `${LABELS[row.contestant]} (${row.note})`,
    figure(row.median),
    ...(hasP90 ? [figure(row.p90 ?? NaN)] : []),
    `${figure(row.low)}–${figure(row.high)}`,
    String(Math.round(row.peakMegabytes)),
    row.startSeconds.toFixed(1),
    row.deviation.toExponential(1),
  ];
  const problem = disagreement(result);
  const int8 = int8Tolerance === undefined ? '' : ` (int8: ${int8Tolerance})`;
  return [
    `### ${title}`,
    table(header, rows.map(cells)),
    ...absent.map(({ contestant, reason }) => `${LABELS[contestant]} is absent: ${reason}`),
    problem
      ? `**Not comparable: ${problem}.**`
      : `Same work: ${parametersText(rows)}, ${check} within ${tolerance}${int8}.`,
    `${rounds} rounds${foreignLoadText(result)}, ${result.measuredAt}, commit ${result.commit}, \`${result.command}\`.`,
  ].join('\n\n');
}

function foreignLoadText({ foreignLoad }: CaseResult): string {
  if (foreignLoad === null) return '';
  return ` (other programs took at most ${Math.round(foreignLoad * 100)} % of the machine)`;
}

function parametersText(rows: readonly Row[]): string {
  const parameters = rows.find((row) => row.parameters !== null)?.parameters;
  return parameters ? `${parameters.toLocaleString('en-US')} parameters` : 'same model';
}

/** Three significant digits, but whole numbers stay whole. */
function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** A Markdown table whose columns line up in a terminal too. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => row[column].length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join(
    '\n',
  );
}
