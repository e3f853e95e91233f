// The Message-ID of a mail names its delivery: the key, and the run that a definite refusal opened. Pure.
// Invariant: a recipient sees it, so it proves nothing: only who has proved himself otherwise is believed about it.

export interface NamedMail {
  readonly key: string;
  /** As `idempotencyKey` counts it: 1 until a definite refusal opened a new run. */
  readonly keyRun: number;
}

/** `<KEY@domain>` or `<KEY.r2@domain>`, with or without its brackets. */
export function mailNamed(messageId: string): NamedMail | undefined {
  const [, key, run = '1'] =
    /^<?([0-9A-Za-z_-]{8,64}?)(?:\.r([1-9]\d{0,3}))?@[^\s<>@]{1,253}>?$/.exec(messageId.trim()) ?? [];
  return key === undefined ? undefined : { key, keyRun: Number(run) };
}
