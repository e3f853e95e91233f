// Composes the content that a client fetches, and refuses to send it.
// Invariant: no connection is opened; the content is the mapping's bytes, exactly as in the answer.
import type { Composed, Outcome, Parcel, SendContext, Tested } from '../contract.ts';
import { pullSettings, type PullSettings } from './settings.ts';

/** The content of the answer for one delivery; the log keeps the digest of `content`. */
export function composePull(parcel: Parcel, settings: PullSettings): Composed {
  const [item] = parcel.items;
  return {
    content: parcel.body.bytes,
    target: `pull:${settings.fetchedBy.toLowerCase()}`,
    targetKeys: pullSettings.targets(settings),
    head: [
      `POST /v1/pull/${parcel.destination} (by ${settings.fetchedBy.toLowerCase()})`,
      `key: ${item?.key ?? ''}`,
      `action: ${parcel.action}`,
    ],
  };
}

/** A worker that tries to send it returns it: a fetched delivery is handed over by `POST /v1/pull` alone. */
export function sendPull(settings: PullSettings, context: SendContext): Outcome {
  return refusal(settings, context) ?? { kind: 'unavailable', reason: 'FETCHED_ONLY', maybeReceived: false };
}

/** Tests if it may be fetched; the client's key and address cannot be tested from here. */
export function testPull(settings: PullSettings, context: SendContext): Tested {
  return { ...(refusal(settings, context) ?? { kind: 'accepted' }), tried: 'address' };
}

const refusal = (settings: PullSettings, { allowedTargets }: SendContext): Outcome | undefined =>
  pullSettings.targets(settings).every((target) => allowedTargets.includes(target))
    ? undefined
    : { kind: 'unauthorized', reason: 'TARGET_NOT_ALLOWED' };
