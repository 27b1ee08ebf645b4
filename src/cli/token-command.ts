import { createHash, randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { loadConfig } from '../config/config.ts';
import { type Command, exitCodes, UsageError } from './command.ts';
import { flagFault } from './connection.ts';

/** 256 bits cannot be guessed, so the configuration may hold a plain SHA-256. */
const tokenBytes = 32;
/** Lets people and secret scanners recognise a token. */
const tokenPrefix = 'mf_';

/** A second entry below a second one of these would be no YAML, so the entry is printed without it. */
const keyLine = 'access:\n';
const placeText =
  'Put it at the end of the list access; where there is none, write "access:" above it (in place of "access: open").' +
  '\nThen restart the gateway:';

/**
 * `manifeed token`: makes a token and the entry that admits it. It parses the entry as a gateway would, so that
 * what it prints is accepted. It stores nothing.
 * @param random returns random bytes; default: the system's cryptographic source
 */
export function tokenCommand(random: (bytes: number) => Buffer = randomBytes): Command {
  return {
    usage: '[--name NAME] [--repository GLOB]… [--unpaced] [--metrics] [--admin]',
    details: [
      '',
      '  --name NAME        who holds it; appears in logs (default: subscriber)',
      '  --repository GLOB  what it may subscribe to; repeatable (default: **)',
      '  --unpaced          it may ask for pace=none',
      '  --metrics          it may use GET /metrics',
      '  --admin            it may use PUT /v1/pace, GET /v1/status, /v1/subscribers, /v1/upstreams, /v1/hooks,',
      '                     /metrics, and GET and POST under /v1/targets',
    ],
    async run(argv, io) {
      const { name, repository, ...flags } = parse(argv);
      const token = `${tokenPrefix}${random(tokenBytes).toString('base64url')}`;
      const entry = {
        name,
        sha256: createHash('sha256').update(token).digest('hex'),
        repositories: repository,
        ...Object.fromEntries(Object.entries(flags).filter(([, given]) => given)),
      };
      const yaml = stringify({ access: [entry] }, { lineWidth: 0 });
      loadConfig({ argv: ['--config', 'the entry'], env: {}, readFile: () => yaml });
      io.out(`Token, shown only now; give it to the subscriber:\n\n  ${token}\n`);
      io.out(
        `Entry for the gateway's configuration. ${placeText}\n\n${yaml.slice(keyLine.length).trimEnd()}`,
      );
      return exitCodes.ok;
    },
  };
}

function parse(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        name: { type: 'string', default: 'subscriber' },
        repository: { type: 'string', multiple: true, default: ['**'] },
        unpaced: { type: 'boolean', default: false },
        metrics: { type: 'boolean', default: false },
        admin: { type: 'boolean', default: false },
      },
    });
    return values;
  } catch (error) {
    throw new UsageError(`read arguments: ${flagFault(error)}`);
  }
}
