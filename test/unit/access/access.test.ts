import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type AuthoriserOptions, createAuthoriser, maxTokenLength } from '../../../src/access/authoriser.ts';

const sha256 = (token: string) => createHash('sha256').update(token).digest('hex');

function authoriser(members: Partial<AuthoriserOptions> = {}) {
  return createAuthoriser({
    access: {
      kind: 'tokens',
      tokens: [
        {
          name: 'reader',
          sha256: sha256('r'),
          repositories: ['team/*', 'nginx'],
          unpaced: false,
          admin: false,
        },
        { name: 'operator', sha256: sha256('o'), repositories: ['**'], unpaced: true, admin: true },
      ],
    },
    allowNone: false,
    openIsAdmin: false,
    defaultRegistry: 'docker.io',
    ...members,
  });
}

describe('createAuthoriser', () => {
  it('grants what the token has, by canonical repositories', () => {
    const grant = authoriser()('r');
    expect(grant).toMatchObject({ name: 'reader', admin: false, unpaced: false });
    expect(grant?.patterns).toEqual(['docker.io/library/nginx', 'docker.io/team/*']);
    expect(grant?.allows('docker.io/team/app')).toBe(true);
    expect(grant?.allows('docker.io/library/nginx')).toBe(true);
    expect(grant?.allows('docker.io/team/app/deep')).toBe(false);
    expect(grant?.allows('quay.io/team/app')).toBe(false);
  });

  it('grants everything where the scope is everything', () => {
    const grant = authoriser()('o');
    expect(grant).toMatchObject({ name: 'operator', admin: true, unpaced: true, patterns: ['**'] });
    expect(grant?.allows('any.example.com/a/b/c')).toBe(true);
  });

  it.each([null, '', 'R', 'r ', 'x'.repeat(maxTokenLength + 1)])(
    'grants nothing for the token %j',
    (token) => {
      expect(authoriser()(token)).toBeNull();
    },
  );

  it('looks at no token over its bound', () => {
    const long = 'x'.repeat(maxTokenLength + 1);
    const tokens = [{ name: 'l', sha256: sha256(long), repositories: ['**'], unpaced: false, admin: false }];
    expect(authoriser({ access: { kind: 'tokens', tokens } })(long)).toBeNull();
  });

  it('grants everybody the same with open access', () => {
    const open = authoriser({ access: { kind: 'open' } });
    expect(open(null)).toBe(open('anything'));
    expect(open(null)).toMatchObject({ name: 'anonymous', admin: false, unpaced: false, patterns: ['**'] });
    const loopback = authoriser({ access: { kind: 'open' }, allowNone: true, openIsAdmin: true });
    expect(loopback(null)).toMatchObject({ admin: true, unpaced: true });
  });

  it('lets every token skip the pace where the operator allows it globally', () => {
    expect(authoriser({ allowNone: true })('r')?.unpaced).toBe(true);
  });

  it('gives grants of the same scope the same key, whoever holds them', () => {
    const tokens = ['a', 'b'].map((name) => ({
      name,
      sha256: sha256(name),
      repositories: name === 'a' ? ['nginx', 'team/*'] : ['team/*', 'docker.io/library/nginx'],
      unpaced: name === 'a',
      admin: false,
    }));
    const authorise = authoriser({ access: { kind: 'tokens', tokens } });
    expect(authorise('a')?.key).toBe(authorise('b')?.key);
    expect(authorise('a')?.name).toBe('a');
  });

  it('refuses at the start a scope that cannot be parsed', () => {
    const tokens = [
      { name: 'a', sha256: sha256('a'), repositories: ['Nginx'], unpaced: false, admin: false },
    ];
    expect(() => authoriser({ access: { kind: 'tokens', tokens } })).toThrow(/lower-case/);
  });
});
