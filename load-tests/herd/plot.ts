/**
 * The herd as an SVG. The curves end at twice R, because on a larger scale jitter and pace would look alike.
 * Peaks may be hundreds of times higher, so bars beside the curves show them on a logarithmic scale.
 */

export interface Series {
  readonly name: string;
  readonly color: string;
  /** Requests in each bin from time 0 on, in one round. */
  readonly bins: readonly number[];
  /** Requests in the fullest bin, possibly over several rounds. */
  readonly peak: number;
}

export interface Section {
  readonly title: string;
  readonly binMs: number;
  /** R: the configured deliveries per second. */
  readonly ratePerSecond: number;
  readonly series: readonly Series[];
}

const width = 900;
const curves = { left: 62, right: 610 };
const bars = { left: 690, right: 880 };
const sectionHeight = 330;
const top = 64;
const plotHeight = 210;
const gridLines = 4;
const at = (value: number) => value.toFixed(1);

export function plotSvg(sections: readonly Section[]): string {
  const height = sections.length * sectionHeight;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...sections.flatMap((section, i) => [
      `<g transform="translate(0 ${i * sectionHeight})">`,
      text(curves.left - 40, 24, section.title, 'font-size="15" font-weight="bold" fill="#222"'),
      ...curvesOf(section),
      ...barsOf(section),
      '</g>',
    ]),
    '</svg>',
    '',
  ].join('\n');
}

/** The requests in each bin over time, up to twice R. */
function curvesOf({ series, binMs, ratePerSecond }: Section): readonly string[] {
  const level = (ratePerSecond * binMs) / 1000;
  const ceiling = level * 2;
  const longest = Math.max(...series.map(({ bins }) => bins.length));
  const x = (bin: number) => curves.left + (bin / longest) * (curves.right - curves.left);
  const y = (count: number) => top + plotHeight * (1 - Math.min(count, ceiling) / ceiling);
  const steps = (bins: readonly number[]) =>
    [...bins, 0]
      .map((count, bin) => `${bin === 0 ? 'M' : 'H'}${at(x(bin))}${bin === 0 ? ' ' : 'V'}${at(y(count))}`)
      .join('');
  const seconds = (longest * binMs) / 1000;
  const secondStep = [1, 2, 5, 10, 20, 50].find((step) => seconds / step <= 8) ?? 100;
  const marks = Array.from({ length: Math.floor(seconds / secondStep) + 1 }, (_, i) => i * secondStep);
  const lines = Array.from({ length: gridLines + 1 }, (_, i) => (ceiling * i) / gridLines);
  return [
    text(curves.left, 46, `requests per ${binMs} ms`, 'fill="#555"'),
    ...lines.flatMap((count) => [
      line(curves.left, curves.right, y(count), 'stroke="#e4e4e4"'),
      text(curves.left - 8, y(count) + 4, String(Number(count.toFixed(1))), 'text-anchor="end" fill="#555"'),
    ]),
    ...marks.map((second) =>
      text(
        x((second * 1000) / binMs),
        top + plotHeight + 18,
        `${second} s`,
        'text-anchor="middle" fill="#555"',
      ),
    ),
    text(
      (curves.left + curves.right) / 2,
      top + plotHeight + 36,
      'after the change',
      'text-anchor="middle" fill="#555"',
    ),
    ...series.map(
      ({ bins, color }) => `<path d="${steps(bins)}" fill="none" stroke="${color}" stroke-width="1.2"/>`,
    ),
    line(curves.left, curves.right, y(level), 'stroke="#222" stroke-dasharray="5 4"'),
    text(
      curves.right,
      top - 6,
      `dashed: the rate that is set, ${ratePerSecond}/s; cut off at twice that`,
      'text-anchor="end" fill="#222"',
    ),
  ];
}

/** The peak of each series on a logarithmic scale. */
function barsOf({ series, binMs, ratePerSecond }: Section): readonly string[] {
  const level = (ratePerSecond * binMs) / 1000;
  const decades = Math.ceil(Math.log10(Math.max(level, ...series.map(({ peak }) => peak))));
  const y = (count: number) => top + plotHeight * (1 - Math.log10(Math.max(count, 1)) / decades);
  const slot = (bars.right - bars.left) / series.length;
  const powers = Array.from({ length: decades + 1 }, (_, i) => 10 ** i);
  return [
    text(bars.left - 44, 46, `highest, per ${binMs} ms (log scale)`, 'fill="#555"'),
    ...powers.flatMap((count) => [
      line(bars.left, bars.right, y(count), 'stroke="#e4e4e4"'),
      text(bars.left - 8, y(count) + 4, String(count), 'text-anchor="end" fill="#555"'),
    ]),
    ...series.flatMap(({ name, color, peak }, i) => {
      const left = bars.left + slot * (i + 0.2);
      const middle = at(left + slot * 0.3);
      const foot = top + plotHeight;
      return [
        `<rect x="${at(left)}" y="${at(y(peak))}" width="${at(slot * 0.6)}" height="${at(foot - y(peak))}" fill="${color}"/>`,
        `<text x="${middle}" y="${at(y(peak) - 5)}" text-anchor="middle" font-weight="bold" fill="#222">${peak}</text>`,
        `<text x="${middle}" y="${at(foot + 18)}" text-anchor="middle" fill="#222">${escaped(name)}</text>`,
      ];
    }),
    line(bars.left, bars.right, y(level), 'stroke="#222" stroke-dasharray="5 4"'),
  ];
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${at(x)}" y="${at(y)}" ${attributes}>${escaped(content)}</text>`;
}

function line(left: number, right: number, y: number, attributes: string): string {
  return `<path d="M${left} ${at(y)}H${right}" ${attributes}/>`;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
