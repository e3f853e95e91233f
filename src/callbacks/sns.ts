// Verifies Amazon SNS messages over HTTPS: SNS's signature, for a topic that the operator named. Pure but for the certificate.
// Invariant: nothing is fetched for an unknown topic, and nothing from other hosts than SNS's own. The libraries for
// this (sns-validator, sns-payload-validator) fetch by themselves, past the network gate: hence own code.
// Source: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
import { verify, type KeyObject } from 'node:crypto';
import { isRaw, type Proved, type Raw } from './bounce-events.ts';
import type { SnsPlace } from './sns-place.ts';

/** SNS retries for an hour at most (its limit for HTTPS), with the time of its first try. */
const snsMs = 2 * 3_600_000;

/** Signed members of each type, in this order; `Subject` only where there is one. */
const signedOf: Readonly<Record<string, readonly string[]>> = {
  Notification: ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'],
  SubscriptionConfirmation: [
    'Message',
    'MessageId',
    'SubscribeURL',
    'Timestamp',
    'Token',
    'TopicArn',
    'Type',
  ],
  UnsubscribeConfirmation: ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'],
};

/** Version 1 is the default of a topic, 2 is Amazon's advice. */
const algorithmOf: Readonly<Record<string, string>> = { '1': 'RSA-SHA1', '2': 'RSA-SHA256' };

const host = String.raw`https://sns\.[a-z]{2,4}(?:-[a-z]{2,16}){1,3}-\d{1,2}\.amazonaws\.com`;
const certificateAddress = new RegExp(`^${host}/SimpleNotificationService-[0-9A-Za-z]{1,64}\\.pem$`);
const anyAddress = new RegExp(`^${host}/\\?[!-~]{1,2000}$`);

/** @param topics ARNs of the operator's topics @param now epoch ms */
export async function isSignedBySns(
  message: unknown,
  topics: readonly string[],
  now: number,
  { certificate }: Pick<SnsPlace, 'certificate'>,
): Promise<Proved> {
  if (!isRaw(message)) return false;
  const { SigningCertURL: address, Signature: signature, Timestamp: time, TopicArn: topic } = message;
  if (!topics.some((named) => named.trim() === topic)) return false;
  if (typeof time !== 'string' || !(Math.abs(now - Date.parse(time)) <= snsMs)) return false;
  if (typeof signature !== 'string' || typeof address !== 'string' || !certificateAddress.test(address))
    return false;
  const signed = signedText(message);
  const algorithm = own(algorithmOf, message['SignatureVersion']);
  if (signed === undefined || algorithm === undefined) return false;
  const key = await certificate(address, now);
  if (key === 'later') return 'later';
  return key !== undefined && holds(algorithm, signed, key, signature);
}

function signedText(message: Raw): string | undefined {
  const names = own(signedOf, message['Type'])?.filter(
    (name) => name !== 'Subject' || Object.hasOwn(message, name),
  );
  const values = names?.map((name) => own(message, name));
  return names === undefined || values?.every((value) => typeof value === 'string') !== true
    ? undefined
    : names.map((name, place) => `${name}\n${String(values[place])}\n`).join('');
}

function own<Value>(of: Readonly<Record<string, Value>>, name: unknown): Value | undefined {
  return typeof name === 'string' && Object.hasOwn(of, name) ? of[name] : undefined;
}

function holds(algorithm: string, signed: string, key: KeyObject, signature: string): boolean {
  try {
    return verify(algorithm, Buffer.from(signed), key, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}

/** Address that confirms a subscription: SNS's own, and no other path of that host. */
export function subscriptionAddress(message: unknown): string | undefined {
  const address = isRaw(message) ? own(message, 'SubscribeURL') : undefined;
  return typeof address === 'string' && anyAddress.test(address) ? address : undefined;
}
