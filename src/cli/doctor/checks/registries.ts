/** `--registries`: whether each registry answers this machine. One HEAD of `/v2/` each (distribution-spec, "API"). */
import { canonicalRegistry } from '../../../event/reference.ts';
import { speaksPlainHttp } from '../../../lib/plain-http.ts';
import { registryEndpoint } from '../../../upstream/options.ts';
import { innermost, isOfCertificate } from '../../asking/system-cause.ts';
import { type Finding, failed, fine, skipped, warning } from '../finding.ts';
import type { Means } from '../means.ts';

/** What is known of a registry: of the configuration, or its host alone. */
export interface KnownRegistry {
  readonly host: string;
  readonly endpoint?: string | undefined;
  readonly plainHttp?: boolean | undefined;
  readonly ca?: unknown;
  readonly insecureSkipVerify?: boolean | undefined;
}

/** Most registries that are asked. */
const maxAsked = 100;
/** At the same time. */
const atOnce = 4;
/** Time for an answer, ms. */
const answerMs = 10_000;

/** @param known null: nobody told which there are */
export async function* examineRegistries(
  known: readonly KnownRegistry[] | null,
  { headStatus }: Pick<Means, 'headStatus'>,
): AsyncGenerator<Finding> {
  if (known === null) {
    const remedy = 'Use a token with admin, or name the configuration with --config';
    yield skipped('registries', 'which registries there are is not known here', remedy);
    return;
  }
  if (known.length === 0) yield fine('registries', 'none is configured, so none was asked');
  for (let from = 0; from < Math.min(known.length, maxAsked); from += atOnce) {
    const some = known.slice(from, Math.min(from + atOnce, maxAsked));
    yield* await Promise.all(
      some.map(async (registry) => {
        // A gateway that is not the user's own could name any address, with a path.
        if (canonicalRegistry(registry.host) === null) return notAsked(registry);
        return judge(registry, await headStatus(`${registryEndpoint(registry)}/v2/`, answerMs));
      }),
    );
  }
  if (known.length > maxAsked)
    yield skipped('registries', `${known.length - maxAsked} more were not asked`, 'Ask them by hand');
}

function notAsked({ host: about }: KnownRegistry): Finding {
  const remedy = 'See that --gateway names your gateway';
  return failed('registries', 'the gateway names this as a registry, and it is no host', remedy, { about });
}

function judge(registry: KnownRegistry, answer: number | Error): Finding {
  const { host: about, ca, insecureSkipVerify, plainHttp } = registry;
  if (answer instanceof Error) {
    const { code, message } = innermost(answer);
    if (speaksPlainHttp.test(code) && plainHttp === undefined)
      return skipped(
        'registries',
        `${message}, and whether the gateway may use that is not known here`,
        'Name the configuration with --config, which has registries[].plainHttp',
        { about },
      );
    if (speaksPlainHttp.test(code))
      return failed('registries', message, 'Set registries[].plainHttp, or have it speak TLS', { about });
    const isPrivate = ca !== undefined || insecureSkipVerify === true;
    if (isPrivate && isOfCertificate(code)) {
      const text = `only the gateway knows whom to trust there (${message})`;
      return skipped('registries', text, 'Name its authority in NODE_EXTRA_CA_CERTS', { about });
    }
    const remedy = 'See that its address is right, and that this machine may reach it';
    return failed('registries', `no answer to this machine (${message})`, remedy, { about });
  }
  if (answer === 429) {
    const remedy =
      'Poll it less often (registries[].poll.requestsPerSecond), or give it credentials with a larger quota';
    return warning('registries', 'it throttles this machine (429)', remedy, { about });
  }
  // Without credentials most registries answer 401; some know no HEAD here (404, 405).
  if (answer < 500) return fine('registries', `it answers this machine (${answer})`, { about });
  return warning('registries', `it is in trouble (${answer})`, 'Wait, or see its status page', { about });
}
