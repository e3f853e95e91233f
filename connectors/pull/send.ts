// What the client fetches, and why nothing is sent.
// Invariant: nobody is dialled; the content is the mapping's bytes, as they stand in the answer.
import type { Composed, Outcome, Parcel, SendContext, Tested } from '../contract.ts';
import { pullTargets, type PullSettings } from './settings.ts';

/** What stands in the answer for one delivery; the log keeps the digest of `content`. */
export function composePull(parcel: Parcel, settings: PullSettings): Composed {
  const [item] = parcel.items;
  return {
    content: parcel.body.bytes,
    target: `pull:${settings.fetchedBy.toLowerCase()}`,
    targetKeys: pullTargets(settings),
    head: [
      `POST /v1/pull/${parcel.destination} (by ${settings.fetchedBy.toLowerCase()})`,
      `key: ${item?.key ?? ''}`,
      `action: ${parcel.action}`,
    ],
  };
}

/** A worker that is asked to send gives it back: what is fetched leaves by `POST /v1/pull` alone. */
export function sendPull(settings: PullSettings, context: SendContext): Outcome {
  return refusal(settings, context) ?? { kind: 'unavailable', reason: 'FETCHED_ONLY', maybeReceived: false };
}

/** Whether it may be fetched; that somebody does, their key and their address, nobody can try for them. */
export function testPull(settings: PullSettings, context: SendContext): Tested {
  return { ...(refusal(settings, context) ?? { kind: 'accepted' }), tried: 'address' };
}

const refusal = (settings: PullSettings, { allowedTargets }: SendContext): Outcome | undefined =>
  pullTargets(settings).every((target) => allowedTargets.includes(target))
    ? undefined
    : { kind: 'unauthorized', reason: 'TARGET_NOT_ALLOWED' };
