/** Numbers in words. */

/** `1,234`, and of a fraction at most three digits: `1,234.568`. */
export function countText(value: number): string {
  // By hand: see `clockTime`.
  return String(Math.round(value * 1_000) / 1_000).replace(/\B(?=(?:\d{3})+(?:\.|$))/g, ',');
}

/** `1 change`, `2 changes`. @param plural default: with an s */
export function countOf(value: number, noun: string, plural = `${noun}s`): string {
  return `${countText(value)} ${value === 1 ? noun : plural}`;
}

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `12.3 MiB`. @param bytes ≥ 0 */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
