import { describe, expect, it } from 'vitest';
import { maskOf } from '../../../src/target/mask.ts';

describe('the mask of a target', () => {
  it.each([
    ['token s3cr3t-token!', 'token ***!'],
    [`basic ${Buffer.from('s3cr3t-token').toString('base64')}`, 'basic ***'],
    ['at https://h.test/hook/0123456789abcdef?team=blue', 'at https://h.test***'],
    ['at /hook/0123456789abcdef only', 'at *** only'],
    ['only 0123456789abcdef', 'only ***'],
    ['team=blue is short, so it stays', 'team=blue is short, so it stays'],
    ['s3cr3t-token-long and s3cr3t-token', '*** and ***'],
    ['nothing of it', 'nothing of it'],
  ])('hides the secrets of %j', (text, masked) => {
    const mask = maskOf(
      ['s3cr3t-token', 's3cr3t-token-long'],
      ['https://h.test/hook/0123456789abcdef?team=blue'],
    );
    expect(mask(text)).toBe(masked);
  });

  it('hides what is encoded in the URL as it is, too', () => {
    const mask = maskOf([], ['https://h.test/hook/caf%C3%A9-noir-secret']);
    expect(mask('café-noir-secret caf%C3%A9-noir-secret')).toBe('*** ***');
    expect(maskOf([], ['https://h.test/broken%C3secret'])('broken%C3secret')).toBe('***');
  });

  it('hides nothing without secrets, and what only one text has', () => {
    expect(maskOf([''], ['https://h.test/'])('https://h.test/ "" /')).toBe('https://h.test/ "" /');
    expect(maskOf([], [])('Bearer abc', ['abc'])).toBe('Bearer ***');
  });
});
