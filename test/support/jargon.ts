/** Words of a validator or parser that no error for people may contain. */
export const jargon =
  /\bexpected\b|\breceived\b|\binvalid (?:input|option|string|key|discriminator|element)\b|too (?:small|big)|[<>]=?\d|unrecognized|\bNaN\b|undefined|ZodError|\bnonoptional\b/i;
