// Reads the delivery or file that a Message-ID names: the key, and the run that a definite refusal opened. Pure.
// Invariant: recipients see the Message-ID, so it proves nothing: only an authenticated sender is believed about it.

export interface NamedMail {
  readonly key: string;
  /** As in `idempotencyKey`: 1 until a definite refusal opened a new run. */
  readonly keyRun: number;
}

/**
 * A file sent by mail: `<client.destination.42.TIME@domain>` (connectors/flow/mail/letter.ts), or the part before the @, which is
 * all that some providers return (connectors/mail/provider-headers.ts).
 */
export function fileNamed(
  messageId: string,
): { readonly clientId: string; readonly destinationId: string; readonly sequence: number } | undefined {
  const [, clientId = '', destinationId = '', sequence = ''] =
    /^<?([A-Za-z0-9_-]{1,60})\.([A-Za-z0-9_-]{1,60})\.([1-9]\d{0,9})\.[0-9a-z]{1,12}(?:@[^\s<>@]{1,253})?>?$/.exec(
      messageId.trim(),
    ) ?? [];
  return sequence === '' ? undefined : { clientId, destinationId, sequence: Number(sequence) };
}

/** `<KEY@domain>` or `<KEY.r2@domain>`, with or without brackets, or the part before the @. */
export function mailNamed(messageId: string): NamedMail | undefined {
  const [, key, run = '1'] =
    /^<?([0-9A-Za-z_-]{8,64}?)(?:\.r([1-9]\d{0,3}))?(?:@[^\s<>@]{1,253})?>?$/.exec(messageId.trim()) ?? [];
  return key === undefined ? undefined : { key, keyRun: Number(run) };
}
