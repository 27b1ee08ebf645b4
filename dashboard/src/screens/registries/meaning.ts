/** What the state of a registry means, and what to do (PROTOCOL.md, section 12). */
export interface Meaning {
  readonly cause: string;
  readonly remedy: string;
}

const meanings: Readonly<Record<string, Meaning>> = {
  ok: { cause: 'The registry answers.', remedy: '' },
  throttled: {
    cause: 'The registry asked for fewer requests within the last ten minutes.',
    remedy:
      'Poll it less often (registries[].poll.interval), lower its budget (registries[].poll.requestsPerSecond), or give it credentials with a larger quota.',
  },
  failing: {
    cause: 'The registry failed at least twice in a row.',
    remedy:
      'See that it answers from the machine of the gateway, and that its address is right (registries[].endpoint). If it goes on failing, it is left alone for a while.',
  },
  'left-alone': {
    cause: 'The registry failed so often that nothing is asked for a while.',
    remedy:
      'See that it answers from the machine of the gateway, and that its address is right (registries[].endpoint). It is asked again by itself.',
  },
  probing: {
    cause: 'The registry failed, and is asked one question now to see whether it answers again.',
    remedy: 'Polling goes on by itself as soon as it does.',
  },
};

/** @param absence that the registry does not have all that is watched there, in the words of the gateway */
export function meaningOf({ state, absence }: { state: string; absence: Meaning | null }): Meaning {
  if (state === 'ok' && absence !== null) return absence;
  return meanings[state] ?? { cause: `The state is ${state}.`, remedy: '' };
}
