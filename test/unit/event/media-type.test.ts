import { describe, expect, it } from 'vitest';
import { parseMediaType } from '../../../src/event/media-type.ts';

describe('a media type', () => {
  it.each(['application/vnd.oci.image.index.v1+json', 'a/b', '0/1', `${'a'.repeat(127)}/${'b'.repeat(127)}`])(
    'may be %j',
    (text) => {
      expect(parseMediaType(text)).toBe(text);
    },
  );

  it.each([
    // The first character of each part is a letter or digit, so that no command takes it for an option, or a path.
    ...[
      '-a/--b',
      '--rm/x',
      'a/-b',
      '../..',
      './a',
      '@everyone/x',
      '<b>/x',
      'a/b; c=d',
      'a/b\r\nc',
      'a',
      '/',
      '',
    ],
    `${'a'.repeat(128)}/b`,
    null,
    undefined,
  ])('is none if it is %j', (text) => {
    expect(parseMediaType(text)).toBeNull();
  });
});
