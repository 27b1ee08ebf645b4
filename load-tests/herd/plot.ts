/**
 * The herd as an SVG: requests per bin over time. The axis ends at twice the level that the registry stands,
 * and what goes beyond leaves the plot at its top: the peaks lie two powers of ten apart, and on a logarithmic
 * axis the difference between jitter and pace could not be seen.
 */

export interface Series {
  readonly label: string;
  readonly color: string;
  /** Requests in each bin from time 0 on. */
  readonly bins: readonly number[];
}

export interface PlotOptions {
  readonly title: string;
  readonly binMs: number;
  /** A level worth a dashed line, requests per bin, and what it is called. */
  readonly level: number;
  readonly levelLabel: string;
}

const size = { width: 900, height: 420, left: 70, right: 20, top: 70, bottom: 50 };
const gridLines = 4;
const plotWidth = size.width - size.left - size.right;
const plotHeight = size.height - size.top - size.bottom;

export function plotSvg(series: readonly Series[], options: PlotOptions): string {
  const longest = Math.max(...series.map((each) => each.bins.length));
  const ceiling = options.level * 2;
  const x = (bin: number) => size.left + (bin / longest) * plotWidth;
  const y = (count: number) => size.top + plotHeight * (1 - Math.min(count, ceiling) / ceiling);
  const at = (value: number) => value.toFixed(1);
  const steps = ({ bins }: Series) =>
    [...bins, 0]
      .map((count, bin) => `${bin === 0 ? 'M' : 'H'}${at(x(bin))}${bin === 0 ? ' ' : 'V'}${at(y(count))}`)
      .join('');
  const seconds = (longest * options.binMs) / 1000;
  const secondStep = seconds > 20 ? 5 : 1;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${size.width}" height="${size.height}" fill="#ffffff"/>`,
    `<text x="${size.left}" y="24" font-size="15" font-weight="bold" fill="#222">${escaped(options.title)}</text>`,
    ...series.map((each, i) => legend(each, i)),
    ...Array.from({ length: gridLines + 1 }, (_, i) => {
      const count = (ceiling * i) / gridLines;
      const line = y(count);
      return `<path d="M${size.left} ${at(line)}H${size.width - size.right}" stroke="#e4e4e4"/><text x="${size.left - 8}" y="${at(line + 4)}" text-anchor="end" fill="#555">${Number(count.toFixed(1))}</text>`;
    }),
    ...Array.from({ length: Math.floor(seconds / secondStep) + 1 }, (_, i) => {
      const second = i * secondStep;
      return `<text x="${at(x((second * 1000) / options.binMs))}" y="${size.height - 28}" text-anchor="middle" fill="#555">${second} s</text>`;
    }),
    `<text x="${size.left + plotWidth / 2}" y="${size.height - 8}" text-anchor="middle" fill="#555">after the change</text>`,
    ...series.map(
      (each) => `<path d="${steps(each)}" fill="none" stroke="${each.color}" stroke-width="1.5"/>`,
    ),
    `<path d="M${size.left} ${at(y(options.level))}H${size.width - size.right}" stroke="#222" stroke-dasharray="5 4"/>`,
    `<text x="${size.width - size.right}" y="${at(y(options.level * 1.6))}" text-anchor="end" fill="#222">${escaped(options.levelLabel)}</text>`,
    '</svg>',
    '',
  ].join('\n');
}

function legend(series: Series, index: number): string {
  const x = size.left + index * 270;
  return `<path d="M${x} 46h22" stroke="${series.color}" stroke-width="3"/><text x="${x + 28}" y="50" fill="#222">${escaped(series.label)}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
