import { expect, it } from 'vitest';
import { createLogger } from '../../../src/cli/logger.ts';

it('writes one JSON object a line, with the time as RFC 3339 and the level as a word', () => {
  const lines: string[] = [];
  const logger = createLogger('info', { write: (line: string) => void lines.push(line) });
  logger.debug('not written');
  logger.warn({ path: '/a' }, 'full');
  logger.child({ part: 'b' }).error('gone');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ level: 'warn', path: '/a', msg: 'full' }),
    expect.objectContaining({ level: 'error', part: 'b', msg: 'gone' }),
  ]);
  expect(lines[0]).toMatch(/^\{"level":"warn","time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",/);
  expect(lines[0]?.endsWith('\n')).toBe(true);
});
