import { parseArgs, TextDecoder } from 'node:util';
import { loadConfig } from '../config/config.ts';
import type { WebhookConfig } from '../config/shape.ts';
import type { Incoming } from '../source/webhook/kind.ts';
import { type Command, type CommandIo, exitCodes, UsageError } from './command.ts';
import { flagFault } from './connection.ts';
import { inputFault } from './input.ts';

/** `status` is what the sender would receive. */
type Explain = (hook: WebhookConfig, delivery: Incoming) => Promise<{ readonly status: number }>;

/** `manifeed hooks`: lists the hooks, or feeds a saved delivery to one and shows the outcome. */
export function hooksCommand(explain: Explain): Command {
  return {
    usage: 'list | test NAME FILE [--header "Name: value"]… [--path-token TOKEN] [--config FILE]',
    details: [
      '',
      '  list             name, kind and URL of each hook of the configuration that --config names,',
      '                   or of the default; it asks no gateway',
      '  test NAME FILE   verify and read the body in FILE (- for standard input); records nothing;',
      '                   exit code 1 if the sender would get an error; FILE may also hold the answer',
      '                   of GET /v1/hooks?saved=NAME, the last delivery that the gateway refused',
      '  --header         a header that came with it, repeatable: signatures, tokens, content type',
      '  --path-token     the secret at the end of its URL',
    ],
    async run(argv, io) {
      const { positionals, values } = parse(argv);
      const [action, name, file, ...more] = positionals;
      const load = () => {
        const readFile = (path: string) => new TextDecoder().decode(io.readFile(path));
        const flags = values.config === undefined ? [] : ['--config', values.config];
        return loadConfig({ argv: flags, env: io.env, readFile }).webhooks;
      };
      if (action === 'list' && name === undefined) return list(load(), io);
      if (action !== 'test' || name === undefined || file === undefined || more.length > 0) {
        throw new UsageError(
          `read arguments: ${JSON.stringify(positionals.join(' '))}: must be list or test NAME FILE`,
        );
      }
      const hooks = load();
      const hook = hooks.find((candidate) => candidate.name === name);
      if (hook === undefined) {
        const known = hooks.map((candidate) => candidate.name).join(', ');
        throw new UsageError(`find hook: ${JSON.stringify(name)}: must be one of ${known}`);
      }
      const headers = parseHeaders(values.header);
      const body = readDelivery(file, io);
      const shown = await explain(hook, { body, headers, pathToken: values['path-token'] });
      io.out(JSON.stringify(shown, null, 2));
      return shown.status < 400 ? exitCodes.ok : exitCodes.failed;
    },
  };
}

function readDelivery(file: string, io: CommandIo): Buffer {
  try {
    return Buffer.from(io.readFile(file));
  } catch (error) {
    throw inputFault(file, error);
  }
}

function list(hooks: readonly WebhookConfig[], io: CommandIo): number {
  for (const hook of hooks) {
    const tail = hook.pathToken === undefined ? '' : '/***';
    io.out(`${hook.name}\t${hook.kind}\t/v1/hooks/${hook.name}${tail}`);
  }
  return exitCodes.ok;
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        config: { type: 'string' },
        header: { type: 'string', multiple: true, default: [] },
        'path-token': { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError(`read arguments: ${flagFault(error)}`);
  }
}

/** Reads headers written as curl takes them: `Name: value`. The last one of a name wins. */
function parseHeaders(texts: readonly string[]): Readonly<Record<string, string>> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  for (const text of texts) {
    const match = /^([A-Za-z0-9!#$%&'*+.^_`|~-]+):\s*(.*)$/s.exec(text);
    if (match?.[1] === undefined || match[2] === undefined) {
      // The value may be a secret, so the message does not quote it.
      throw new UsageError('read --header: must be "Name: value"');
    }
    headers[match[1].toLowerCase()] = match[2];
  }
  return headers;
}
