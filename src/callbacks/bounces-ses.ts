// Reads bounces of Amazon SES, which arrive through SNS: a notification that SNS signed, on a topic that the operator named.
// Invariant: SES writes a Message-ID of its own; ours is read from the original headers, or not at all.
import type { ReportedBounce } from '../delivery/background/provider-bounces.ts';
import { at, bounceOf, codeOf, eventsOf, isRaw, textAt, type Provider } from './bounce-events.ts';
import { parsed } from './sound-text.ts';
import { isSignedBySns, subscriptionAddress } from './sns.ts';

export const ses: Provider = {
  secret: 'BOUNCES_SES',
  isProved: ({ body }, topics, now, sns) => isSignedBySns(parsed(body), topics, now, sns),
  asks: (body) => {
    const type = textAt(body, 'Type');
    if (type === 'UnsubscribeConfirmation') return { kind: 'ended' };
    const visit = type === 'SubscriptionConfirmation' ? subscriptionAddress(body) : undefined;
    return visit === undefined ? undefined : { kind: 'begin', visit };
  },
  read: (body) => {
    const message = at(body, 'Message');
    if (textAt(body, 'Type') !== 'Notification' || typeof message !== 'string') return undefined;
    const event = parsed(message);
    // The test message of SES for a topic is a sentence, no object.
    if (!isRaw(event)) return [];
    const isBounce = [textAt(event, 'notificationType'), textAt(event, 'eventType')].includes('Bounce');
    return isBounce ? bouncesOf(event) : [];
  },
};

function bouncesOf(event: unknown): readonly ReportedBounce[] | undefined {
  const mail = at(event, 'mail');
  const bounce = at(event, 'bounce');
  const recipients = at(bounce, 'bouncedRecipients');
  const messageId = textAt(mail, 'commonHeaders', 'messageId') || headerOf(at(mail, 'headers'));
  const sort = ['bounceType', 'bounceSubType'].map((name) => textAt(bounce, name)).join('_');
  return (Array.isArray(recipients) ? eventsOf(recipients) : undefined)?.flatMap((recipient) => {
    // "Out of office" arrives like this, without a failed delivery report; SES has retried other transient failures until it gave up.
    if (sort === 'Transient_General' && textAt(recipient, 'action') !== 'failed') return [];
    const said = ['status', 'diagnosticCode'].map((name) => textAt(recipient, name));
    return [bounceOf(messageId, textAt(recipient, 'emailAddress'), codeOf(said, sort))];
  });
}

/** The Message-ID among the original headers, `[{ name, value }]`. */
function headerOf(headers: unknown): string {
  const found = Array.isArray(headers)
    ? (headers as readonly unknown[]).find((header) => textAt(header, 'name').toLowerCase() === 'message-id')
    : undefined;
  return textAt(found, 'value');
}
