// Invents the consents of persons: every state, on several purposes and channels, with the proof the law requires.
// Invariant: follows the lead contract; a phone grant always names its legal entity and wording (C16b).
import type { DemoClient } from './clients.ts';
import type { Random } from './random.ts';

export interface ConsentEvent {
  readonly purpose: string;
  readonly channel: string;
  readonly state: 'granted' | 'refused' | 'not_asked' | 'withdrawn';
  readonly recordedAt: string;
  readonly wordingVersion?: string;
  readonly legalEntity?: string;
  readonly validUntil?: string;
  readonly source: string;
}

const dayMs = 86_400_000;

/** Answers to all of the client's questions, and to a few channels it does not ask about. */
export function inventConsents(
  random: Random,
  client: DemoClient,
  collectedAt: Date,
): readonly ConsentEvent[] {
  const asked = new Map(client.optIns.map((optIn) => [optIn.join('/'), optIn]));
  for (const channel of ['sms', 'post']) {
    if (random.oneIn(3)) asked.set(`marketing/${channel}`, ['marketing', channel]);
  }
  return [...asked.values()].flatMap(([purpose, channel]) =>
    inventAnswer(random, client, purpose, channel, collectedAt),
  );
}

function inventAnswer(
  random: Random,
  client: DemoClient,
  purpose: string,
  channel: string,
  collectedAt: Date,
): readonly ConsentEvent[] {
  const state = random.weighted([
    ['granted', 45],
    ['refused', 24],
    ['not_asked', 18],
    ['withdrawn', 13],
  ] as const);
  // A consent given more than a year ago: for the phone it counts as a refusal now.
  const agedMs = state === 'granted' && channel === 'phone' && random.oneIn(8) ? 400 * dayMs : 0;
  const base = {
    purpose,
    channel,
    source: random.pick(['form-7', 'form-12', 'agent-3', 'agent-4', 'agent-21']),
  };
  const proof = { wordingVersion: random.pick(['w3', 'w4', 'v2']), legalEntity: client.legalEntity };
  const at = (ms: number): string => new Date(collectedAt.getTime() + ms).toISOString();
  switch (state) {
    case 'granted': {
      const until = channel === 'phone' ? { validUntil: at(365 * dayMs - agedMs) } : {};
      return [{ ...base, ...proof, ...until, state, recordedAt: at(-agedMs) }];
    }
    case 'withdrawn':
      // A withdrawal revokes an earlier consent: both are recorded.
      return [
        { ...base, ...proof, state: 'granted', recordedAt: at(-90 * dayMs) },
        { ...base, state, recordedAt: at(0) },
      ];
    case 'refused':
      return [{ ...base, wordingVersion: proof.wordingVersion, state, recordedAt: at(0) }];
    case 'not_asked':
      return [{ ...base, state, recordedAt: at(0) }];
  }
}
