/** Words of a validator or parser that no error for people may contain. Our own `sha256:<64 hex>` is none: a colon stands before it. */
export const jargon =
  /\bexpected\b|\breceived\b|\binvalid (?:input|option|string|key|discriminator|element)\b|too (?:small|big)|(?<!:)[<>]=?\d|unrecognized|\bNaN\b|undefined|ZodError|\bnonoptional\b/i;
