import fc from 'fast-check';
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

  it.each([
    ['as it is', `p&ss"w' rd/é`],
    ['in a URL', 'p%26ss%22w%27%20rd%2F%C3%A9'],
    ['in a URL, by encodeURIComponent', `p%26ss%22w'%20rd%2F%C3%A9`],
    ['in a URL with small digits', `p%26ss%22w'%20rd%2f%c3%a9`],
    ['in a form', 'p%26ss%22w%27+rd%2F%C3%A9'],
    ['in JSON', `p&ss\\"w' rd/é`],
    ['in JSON of PHP', `p&ss\\"w' rd\\/é`],
    ['in HTML', 'p&amp;ss&quot;w&#39; rd/é'],
    ['in base64', Buffer.from(`p&ss"w' rd/é`).toString('base64').replace(/=+$/, '')],
    ['in base64 for URLs', Buffer.from(`p&ss"w' rd/é`).toString('base64url')],
  ])('hides a secret %s', (_where, text) => {
    expect(maskOf([`p&ss"w' rd/é`], [])(`status 500: no <${text}> here`)).toBe('status 500: no <***> here');
  });

  it.each([
    ['as Go writes JSON', `p\\u0026ss\\"w' rd/é`],
    ['as Python writes JSON', `p&ss\\"w' rd/\\u00e9`],
    ['in JSON within JSON', JSON.stringify(JSON.stringify(`p&ss"w' rd/é`)).slice(3, -3)],
    ['in a URL within a URL', encodeURIComponent(encodeURIComponent(`p&ss"w' rd/é`))],
    ['in HTML by numbers', 'p&#38;ss&#x22;w&#039; rd&#X2F;&#233;'],
    ['encoded in part', `p%26ss"w' rd/%C3%A9`],
    ['as hex', Buffer.from(`p&ss"w' rd/é`).toString('hex')],
    ['as HEX', Buffer.from(`p&ss"w' rd/é`).toString('hex').toUpperCase()],
  ])('hides a secret %s', (_where, text) => {
    expect(maskOf([`p&ss"w' rd/é`], [])(`status 500: no <${text}> here`)).toBe('status 500: no <***> here');
  });

  it('hides the padding of base64 too', () => {
    for (const secret of ['s3cr3t-token', 's3cr3t-token1', 's3cr3t-token12']) {
      const text = Buffer.from(secret).toString('base64');
      expect(maskOf([secret], [])(`authorization: Basic ${text}\nx`)).toBe('authorization: Basic ***\nx');
      expect(maskOf([secret], [])(encodeURIComponent(text))).toBe('***');
    }
  });

  it('hides a secret with backslashes', () => {
    const secret = 'DOMAIN\\user\\\\1';
    const mask = maskOf([secret], []);
    for (const text of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])
      expect(mask(`<${text}>`)).toBe('<***>');
  });

  it.each(['u:', 'us:', 'use:', '\0user\0'])(
    'hides a secret in base64 after %j and before more',
    (before) => {
      for (const after of ['', '!', '!!', '!!!']) {
        const text = Buffer.from(`${before}s3cr3t-token${after}`).toString('base64');
        const masked = maskOf(['s3cr3t-token'], [])(text);
        // What is left of it: some bits of its first and last character.
        expect(masked).toMatch(/^[A-Za-z0-9+/]{0,9}\*{3}[A-Za-z0-9+/]{0,6}={0,2}$/);
        expect(Buffer.from(masked, 'base64').toString()).not.toMatch(/s3|en/);
      }
    },
  );

  it('hides a secret, whichever of its characters are encoded, and how', () => {
    const hex = (unit: number, digits: number) => unit.toString(16).padStart(digits, '0');
    const codeOf = (character: string) => character.codePointAt(0) ?? 0;
    const encoders: readonly ((character: string) => string)[] = [
      (character) => character,
      (character) => [...Buffer.from(character)].map((byte) => `%${hex(byte, 2)}`).join(''),
      (character) => [...Buffer.from(character)].map((byte) => `%25${hex(byte, 2).toUpperCase()}`).join(''),
      (character) =>
        character
          .split('')
          .map((unit) => `\\u${hex(unit.charCodeAt(0), 4)}`)
          .join(''),
      (character) => `&#${codeOf(character)};`,
      (character) => `&#x${hex(codeOf(character), 2)};`,
    ];
    // Letters and digits need no encoding, so nothing encodes them.
    const odd = fc.constantFrom(...'&<>"\'/+ =:.$()[]{}^*?|-_~#%@!,;éß€😀');
    const plain = fc.constantFrom(...'abcXYZ019').map((character) => [character, character] as const);
    const encoded = fc
      .tuple(odd, fc.constantFrom(...encoders))
      .map(([character, encode]) => [character, encode(character)] as const);
    fc.assert(
      fc.property(fc.array(fc.oneof(plain, encoded), { minLength: 8, maxLength: 40 }), (characters) => {
        const secret = characters.map(([character]) => character).join('');
        const text = characters.map(([, spelled]) => spelled).join('');
        expect(maskOf([secret], [])(`<${text}>`)).toBe('<***>');
      }),
    );
  });

  it('hides the key of a signature without its prefix, and what spans lines in one', () => {
    expect(maskOf(['whsec_0123456789abcdef'], [])('key 0123456789abcdef')).toBe('key ***');
    expect(maskOf(['first line\nsecond line'], [])('it said first line second line')).toBe('it said ***');
  });

  it('hides the whole line of a short secret, so that nobody sees where it stands', () => {
    const mask = maskOf(['a'], []);
    expect(mask('status 500: that was wrong')).toBe('status 500: ***');
    expect(mask('status 500: not even once')).toBe('status 500: not even once');
    expect(mask('POST https://h.test\nauthorization: Bearer a\n\n{}')).toBe('POST https://h.test\n***\n\n{}');
    expect(maskOf([], [])('status 401: no pw', { secrets: ['pw'] })).toBe('status 401: ***');
  });

  it('hides a short path only where it is the path', () => {
    const mask = maskOf([], ['https://h.test/x9?k=q']);
    expect(mask('POST https://h.test/x9?k=q')).toBe('POST https://h.test***');
    expect(mask('no hook /x9, but /x90 and x9')).toBe('no hook ***, but /x90 and x9');
    expect(maskOf([], ['https://h.test/api'])('GET https://h.test/api/v1/x')).toBe(
      'GET https://h.test***/v1/x',
    );
    expect(mask('no hook \\/x9?k=q')).toBe('no hook ***');
  });

  it('hides the parts of a URL with placeholders, and the URL of a request', () => {
    const mask = maskOf([], [`https://h.test/rooms/0123456789/\${change.id}?key=abcdefghij`]);
    expect(mask('room 0123456789, key abcdefghij')).toBe('room ***, key ***');
    expect(mask(`key ${Buffer.from('abcdefghij').toString('base64')}`)).toBe('key ***');
    const urls = ['https://h.test/rooms/x/7?k=1'];
    expect(mask('no /rooms/x/7?k=1 here', { urls })).toBe('no *** here');
  });

  it('hides what is encoded in the URL as it is, too', () => {
    const mask = maskOf([], ['https://h.test/hook/caf%C3%A9-noir-secret']);
    expect(mask('café-noir-secret caf%C3%A9-noir-secret')).toBe('*** ***');
    expect(maskOf([], ['https://h.test/broken%C3secret'])('broken%C3secret')).toBe('***');
  });

  it('hides in each text what that text has, whatever it hid before', () => {
    const mask = maskOf(['first-secret', 'second-secret', '!?!?!?!?'], []);
    for (const [text, masked] of [
      ['first-secret', '***'],
      ['second-secret first-secret', '*** ***'],
      ['nothing', 'nothing'],
      ['first-secret', '***'],
      ['<%21%3f!?!?!?>', '<***>'],
    ] as const)
      expect(mask(text)).toBe(masked);
    for (const key of ['abcdefgh', 'ijklmnop', 'abcdefgh'])
      expect(mask('abcdefgh ijklmnop', { secrets: [key] })).toBe('abcdefgh ijklmnop'.replace(key, '***'));
  });

  it('hides nothing without secrets, and what only one text has', () => {
    expect(maskOf([''], ['https://h.test/'])('https://h.test/ "" /')).toBe('https://h.test/ "" /');
    expect(maskOf([], [])('Bearer abcdefgh', { secrets: ['abcdefgh'] })).toBe('Bearer ***');
  });
});
