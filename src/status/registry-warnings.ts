/** Warnings of registries. Pure. */
import { networkCauseIn } from '../lib/network-causes.ts';
import type { RegistryReport, Warning } from './report.ts';

type Found = Omit<Warning, 'severity'>;

const what = 'docs/operating.md#what-should-i-look-at-when';

/** Whether a registry has a warning. */
export function isRegistryInTrouble(registry: RegistryReport): boolean {
  return registry.state !== 'ok' || registry.absent !== null || registry.unreadable !== null;
}

export function registryTroubles(registry: RegistryReport): readonly Found[] {
  return [...outages(registry), ...unreadables(registry), ...absences(registry)];
}

function outages({ registry, state, leftAloneUntil, lastFailure }: RegistryReport): Found[] {
  if (state === 'ok') return [];
  const until = leftAloneUntil === null ? '' : ` until ${leftAloneUntil}`;
  const reason = lastFailure === null ? '' : `: ${lastFailure.reason}`;
  if (state === 'throttled') {
    return [
      {
        ...{ code: 'registry-throttles', about: registry },
        cause: `The registry asked for fewer requests${until === '' ? '' : `, and gets none${until}`}${reason}.`,
        remedy: 'Poll it less often, or give it credentials with a larger quota.',
        ...{ setting: 'registries[].poll.requestsPerSecond', docs: what },
      },
    ];
  }
  const isFailing = state === 'failing';
  return [
    {
      ...{ code: isFailing ? 'registry-fails' : 'registry-left-alone', about: registry },
      cause: isFailing
        ? `The registry failed at least twice in a row${reason}.`
        : `The registry failed repeatedly and is left alone${until}${reason}.`,
      ...outageRemedy(reason),
      docs: what,
    },
  ];
}

/** What helps against an outage. @param reason of the last failure */
function outageRemedy(reason: string): Pick<Found, 'remedy' | 'setting'> {
  switch (networkCauseIn(reason)) {
    case 'plain-http':
      return {
        remedy:
          'Set plainHttp: true for it, with http:// in its endpoint if it has one, or have it speak TLS.',
        setting: 'registries[].plainHttp',
      };
    case 'untrusted':
      return {
        remedy: 'Name the file of its authority in caFile, or give it a certificate of one that is trusted.',
        setting: 'registries[].caFile',
      };
    case 'expired':
    case 'not-yet-valid':
      return { remedy: 'Renew its certificate, and see that the clock here is right.', setting: null };
    case 'other-name':
      return {
        remedy: 'Use a name that its certificate has, or give it a certificate for this one.',
        setting: 'registries[].endpoint',
      };
    case 'old-tls':
    case 'tls':
      return { remedy: 'Have it speak TLS 1.2 or later, without certificates of clients.', setting: null };
    default:
      return {
        remedy: 'See that it answers from here, and that its address is right.',
        setting: 'registries[].endpoint',
      };
  }
}

function unreadables({ registry, unreadable }: RegistryReport): Found[] {
  if (unreadable === null) return [];
  const { count, repository, reason, error } = unreadable;
  const others = count === 1 ? '' : `, and ${count - 1} more`;
  const found = { code: 'registry-unreadable', about: registry, docs: what };
  const cause = `The registry answers, but ${repository} cannot be read${others}: ${error}.`;
  if (reason === 'denied')
    return [
      {
        ...{ ...found, cause, setting: 'registries[].username' },
        remedy: 'Give it a username and password that may pull there, or correct those that it has.',
      },
    ];
  return [
    {
      ...{ ...found, cause, setting: 'registries[].endpoint' },
      remedy:
        'See whether the registry itself answers there, and not a proxy, a login page or another service.',
    },
  ];
}

function absences({ registry, absent }: RegistryReport): Found[] {
  if (absent === null) return [];
  const { count, repository } = absent;
  const which = count === 1 ? repository : `${repository} and ${count - 1} more`;
  return [
    {
      ...{ code: 'registry-lacks-watched', about: registry },
      cause: `The registry does not have what is watched there: ${which}.`,
      remedy: 'Correct the name or the tags, or give the registry credentials that may see it.',
      ...{ setting: 'watch', docs: what },
    },
  ];
}
