/** deploy/systemd/manifeed.service fits the settings whose defaults it relies on. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { socketRoom } from '../../../src/access/descriptors.ts';
import { loadConfig } from '../../../src/config/config.ts';
import { settings } from '../../../src/config/schema.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { readUnit } from '../../support/systemd-unit.ts';

const unit = readUnit();
const only = (name: string): string => {
  const [value = '', ...more] = unit.get(name) ?? [];
  expect(more).toEqual([]);
  return value;
};
const config = loadConfig({ env: {} });
const operating = readFileSync('docs/operating.md', 'utf8');

describe('manifeed.service', () => {
  it('checks the configuration that it then serves, and takes it from a credential', () => {
    const flags = / --config \$\{CREDENTIALS_DIRECTORY\}\/manifeed\.yaml$/;
    const before = only('ExecStartPre').replace(flags, '');
    const start = only('ExecStart').replace(flags, '');
    expect([before, start]).toEqual([
      '/opt/manifeed/node_modules/.bin/manifeed config',
      '/opt/manifeed/node_modules/.bin/manifeed serve',
    ]);
    expect(only('LoadCredential')).toBe('manifeed.yaml:/etc/manifeed/manifeed.yaml');
  });

  it('lets subscribers leave over drain.window before the gateway is killed', () => {
    expect(Number(only('TimeoutStopSec')) * 1_000).toBeGreaterThanOrEqual(config.drain.windowMs + 10_000);
  });

  it('allows as many open files as the limits need', () => {
    const log = recordingLog();
    const room = socketRoom(config.limits, log, Number(only('LimitNOFILE')));
    expect([room.subscribers, log.lines]).toEqual([config.limits.connections, []]);
  });

  it('keeps the default ledger in the directory that systemd gives to the user of the service', () => {
    expect(only('DynamicUser')).toBe('yes');
    expect(only('WorkingDirectory')).toBe(`%S/${only('StateDirectory')}`);
    expect(config.ledger).toEqual({ kind: 'sqlite', path: './data/manifeed.db' });
  });

  it('sets no variable that the gateway takes for a setting', () => {
    const variables = (unit.get('Environment') ?? []).map((text) => text.split('=')[0]);
    const known = settings.list().flatMap(({ env }) => env ?? []);
    expect(variables.filter((name) => name?.startsWith('MANIFEED_') || known.includes(name ?? ''))).toEqual(
      [],
    );
  });

  it('is installed, as docs/operating.md says, where it looks for the program and its files', () => {
    for (const path of ['/opt/manifeed', '/etc/manifeed/manifeed.yaml', '/etc/manifeed/secrets.env'])
      expect(operating).toContain(path);
    expect(operating).toContain(`TimeoutStopSec=${only('TimeoutStopSec')}`);
    expect(operating).toContain(`\`LimitNOFILE=${only('LimitNOFILE')}\``);
  });
});
