import { expect, it } from 'vitest';
import { accepts } from '../../../src/http/dashboard/accepts.ts';

it.each([
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html', true],
  ['*/*, text/html; charset=utf-8; q=0.1', 'text/html', true],
  ['TEXT/HTML', 'text/html', true],
  ['text/html;q=0', 'text/html', false],
  ['text/html; q=0.000', 'text/html', false],
  ['text/html;q=none', 'text/html', false],
  ['*/*', 'text/html', false],
  ['text/htmlx', 'text/html', false],
  ['', 'text/html', false],
  [undefined, 'text/html', false],
  ['deflate, gzip, br', 'gzip', true],
  ['gzip;q=0, br', 'gzip', false],
])('accepts reads %j for %s: %s', (header, value, wanted) => {
  expect(accepts(header, value)).toBe(wanted);
});
