/** Words of a validator, and of a parser, that no person should have to read. */
export const jargon =
  /\bexpected\b|\breceived\b|\binvalid (?:input|option|string|key|discriminator|element)\b|too (?:small|big)|[<>]=?\d|unrecognized|\bNaN\b|undefined|ZodError|\bnonoptional\b/i;
