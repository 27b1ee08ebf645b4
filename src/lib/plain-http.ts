/** Codes of OpenSSL for an answer that is no TLS: the other side speaks HTTP without it. */
export const speaksPlainHttp = /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/;

/** The same for people; errors that are shown contain it. */
export const plainHttpText = 'it speaks HTTP without TLS';
