// A recipient with moods, that writes down everything it really received: the third ledger.
import type { HttpRecipient } from '../connectors/servers/http.ts';
import type { Random } from './random.ts';

export interface CrmRecord {
  readonly at: number;
  readonly method: string;
  readonly key: string;
  readonly reference: string;
  readonly optIn: string | undefined;
  /** What it did with it. */
  readonly answer: Mood;
}

export type Mood = 'yes' | 'reset' | 'late' | 'hang' | '500' | '429' | 'yes-and-die';

export interface Crm {
  readonly records: CrmRecord[];
  /** How often it misbehaves, 0 to 1. */
  trouble: number;
}

export function moody(recipient: HttpRecipient, random: Random): Crm {
  const crm: Crm = { records: [], trouble: 0 };
  const known = new Map<string, string>();
  recipient.answer = (request, response) => {
    const body = JSON.parse(request.body.toString() || '{}') as { ref?: string; OPTIN?: string };
    const key = String(request.headers['idempotency-key']);
    const mood: Mood =
      random.next() < crm.trouble
        ? random.pick(['reset', 'late', 'hang', '500', '429', 'yes-and-die'] as const)
        : 'yes';
    crm.records.push({
      at: Date.now(),
      method: request.method,
      key,
      reference: body.ref ?? decodeURIComponent(request.url.split('/').at(-1) ?? '').replace(/^CRM-/, ''),
      optIn: body.OPTIN,
      answer: mood,
    });
    const yes = (): void => {
      const before = known.get(key);
      const id = before ?? `CRM-${body.ref ?? request.url.split('/').at(-1)?.replace(/^CRM-/, '') ?? 'x'}`;
      known.set(key, id);
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ success: true, id }));
    };
    switch (mood) {
      case 'yes':
        return yes();
      case 'late':
        setTimeout(yes, random.between(50, 3_500));
        return;
      case 'reset':
        response.destroy();
        return;
      case 'yes-and-die':
        known.set(key, `CRM-${body.ref ?? 'x'}`);
        response.destroy();
        return;
      case 'hang':
        return;
      case '500':
        response.writeHead(500).end('boom');
        return;
      case '429':
        response.writeHead(429, { 'retry-after': '1' }).end();
        return;
    }
  };
  return crm;
}
