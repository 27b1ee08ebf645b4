/** Why a delivery was refused, in plain words, and what to do. By the gateway's code (PROTOCOL.md, section 7). */
export interface Refusal {
  readonly cause: string;
  readonly remedy: string;
}

const refusals: Readonly<Record<string, Refusal>> = {
  UNAUTHORIZED: {
    cause: 'The sender did not prove who it is: its token, signature or password is missing or wrong.',
    remedy:
      'Set the secret that the registry has for this URL to the one that the hook has in the setting webhooks, then send a test from the registry.',
  },
  ORIGIN_DENIED: {
    cause: 'The delivery came from a web page, or to a name that is not one of the gateway.',
    remedy: 'Add the name that the registry calls to the setting hosts.',
  },
  BODY_INVALID: {
    cause: 'The body is not what a hook of this kind gets.',
    remedy:
      'See that the kind of the hook is that of the registry, and that the registry sends the format that docs/webhooks.md names.',
  },
  BODY_TOO_LARGE: {
    cause: 'The body is larger than the hook takes.',
    remedy: 'Raise webhooks[].maxBytes, or have the registry send fewer events at once.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    cause: 'The Content-Type is not one that the hook takes.',
    remedy: 'Set the registry to send JSON (application/json).',
  },
  METHOD_NOT_ALLOWED: {
    cause: 'The request was no POST.',
    remedy: 'Set the registry to send its events by POST.',
  },
  NOT_FOUND: {
    cause: 'The URL names no hook.',
    remedy: 'Compare the URL that the registry has with the one above.',
  },
  REQUEST_TIMEOUT: {
    cause: 'The body did not arrive in time.',
    remedy: 'Look at the network and the proxies between the registry and the gateway.',
  },
  TOO_MANY_REQUESTS: {
    cause: 'Too many bodies were under way at once.',
    remedy: 'Registries send again by themselves. If it stays, look at who else sends to the gateway.',
  },
  UNAVAILABLE: {
    cause: 'The ledger did not store the changes.',
    remedy: 'The first screen says why. Registries send again by themselves.',
  },
};

/** @param code null: the delivery was accepted */
export function refusalOf(code: string): Refusal {
  return (
    refusals[code] ?? {
      cause: `The gateway refused it (${code}).`,
      remedy: 'The reason beside it says what was found, and what is needed.',
    }
  );
}

const results: Readonly<Record<string, string>> = {
  changed: 'Made changes',
  pending: 'Stored; a digest is looked up',
  unchanged: 'Known already',
  ignored: 'Nothing to store',
  refused: 'Refused',
  unauthorized: 'Not proven',
  unavailable: 'Not stored',
};

/** What became of a delivery (`result`), in words. */
export function resultText(result: string): string {
  return results[result] ?? result;
}
